"""What every node must say of itself."""

import inspect
import json
import re

import pytest

from app.graph import catalog
from app.graph.spec import Input, NodeSpec
from app.graph.widgets import Number, Slider

CATALOG = catalog.find()
TECHNIQUES = {"attention", "caching", "guidance", "samplers", "tokens"}
NODES = list(CATALOG)


def test_no_file_failed_and_there_are_nodes() -> None:
    assert CATALOG.failed == () and len(NODES) > 15


@pytest.mark.parametrize("spec", NODES, ids=lambda spec: spec.id)
def test_a_node_says_what_it_does_and_where_it_comes_from(spec: NodeSpec) -> None:
    assert re.fullmatch(r"[A-Z].{10,}[.]", spec.description), spec.description
    if spec.category.split("/")[0] in TECHNIQUES:
        assert spec.references, f"{spec.id}: name a source as 'Reference: ...' in the module docstring"


@pytest.mark.parametrize("spec", NODES, ids=lambda spec: spec.id)
def test_its_schema_survives_json(spec: NodeSpec) -> None:
    data = json.loads(json.dumps(spec.to_json()))
    assert NodeSpec.from_json(data).to_json() == spec.to_json()


@pytest.mark.parametrize("spec", NODES, ids=lambda spec: spec.id)
def test_defaults_are_those_of_the_function(spec: NodeSpec) -> None:
    assert spec.function is not None
    parameters = inspect.signature(spec.function).parameters
    assert all(entry.default == parameters[entry.name].default for entry in spec.inputs)


@pytest.mark.parametrize("spec", NODES, ids=lambda spec: spec.id)
def test_an_input_is_explained_and_its_default_allowed(spec: NodeSpec) -> None:
    for entry in spec.inputs:
        assert re.match(r"[A-Z0-9\"]", entry.help) and entry.help.endswith("."), (entry.name, entry.help)
        if not entry.required and entry.default is not None:
            assert is_allowed(entry), entry


def is_allowed(entry: Input) -> bool:
    """Whether the default of an input is one of its choices and within its range."""
    if entry.choices and entry.default not in entry.choices:
        return False
    if not isinstance(entry.widget, Slider | Number):
        return True
    low, high = entry.widget.min, entry.widget.max
    return (low is None or entry.default >= low) and (high is None or entry.default <= high)

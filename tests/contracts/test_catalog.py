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
INPUTS = [pytest.param(entry, id=f"{spec.id}.{entry.name}") for spec in NODES for entry in spec.inputs]


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


@pytest.mark.parametrize("entry", INPUTS)
def test_an_input_is_explained_and_its_default_allowed(entry: Input) -> None:
    assert re.match(r"[A-Z0-9\"]", entry.help) and entry.help.endswith("."), entry.help
    if entry.required or entry.default is None:
        return
    if entry.choices:
        assert entry.default in entry.choices
    if isinstance(entry.widget, Slider):
        assert entry.widget.min <= entry.default <= entry.widget.max
    if isinstance(entry.widget, Number):
        assert entry.widget.min is None or entry.default >= entry.widget.min
        assert entry.widget.max is None or entry.default <= entry.widget.max

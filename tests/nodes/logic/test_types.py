"""Nodes that hand values on keep their types, so that wrong edges are found before a run."""

import pytest

from app.graph import catalog
from app.graph.catalog import Catalog
from app.graph.check import check
from app.graph.problem import Problem
from nodes.logic import collect_list, pick_from_list, repeat_end, repeat_start, switch
from tests.documents import workflow

LOGIC = [
    catalog.spec_in(module) for module in (collect_list, pick_from_list, repeat_end, repeat_start, switch)
]
NODES = Catalog({**catalog.find(("tests.plain.nodes",)).specs, **{spec.id: spec for spec in LOGIC}})
NODES = Catalog.from_json(NODES.to_json())  # as the server knows it


def codes(nodes: dict[str, object], *edges: str) -> list[tuple[str, str | None]]:
    found: list[Problem] = check(workflow(nodes, *edges), NODES)
    return [(problem.code, problem.node) for problem in found]


@pytest.mark.parametrize(("source", "expected"), [("n.int", []), ("m.model", [("wrong_type", "a")])])
def test_through_a_switch_a_list_and_a_loop(source: str, expected: list[tuple[str, str]]) -> None:
    nodes = {"n": "number", "m": "build", "w": "switch", "c": "collect_list", "p": "pick_from_list",
             "start": "repeat_start", "end": "repeat_end", "a": "add", "s": "show"}  # fmt: skip
    edges = (f"{source} > w.on_true", f"{source} > w.on_false", "w.any > c.values", "c.any > p.values",
             "p.any > start.value", "start.loop > end.loop", "start.value > end.value", "end.values > a.a",
             "a.int > s.value")  # fmt: skip
    found = [entry for entry in codes(nodes, *edges) if entry[0] == "wrong_type"]
    assert found == expected


def test_branches_of_two_types_stay_open() -> None:
    nodes = {"n": "number", "m": "build", "w": "switch", "a": "add", "s": "show"}
    assert codes(nodes, "n.int > w.on_true", "m.model > w.on_false", "w.any > a.a", "a.int > s.value") == []


def test_techniques_meet_behind_a_switch() -> None:
    nodes = {"m": "build", "one": "trick", "w": "switch", "two": "trick", "u": "use"}
    edges = ("m.model > one.model", "one.model > w.on_true", "m.model > w.on_false", "w.any > two.model",
             "two.model > u.model")  # fmt: skip
    assert codes(nodes, *edges) == [("conflict", "two")]

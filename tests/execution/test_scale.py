"""Cost is linear in the nodes that run, however they come about; depth has no limit. Work is counted."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.execution.cache import ResultCache
from app.execution.executor import Executor
from app.execution.files import Folders
from app.graph import catalog
from app.graph.catalog import Catalog
from app.graph.check import check
from app.graph.workflow import Workflow
from nodes.logic import compare, repeat_end, repeat_start, repeat_while
from tests.documents import nested, workflow
from tests.execution.runs import PLAIN, ended, is_linear, run, saved
from tests.plain.nodes.plain import token

LOGIC = [catalog.spec_in(module) for module in (compare, repeat_end, repeat_start, repeat_while)]
NODES = Catalog({**PLAIN.specs, **{spec.id: spec for spec in LOGIC}})


@pytest.fixture
def executor(folders: Folders) -> Executor:
    return Executor(NODES, ResultCache(10**8), folders)


def chain(size: int) -> Workflow:
    nodes = {"0": "number"} | {str(n): ("add", {"b": 1}) for n in range(1, size)} | {"s": "show"}
    return workflow(nodes, *(f"{n}.int > {n + 1}.a" for n in range(size - 1)), f"{size - 1}.int > s.value")


def fan(size: int) -> Workflow:
    nodes = {"n": "number"} | {f"a{n}": ("add", {"b": n}) for n in range(size)} | {"t": "total", "s": "show"}
    edges = [edge for n in range(size) for edge in (f"n.int > a{n}.a", f"a{n}.int > t.values")]
    return workflow(nodes, *edges, "t.int > s.value")


def instances(size: int) -> Workflow:
    """A chain of instances that each hold five nodes, two of them in an instance inside."""
    pair = (
        {"a": ("add", {"b": 1}), "b": ("add", {"b": 1})},
        ("a.int > b.a",),
        {"x:int": ["a.a"]},
        {"y:int": "b.int"},
    )
    five = (
        {"p": "graph:pair", "q": "graph:pair", "c": ("add", {"b": 1})},
        ("p.y > q.x", "q.y > c.a"),
        {"x:int": ["p.x"]},
        {"y:int": "c.int"},
    )
    nodes = {"n": "number"} | {f"i{n}": "graph:five" for n in range(size)} | {"s": "show"}
    edges = ["n.int > i0.x", *(f"i{n}.y > i{n + 1}.x" for n in range(size - 1)), f"i{size - 1}.y > s.value"]
    return nested({"main": (nodes, edges), "five": five, "pair": pair})


def bypassed(size: int) -> Workflow:
    """Nodes that all get their value through one long chain of bypassed ones."""
    nodes: dict[str, Any] = {"n": "number", "s": "show", "t": "total"}
    nodes |= {f"b{n}": {"type": "add", "mode": "bypass"} for n in range(size)}
    nodes |= {f"u{n}": ("add", {"b": n}) for n in range(size)}
    edges = ["n.int > b0.a", *(f"b{n}.int > b{n + 1}.a" for n in range(size - 1))]
    edges += [edge for n in range(size) for edge in (f"b{size - 1}.int > u{n}.a", f"u{n}.int > t.values")]
    return workflow(nodes, *edges, "t.int > s.value")


def rounds(size: int) -> Workflow:
    nodes = {"n": ("number", {"value": 0}), "start": "repeat_start", "a": ("add", {"b": 1}), "s": "show"}
    edges = ("n.int > start.value", "start.loop > end.loop", "start.value > a.a", "a.int > end.value")
    return workflow(nodes | {"end": ("repeat_end", {"count": size})}, *edges, "end.value > s.value")


def rounds_in_rounds(size: int) -> Workflow:
    """An inner loop of three rounds with a side effect, in many outer rounds."""
    nodes = {
        "n": ("number", {"value": 0}),
        "os": "repeat_start",
        "is": "repeat_start",
        "a": ("add", {"b": 1}),
        "look": "show",
        "ie": ("repeat_end", {"count": 3}),
        "oe": ("repeat_end", {"count": size}),
    }
    edges = (
        "n.int > os.value",
        "os.loop > oe.loop",
        "os.value > is.value",
        "is.loop > ie.loop",
        "is.value > a.a",
    )
    return workflow(nodes, *edges, "a.int > look.value", "a.int > ie.value", "ie.value > oe.value")


def rounds_until(size: int) -> Workflow:
    nodes = {
        "n": ("number", {"value": 0}),
        "start": "repeat_start",
        "a": ("add", {"b": 1}),
        "less": ("compare", {"b": float(size)}),
        "end": ("repeat_while", {"most": 10_000}),
        "s": "show",
    }
    edges = ("n.int > start.value", "start.loop > end.loop", "start.value > a.a", "a.int > less.a")
    return workflow(nodes, *edges, "less.bool > end.again", "a.int > end.value", "end.value > s.value")


def nests(size: int) -> Workflow:
    nodes = {"g": ("grow", {"value": 1, "way": "nested", "length": size}), "s": "show"}
    return workflow(nodes, "g.int > s.value")


Make = Callable[[int], Workflow]


@pytest.mark.parametrize(
    "make", [chain, fan, instances, bypassed, rounds, rounds_until, rounds_in_rounds, nests]
)
def test_cost_is_linear(make: Make, tmp_path: Path) -> None:
    def work(size: int) -> Callable[[], object]:
        root = tmp_path / str(size)
        folders = Folders(root / "output", root / "temp", root / "input", {})
        executor, document = Executor(NODES, ResultCache(10**8), folders), make(size)
        return lambda: run(executor, document)

    assert is_linear(work, 25)


@pytest.mark.parametrize(
    ("make", "size", "result"),
    [(instances, 2000, 1 + 5 * 2000), (rounds, 2000, 2000), (rounds_until, 500, 500)],
)
def test_ten_thousand_nodes_and_thousands_of_rounds(
    executor: Executor, folders: Folders, make: Make, size: int, result: int
) -> None:
    assert check(make(size), NODES) == []
    assert ended(run(executor, make(size))) == "done" and saved(folders) == [str(result)]


def test_results_leave_memory_when_nobody_needs_them_any_more(folders: Folders) -> None:
    executor = Executor(NODES, ResultCache(0), folders)
    nodes = {str(n): ("token", {"number": n}) for n in range(50)}
    run(executor, workflow(nodes, *(f"{n}.token > {n + 1}.before" for n in range(49))), ["49"])
    assert 2 <= token.PEAK[0] <= 4


def test_a_result_that_is_needed_again_is_made_again(folders: Folders) -> None:
    """The expansion of g reads n long after everybody else was done with it."""
    executor = Executor(NODES, ResultCache(0), folders)
    nodes = {"n": "number", "g": "reach_back", "s": "show"}
    assert ended(run(executor, workflow(nodes, "n.int > g.value", "g.int > s.value"))) == "done"
    assert saved(folders) == ["2"]

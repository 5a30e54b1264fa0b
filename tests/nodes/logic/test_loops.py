"""Loops run in the real executor, with the plain nodes of the tests as their bodies."""

from typing import Any

import pytest

from app.execution.executor import Executor
from app.execution.files import Folders
from app.graph import catalog
from app.graph.catalog import Catalog
from app.graph.check import check
from app.graph.workflow import Workflow
from nodes.logic import compare, join_text, repeat_end, repeat_start, repeat_while
from tests.documents import nested, workflow
from tests.execution.runs import ended, finished, problem, run, saved, started

LOGIC = [catalog.spec_in(module) for module in (compare, join_text, repeat_end, repeat_start, repeat_while)]
NODES = Catalog({**catalog.find(("tests.plain.nodes",)).specs, **{entry.id: entry for entry in LOGIC}})


def doubling(count: int, **more: Any) -> Workflow:
    """Start with 1 and add the value to itself in each round."""
    nodes = {
        "n": "number",
        "start": "repeat_start",
        "a": "add",
        "end": ("repeat_end", {"count": count}),
        "s": "show",
    }
    edges = (
        "n.int > start.value",
        "start.loop > end.loop",
        "start.value > a.a",
        "start.value > a.b",
        "a.int > end.value",
        "end.value > s.value",
    )
    return workflow(nodes | more, *edges)


@pytest.mark.parametrize(("count", "result"), [(0, "1"), (1, "2"), (2, "4"), (10, "1024")])
def test_each_round_starts_from_the_last_ones_value(
    executor: Executor, folders: Folders, count: int, result: str
) -> None:
    assert check(doubling(count), NODES) == []
    told = run(executor, doubling(count))
    assert ended(told) == "done" and saved(folders) == [result]
    assert len([id for id in started(told) if id.endswith("a")]) == count


def test_more_rounds_take_up_the_results_of_the_fewer(executor: Executor) -> None:
    run(executor, doubling(5))
    told = finished(run(executor, doubling(7)))
    assert [id for id, cached in told.items() if id.endswith("/a") and not cached] == ["end#5/a", "end#6/a"]


def test_index_and_all_values(executor: Executor, folders: Folders) -> None:
    nodes = {
        "start": ("repeat_start", {"first_round": 10}),
        "a": ("add", {"b": 0}),
        "end": ("repeat_end", {"count": 4}),
        "t": "total",
        "s": "show",
        "last": ("show", {"text": "last"}),
    }
    edges = (
        "start.loop > end.loop",
        "start.round > a.a",
        "a.int > end.value",
        "end.values > t.values",
        "t.int > s.value",
        "end.value > last.value",
    )
    run(executor, workflow(nodes, *edges))
    assert sorted(saved(folders)) == ["13 last", str(10 + 11 + 12 + 13)]


def test_three_values_go_round(executor: Executor, folders: Folders) -> None:
    """Fibonacci: (value, second) becomes (second, value + second); third stays as it was."""
    nodes = {
        "n": "number",
        "m": "number",
        "k": ("number", {"value": 100}),
        "start": "repeat_start",
        "a": "add",
        "end": ("repeat_end", {"count": 9}),
        "t": "total",
        "s": "show",
    }
    edges = (
        "n.int > start.value",
        "m.int > start.second",
        "k.int > start.third",
        "start.loop > end.loop",
        "start.value > a.a",
        "start.second > a.b",
        "start.second > end.value",
        "a.int > end.second",
        "end.value > t.values",
        "end.third > t.values",
        "t.int > s.value",
    )
    told = run(executor, workflow(nodes, *edges))
    assert ended(told) == "done" and saved(folders) == [str(55 + 100)]


def test_a_loop_in_a_loop(executor: Executor, folders: Folders) -> None:
    """Three times: add 1 four times, then double."""
    nodes = {
        "n": "number",
        "os": "repeat_start",
        "is": "repeat_start",
        "one": ("add", {"b": 1}),
        "ie": ("repeat_end", {"count": 4}),
        "double": "add",
        "oe": ("repeat_end", {"count": 3}),
        "s": "show",
    }
    edges = (
        "n.int > os.value",
        "os.loop > oe.loop",
        "os.value > is.value",
        "is.loop > ie.loop",
        "is.value > one.a",
        "one.int > ie.value",
        "ie.value > double.a",
        "ie.value > double.b",
        "double.int > oe.value",
        "oe.value > s.value",
    )
    told = run(executor, workflow(nodes, *edges))
    value = 1
    for _ in range(3):
        value = 2 * (value + 4)
    assert ended(told) == "done" and saved(folders) == [str(value)]
    assert len([id for id in started(told) if id.rpartition("/")[2] == "one"]) == 12
    assert "oe#2/ie#3/one" in started(told)


def test_a_node_with_a_side_effect_runs_in_every_round(executor: Executor, folders: Folders) -> None:
    nodes = {
        "n": "number",
        "os": "repeat_start",
        "is": "repeat_start",
        "a": "add",
        "look": "show",
        "ie": ("repeat_end", {"count": 3}),
        "oe": ("repeat_end", {"count": 2}),
        "s": ("show", {"text": "end"}),
    }
    edges = (
        "n.int > os.value",
        "os.loop > oe.loop",
        "os.value > is.value",
        "is.loop > ie.loop",
        "is.value > a.a",
        "is.value > a.b",
        "a.int > look.value",
        "a.int > ie.value",
        "ie.value > oe.value",
        "oe.value > s.value",
    )
    told = run(executor, workflow(nodes, *edges))
    assert ended(told) == "done" and sorted(saved(folders)) == sorted(
        ["2", "4", "8", "16", "32", "64", "64 end"]
    )


def test_what_comes_after_the_loop_is_not_in_it(executor: Executor, folders: Folders) -> None:
    nodes = {
        "n": "number",
        "start": "repeat_start",
        "a": "add",
        "end": ("repeat_end", {"count": 3}),
        "t": "total",
        "s": "show",
    }
    edges = (
        "n.int > start.value",
        "start.loop > end.loop",
        "start.value > a.a",
        "start.value > a.b",
        "a.int > end.value",
        "end.value > t.values",
        "start.round > t.values",
        "t.int > s.value",
    )
    run(executor, workflow(nodes, *edges))
    assert saved(folders) == ["8"]


def test_lists_go_round_as_a_whole(executor: Executor, folders: Folders) -> None:
    nodes = {
        "l": ("spread", {"count": 3}),
        "start": "repeat_start",
        "a": "add",
        "end": ("repeat_end", {"count": 3}),
        "s": "show",
    }
    edges = (
        "l.int > start.value",
        "start.loop > end.loop",
        "start.value > a.a",
        "start.value > a.b",
        "a.int > end.value",
        "end.value > s.value",
    )
    run(executor, workflow(nodes, *edges))
    assert saved(folders) == ["8", "16", "24"]


def test_a_failure_names_the_drawn_node(executor: Executor) -> None:
    nodes = {"start": "repeat_start", "f": "fail", "end": "repeat_end", "s": "show"}
    edges = ("start.loop > end.loop", "start.round > f.value", "f.int > end.value", "end.value > s.value")
    assert problem(run(executor, workflow(nodes, *edges)))["node"] == "f"


def test_a_value_that_nothing_feeds_is_refused(executor: Executor) -> None:
    nodes = {"start": "repeat_start", "a": "add", "end": "repeat_end", "s": "show"}
    edges = ("start.loop > end.loop", "start.value > a.a", "a.int > end.value", "end.value > s.value")
    found = problem(run(executor, workflow(nodes, *edges)))
    assert (
        found["message"] == "s: the loop takes value from its start, but nothing is connected to value there."
    )


def test_a_loop_around_and_inside_an_instance(executor: Executor, folders: Folders) -> None:
    inner = (
        {"is": "repeat_start", "a": ("add", {"b": 1}), "ie": ("repeat_end", {"count": 2})},
        ("is.loop > ie.loop", "is.value > a.a", "a.int > ie.value"),
        {"x:int": ["is.value"]},
        {"y:int": "ie.value"},
    )
    nodes = {"n": "number", "os": "repeat_start", "i": "graph:twice", "oe": "repeat_end", "s": "show"}
    edges = (
        "n.int > os.value",
        "os.loop > oe.loop",
        "os.value > i.x",
        "i.y > oe.value",
        "oe.value > s.value",
    )
    told = run(executor, nested({"main": (nodes, edges), "twice": inner}))
    assert ended(told) == "done" and saved(folders) == ["7"]
    assert "oe#2/i/ie#1/a" in started(told)


def test_a_loop_whose_result_nobody_takes_runs_all_its_rounds(executor: Executor, folders: Folders) -> None:
    nodes = {"start": "repeat_start", "look": "show", "end": "repeat_end"}
    run(executor, workflow(nodes, "start.loop > end.loop", "start.round > look.value"))
    assert sorted(saved(folders)) == ["0", "1", "2"]


def test_without_keep_all_no_round_is_kept(executor: Executor, folders: Folders) -> None:
    nodes = {"start": "repeat_start", "a": "add", "end": ("repeat_end", {"keep_all": False}), "s": "show"}
    edges = ("start.loop > end.loop", "start.round > a.a", "a.int > end.value")
    assert ended(run(executor, workflow(nodes, *edges, "end.value > s.value"))) == "done"
    assert saved(folders) == ["2"]
    found = problem(run(executor, workflow(nodes, *edges, "end.values > s.value")))
    assert found["node"] == "s" and "keep_all" in found["message"]

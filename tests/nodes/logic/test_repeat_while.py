"""Loops that go on while a condition holds."""

import pytest

from app.execution.executor import Executor
from app.execution.files import Folders
from app.graph import catalog
from app.graph.catalog import Catalog
from app.graph.workflow import Workflow
from nodes.logic import compare, join_text, repeat_end, repeat_start, repeat_while
from tests.documents import workflow
from tests.execution.runs import ended, run, saved

LOGIC = [catalog.spec_in(module) for module in (compare, join_text, repeat_end, repeat_start, repeat_while)]
NODES = Catalog({**catalog.find(("tests.plain.nodes",)).specs, **{entry.id: entry for entry in LOGIC}})


def counting(limit: float, most: int = 100) -> Workflow:
    nodes = {
        "n": "number",
        "start": "repeat_start",
        "a": "add",
        "less": ("compare", {"b": limit}),
        "end": ("repeat_while", {"most": most}),
        "s": "show",
    }
    edges = (
        "n.int > start.value",
        "start.loop > end.loop",
        "start.value > a.a",
        "start.value > a.b",
        "a.int > less.a",
        "less.bool > end.again",
        "a.int > end.value",
        "end.value > s.value",
    )
    return workflow(nodes, *edges)


@pytest.mark.parametrize(("limit", "most", "result"), [(1, 100, "2"), (100, 100, "128"), (100, 3, "8")])
def test_repeat_while(executor: Executor, folders: Folders, limit: float, most: int, result: str) -> None:
    told = run(executor, counting(limit, most))
    assert ended(told) == "done" and saved(folders) == [result]


def test_a_while_in_a_while(executor: Executor, folders: Folders) -> None:
    """Double until 10 is passed, add 1000 if needed until 15 is passed: nested ends keep apart."""
    nodes = {
        "n": "number",
        "os": "repeat_start",
        "is": "repeat_start",
        "a": "add",
        "less": ("compare", {"b": 10.0}),
        "ie": ("repeat_while", {"most": 50}),
        "few": ("compare", {"b": 50.0}),
        "oe": "repeat_while",
        "s": "show",
    }
    edges = (
        "n.int > os.value",
        "os.loop > oe.loop",
        "os.value > is.value",
        "is.loop > ie.loop",
        "is.value > a.a",
        "is.value > a.b",
        "a.int > less.a",
        "less.bool > ie.again",
        "a.int > ie.value",
        "ie.value > few.a",
        "few.bool > oe.again",
        "ie.value > oe.value",
        "oe.value > s.value",
    )
    told = run(executor, workflow(nodes, *edges))
    assert ended(told) == "done" and saved(folders) == ["64"], "1 2 4 8 16 | 32 | 64"

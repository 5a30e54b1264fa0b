"""When memory really runs out: what nobody needs is forgotten and the node runs again; else it says so."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.execution.cache import ResultCache
from app.execution.events import NodeReported
from app.execution.executor import Executor
from app.graph.workflow import Workflow, read
from tests.documents import document
from tests.execution.runs import ended, finished, problem, run, started

BIG, ROOM = 300, 450  # MiB; one fits, two do not


@contextmanager
def limited(more: int) -> Iterator[None]:
    """Let this process have so many MiB more of memory, and not one beyond."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + more * 2**20
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.fixture
def roomy(executor: Executor) -> Executor:
    return replace(executor, cache=ResultCache(2**40))


def filling(mark: int, megabytes: int = BIG) -> Workflow:
    nodes: dict[str, Any] = {
        "fill": ("fill", {"megabytes": megabytes, "mark": mark}),
        "measure": ("measure_filled", {}),
    }
    return read(document(nodes, "fill.filled > measure.filled"))


def test_room_is_made_and_the_node_runs_again(roomy: Executor) -> None:
    with limited(ROOM):
        run(roomy, filling(1))
        told = run(roomy, filling(2))
        assert ended(told) == "done" and started(told).count("fill") == 1
        (note,) = [event.report for event in told if isinstance(event, NodeReported)]
        assert note["tightened"] == ["forgetting other results"] and "Memory ran out" in note["note"]
        assert finished(run(roomy, filling(2))) == {"measure": True}, "what was made is kept"
        assert roomy.cache.used < 2 * BIG * 2**20, "the older result had to go"


def test_a_node_that_asks_for_too_much_says_so(roomy: Executor) -> None:
    told = run(roomy, filling(1, megabytes=2**33))
    said = problem(told)
    assert (ended(told), said["code"], said["node"]) == ("failed", "out_of_memory", "fill")
    assert "memory ran out twice" in said["message"] and "smaller" in said["remedy"]
    assert ended(run(roomy, filling(2, megabytes=1))) == "done", "the next run is not harmed"


def test_results_give_way_oldest_first_and_needed_ones_stay(roomy: Executor) -> None:
    for mark in range(3):
        run(roomy, filling(mark, megabytes=1))
    oldest = next(iter(roomy.cache._results))
    assert roomy.cache.give_way(2**20, {oldest}) == 2**20
    assert finished(run(roomy, filling(2, megabytes=1))) == {"measure": True}
    assert oldest in roomy.cache._results

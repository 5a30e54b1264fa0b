import threading
from collections.abc import Iterator

import pytest

from app.execution.cache import ResultCache
from app.execution.context import Caller
from app.execution.events import Event, JobFinished
from app.execution.executor import Executor
from app.execution.files import Folders
from app.graph.check import check
from tests.documents import workflow
from tests.execution.runs import PLAIN, ended, problem, run, saved
from tests.plain.nodes.plain import hang


@pytest.fixture
def released() -> Iterator[threading.Event]:
    hang.RELEASE.clear()
    yield hang.RELEASE
    hang.RELEASE.set()


@pytest.fixture
def impatient(folders: Folders) -> Executor:
    return Executor(PLAIN, ResultCache(10_000), folders, grace=0.02)


def test_a_silent_node_over_its_limit_is_told_to_the_caller(
    impatient: Executor, released: threading.Event
) -> None:
    ends: list[JobFinished] = []

    def stuck(end: JobFinished) -> None:
        ends.append(end)
        released.set()

    told: list[Event] = []
    document = workflow({"h": "hang", "s": "show"}, "h.int > s.value")
    end = impatient.run(document, Caller(told.append, stuck=stuck))
    assert end.problem == ends[0].problem and end.problem
    assert (end.problem["code"], end.problem["node"]) == ("time_limit", "h")
    assert "0.02 s" in end.problem["message"]


def test_a_node_that_speaks_stops_by_itself(impatient: Executor, released: threading.Event) -> None:
    nodes = {"w": {"type": "wait", "values": {"steps": 1000, "pause": 0.01}, "time_limit": 0.03}, "s": "show"}
    found = problem(run(impatient, workflow(nodes, "w.int > s.value")))
    assert (found["code"], found["node"]) == ("time_limit", "w")


def test_the_documents_limit_goes_before_the_authors(
    executor: Executor, folders: Folders, released: threading.Event
) -> None:
    released.set()
    nodes = {"h": {"type": "hang", "values": {"value": 3}, "time_limit": 60}, "s": "show"}
    assert ended(run(executor, workflow(nodes, "h.int > s.value"))) == "done" and saved(folders) == ["3"]


@pytest.mark.parametrize("limit", [0, -1, "soon", True, 10**9])
def test_a_bad_limit(limit: object) -> None:
    nodes = {"n": {"type": "number", "time_limit": limit}, "s": "show"}
    (found,) = check(workflow(nodes, "n.int > s.value"), PLAIN)
    assert (found.code, found.node) == ("bad_time_limit", "n")


def test_the_limit_is_kept_in_the_document() -> None:
    document = workflow({"n": {"type": "number", "time_limit": 5}})
    assert document.to_json()["graphs"]["main"]["nodes"]["n"]["time_limit"] == 5

import pytest

from app.execution.events import AssetAdded, NodeFinished, NodeStarted
from app.execution.executor import Executor
from app.execution.files import Folders
from app.graph.workflow import Workflow
from tests.documents import workflow
from tests.execution.runs import ended, finished, problem, run, saved, started


def growing(way: str, value: int = 5, length: int = 2) -> Workflow:
    nodes = {"n": ("number", {"value": value}), "g": ("grow", {"way": way, "length": length}), "s": "show"}
    return workflow(nodes, "n.int > g.value", "g.int > s.value")


def test_new_nodes_run_and_their_result_is_the_nodes(executor: Executor, folders: Folders) -> None:
    told = run(executor, growing("chain", length=3))
    assert saved(folders) == ["8"]
    assert started(told) == ["n", "g", "g.0.0", "g.0.1", "g.0.2", "s"]
    assert {event.node for event in told if isinstance(event, NodeStarted | NodeFinished)} == {"n", "g", "s"}


def test_results_of_new_nodes_are_used_again(executor: Executor) -> None:
    run(executor, growing("chain", length=3))
    assert finished(run(executor, growing("chain", length=3))) == {"s": True}
    longer = finished(run(executor, growing("chain", length=4)))
    assert longer == {"n": True, "g": False, "g.0.2": True, "g.0.3": False, "s": False}


def test_a_list_may_mix_values_and_expansions(executor: Executor, folders: Folders) -> None:
    nodes = {"l": ("spread", {"count": 3}), "o": ("add", {"b": -2}), "g": "grow", "s": "show"}
    run(executor, workflow(nodes, "l.int > o.a", "o.int > g.value", "g.int > s.value"))
    assert saved(folders) == ["-1", "2", "3"]


def test_expansions_inside_expansions_have_no_depth_limit(executor: Executor, folders: Folders) -> None:
    told = run(executor, growing("nested", length=600))
    assert ended(told) == "done" and saved(folders) == [str(5 + 598 + 2)]


def test_a_block_inside_blocks_the_node(executor: Executor, folders: Folders) -> None:
    assert ended(run(executor, growing("blocked"))) == "done" and not folders.output.exists()
    run(executor, growing("blocked", value=4))
    assert saved(folders) == ["4"]


@pytest.mark.parametrize(
    ("way", "code", "words"),
    [
        ("circle", "cycle", "goes in a circle"),
        ("own circle", "cycle", "needs its own result"),
        ("taken id", "taken_id", "'g'"),
        ("no type", "unknown_node", "no node type 'nonsense'"),
        ("out of range", "out_of_range", "10000"),
        ("fail", "not_good", "the value is not good"),
    ],
)
def test_what_goes_wrong_inside_is_told_of_the_submitted_node(
    executor: Executor, way: str, code: str, words: str
) -> None:
    found = problem(run(executor, growing(way)))
    assert (found["node"], found["code"]) == ("g", code)
    assert found["message"].startswith("g: ") and words in found["message"] and found["remedy"]


def test_a_node_with_a_side_effect_inside_runs(executor: Executor, folders: Folders) -> None:
    nodes = {"l": ("spread", {"count": 2}), "a": "show_all", "s": ("show", {"text": "end"})}
    document = workflow(nodes, "l.int > a.value", "a.int > s.value")
    told = run(executor, document)
    assert ended(told) == "done" and sorted(saved(folders)) == ["1", "1", "1 end", "2", "2", "2 end"]
    again = run(
        executor, workflow(nodes | {"s": ("show", {"text": "other"})}, "l.int > a.value", "a.int > s.value")
    )
    shown = [event for event in again if isinstance(event, AssetAdded) and event.node == "a"]
    assert len(shown) == 4 and all(event.reused for event in shown), "the next run tells of them again"

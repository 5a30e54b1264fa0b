import threading
from pathlib import Path

import pytest

from app.execution import events
from app.execution.cache import ResultCache
from app.execution.context import Caller, Claim, NodeContext
from app.execution.events import (
    AssetAdded,
    Event,
    JobFinished,
    JobStarted,
    NodeProgress,
    NodeReported,
)
from app.execution.executor import Executor
from app.execution.files import Folders, Numbering, write_whole
from app.execution.result import NodeResult, size_of
from app.graph.problem import Refusal
from app.graph.workflow import read
from tests.documents import document, sum_of, workflow
from tests.execution.runs import PLAIN, ended, finished, run, saved


def test_values_flow_and_files_appear(executor: Executor, folders: Folders) -> None:
    told = run(executor, read(sum_of(4)))
    assert told[0] == JobStarted(("number", "add", "show"), ())
    assert finished(told) == {"number": False, "add": False, "show": False}
    (asset,) = (event.asset for event in told if isinstance(event, AssetAdded))
    assert (folders.output / asset["name"]).read_bytes().endswith(b"7 ") and asset["width"] == 7


def test_lists_keep_the_order_of_edges(executor: Executor, folders: Folders) -> None:
    nodes = {"a": ("number", {"value": 1}), "b": ("number", {"value": 10}), "t": "total", "s": "show"}
    run(
        executor,
        workflow(nodes, "b.int > t.values", "a.int > t.values", "a.int > t.values", "t.int > s.value"),
    )
    assert (folders.output / "show_00001.png").read_bytes().endswith(b"12 ")


def test_equal_nodes_share_one_result(executor: Executor) -> None:
    nodes = {"a": "number", "b": "number", "t": "add", "s": "show"}
    run(executor, workflow(nodes, "a.int > t.a", "b.int > t.b", "t.int > s.value"))
    again = run(executor, workflow({"x": "number", "s": "show"}, "x.int > s.value"))
    assert finished(again) == {"x": True, "s": False}


def test_a_reused_node_tells_again_what_it_reported(executor: Executor) -> None:
    nodes = {"w": ("wait", {"steps": 2, "pause": 0.0, "value": 1}), "s": "show"}
    run(executor, workflow(nodes, "w.int > s.value"))
    nodes["s"] = ("show", {"text": "other"})
    told = run(executor, workflow(nodes, "w.int > s.value"))
    assert [event.report["steps"] for event in told if isinstance(event, NodeReported)] == [2]
    assert not [event for event in told if isinstance(event, NodeProgress)]


def test_cancel_stops_between_steps(executor: Executor) -> None:
    cancelled = threading.Event()
    told: list[Event] = []

    def hear(event: Event) -> None:
        told.append(event)
        if isinstance(event, NodeProgress) and event.step == 2:
            cancelled.set()

    nodes = {"w": ("wait", {"steps": 50, "pause": 0.0}), "s": "show"}
    end = executor.run(workflow(nodes, "w.int > s.value"), Caller(hear, cancelled=cancelled))
    assert end.status == "cancelled"
    assert len([event for event in told if isinstance(event, NodeProgress)]) == 2
    assert finished(run(executor, workflow(nodes, "w.int > s.value"))) == {"w": False, "s": False}


def test_a_document_with_errors_does_not_start(executor: Executor) -> None:
    (end,) = run(executor, workflow({"n": ("number", {"value": -1}), "s": "show"}, "n.int > s.value"))
    assert isinstance(end, JobFinished) and end.problem and end.problem["code"] == "out_of_range"


def test_a_chain_of_5000_nodes(executor: Executor, folders: Folders) -> None:
    nodes = {"0": "number"} | {str(n): ("add", {"b": 1}) for n in range(1, 5000)} | {"s": "show"}
    edges = [f"{n}.int > {n + 1}.a" for n in range(4999)] + ["4999.int > s.value"]
    told = run(executor, workflow(nodes, *edges))
    assert ended(told) == "done"
    assert (folders.output / "show_00001.png").read_bytes().endswith(b"5000 ")


def test_saved_pictures_can_carry_the_document(executor: Executor) -> None:
    nodes = document({"n": "number", "s": "show"}, "n.int > s.value")
    stop = threading.Event()
    context = NodeContext("s", "s", executor.folders, Caller(print), stop, read(nodes), {"show": "1"}, {})
    assert read(context.document()).to_json()["graphs"] == read(nodes).to_json()["graphs"]
    assert context.document()["lock"] == {"nodes": {"show": "1"}, "models": {}}


def test_a_list_runs_what_it_feeds_once_for_each_element(executor: Executor, folders: Folders) -> None:
    nodes = {"l": ("spread", {"count": 3}), "a": ("add", {"b": 10}), "s": "show"}
    run(executor, workflow(nodes, "l.int > a.a", "a.int > s.value"))
    assert saved(folders) == ["11", "12", "13"]


def test_shorter_lists_repeat_their_last_element(executor: Executor, folders: Folders) -> None:
    nodes = {"l": ("spread", {"count": 3}), "m": ("spread", {"count": 2}), "a": "add", "s": "show"}
    run(executor, workflow(nodes, "l.int > a.a", "m.int > a.b", "a.int > s.value"))
    assert saved(folders) == ["2", "4", "5"]


def test_a_list_input_takes_all_elements_at_once(executor: Executor, folders: Folders) -> None:
    nodes = {"l": ("spread", {"count": 4}), "n": ("number", {"value": 100}), "t": "total", "s": "show"}
    run(executor, workflow(nodes, "l.int > t.values", "n.int > t.values", "t.int > s.value"))
    assert saved(folders) == ["110"]


def test_an_empty_list_runs_nothing_behind_it(executor: Executor, folders: Folders) -> None:
    nodes = {"l": ("spread", {"count": 0}), "a": "add", "s": "show"}
    told = run(executor, workflow(nodes, "l.int > a.a", "a.int > s.value"))
    assert ended(told) == "done" and not folders.output.exists()


@pytest.mark.parametrize(("condition", "ran", "result"), [(True, "y", "1"), (False, "n", "2")])
def test_only_the_lazy_input_that_is_needed_runs(
    executor: Executor, folders: Folders, condition: bool, ran: str, result: str
) -> None:
    nodes = {
        "y": "number",
        "n": ("number", {"value": 2}),
        "e": ("either", {"condition": condition}),
        "s": "show",
    }
    told = run(executor, workflow(nodes, "y.int > e.yes", "n.int > e.no", "e.int > s.value"))
    assert finished(told).keys() == {ran, "e", "s"} and saved(folders) == [result]


def test_a_blocked_element_blocks_only_its_own_slot(executor: Executor, folders: Folders) -> None:
    nodes = {"l": ("spread", {"count": 4}), "b": "block_odd", "a": ("add", {"b": 0}), "s": "show"}
    told = run(executor, workflow(nodes, "l.int > b.value", "b.int > a.a", "a.int > s.value"))
    assert ended(told) == "done" and saved(folders) == ["2", "4"]


def test_a_block_with_a_message_is_the_runs_problem(executor: Executor) -> None:
    nodes = {"n": "number", "b": ("block_odd", {"message": "it is odd."}), "s": "show"}
    end = run(executor, workflow(nodes, "n.int > b.value", "b.int > s.value"))[-1]
    assert isinstance(end, JobFinished) and end.problem and end.problem["message"] == "s: it is odd."


def test_independent_nodes_of_the_pool_run_side_by_side(executor: Executor, folders: Folders) -> None:
    nodes = {"a": ("meet", {"name": 1}), "b": ("meet", {"name": 2}), "t": "add", "s": "show"}
    told = run(executor, workflow(nodes, "a.int > t.a", "b.int > t.b", "t.int > s.value"))
    assert ended(told) == "done" and saved(folders) == ["3"]


def test_an_async_node(executor: Executor, folders: Folders) -> None:
    run(executor, workflow({"l": ("later", {"value": 9}), "s": "show"}, "l.int > s.value"))
    assert saved(folders) == ["9"]


def test_a_transient_node_is_tried_again_but_not_for_ever(executor: Executor, folders: Folders) -> None:
    assert (
        ended(run(executor, workflow({"f": ("flaky", {"failures": 1}), "s": "show"}, "f.int > s.value")))
        == "done"
    )
    assert saved(folders) == ["2"]
    hopeless = workflow({"f": ("flaky", {"failures": 9, "name": 1}), "s": "show"}, "f.int > s.value")
    end = run(executor, hopeless)[-1]
    assert isinstance(end, JobFinished) and end.problem and "the line is bad" in end.problem["message"]


def test_a_failure_stops_the_nodes_beside_it(executor: Executor) -> None:
    nodes = {
        "w": ("wait", {"steps": 1000, "pause": 0.01}),
        "m": ("meet", {"guests": 1}),
        "f": "fail",
        "t": "add",
    }
    edges = ("m.int > f.value", "w.int > t.a", "f.int > t.b", "t.int > s.value")
    end = run(executor, workflow(nodes | {"s": "show"}, *edges))[-1]
    assert isinstance(end, JobFinished) and end.status == "failed"


def test_the_caller_names_the_files(executor: Executor, folders: Folders) -> None:
    wishes: list[Claim] = []

    def claim(wish: Claim) -> str:
        wishes.append(wish)
        return f"mine_{wish.index}.png"

    nodes = {"l": ("spread", {"count": 2}), "s": "show"}
    executor.run(workflow(nodes, "l.int > s.value"), Caller(lambda event: None, claim=claim))
    assert [(wish.node, wish.index, wish.folder, wish.template) for wish in wishes] == [
        ("s", 0, "output", "show_{n}.png"),
        ("s", 1, "output", "show_{n}.png"),
    ]
    assert sorted(path.name for path in folders.output.iterdir()) == ["mine_0.png", "mine_1.png"]


def test_events_survive_json() -> None:
    told = [JobStarted(("a",), ("b",)), NodeProgress("a", 1, 2, 0.5), JobFinished("done", None, 1.0)]
    assert [events.to_json(events.from_json(events.to_json(event))) for event in told] == [
        events.to_json(event) for event in told
    ]


class Sized:
    def __init__(self, nbytes: int) -> None:
        self.nbytes = nbytes


def test_the_cache_forgets_what_was_not_used_longest() -> None:
    cache, spec = ResultCache(100), PLAIN.specs["number"]
    for key in "abc":
        cache.put(key, spec, NodeResult({"x": Sized(40)}), 1.0)
        cache.get("a", spec)
    assert cache.get("a", spec) and cache.get("c", spec) and cache.get("b", spec) is None
    assert cache.used == 80
    cache.put("big", spec, NodeResult({"x": Sized(1000)}), 1.0)
    assert cache.get("big", spec), "one result that is larger than the room is kept until the next comes"
    assert cache.get("a", spec) is None and cache.used == 1000


def test_size_of() -> None:
    assert size_of(Sized(7)) == 7 and size_of([Sized(7), Sized(3)]) == 10
    assert size_of({"a": Sized(7)}) == 7 and size_of("four") == 4 and size_of(object()) == 64


def test_numbered_names_go_on_and_never_leave_the_folder(tmp_path: Path) -> None:
    numbering = Numbering()
    names = [numbering.claim(tmp_path, "a_{n}.png") for _ in range(3)]
    assert names == ["a_00001.png", "a_00002.png", "a_00003.png"]
    (tmp_path / names[2]).unlink()
    assert numbering.claim(tmp_path, "a_{n}.png") == "a_00004.png"
    assert Numbering().claim(tmp_path, "a_{n}.png") == "a_00005.png", (
        "another process counts on from what is there"
    )
    assert numbering.claim(tmp_path, "../../etc/x.png") == "_.._etc_x_00001.png"
    write_whole(tmp_path / names[0], b"data")
    assert (tmp_path / names[0]).read_bytes() == b"data" and not list(tmp_path.glob("*.part"))


def test_model_names_are_pipelines_and_single_files(folders: Folders) -> None:
    root, parts = folders.models["models"][0], [f"x-0000{part}-of-00002.safetensors" for part in (1, 2)]
    for name in (
        "mini/model_index.json",
        "mini/vae/w.safetensors",
        "checkpoints/a.safetensors",
        "notes.txt",
        *parts,
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("{}")
    assert folders.choices("models", "models") == ["checkpoints/a.safetensors", "mini", parts[0]]
    assert folders.model("models", "mini") == root / "mini"
    for name in ("../x", "/etc/passwd", "absent", "", "\0"):
        with pytest.raises(Refusal):
            folders.model("models", name)

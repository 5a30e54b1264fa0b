import threading
from pathlib import Path

import pytest

from app.execution import events
from app.execution.cache import NodeResult, ResultCache, size_of
from app.execution.events import AssetAdded, Event, JobFinished, JobStarted, NodeFinished, NodeProgress, NodeReported
from app.execution.executor import Executor
from app.execution.files import Folders, write_numbered
from app.graph import catalog
from app.graph.problem import Refusal
from app.graph.workflow import Workflow, read
from tests.documents import document, sum_of, workflow

PLAIN = catalog.find(("tests.plain.nodes",))


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path / "output", tmp_path / "temp", tmp_path / "input", {"models": (tmp_path / "models",)})


@pytest.fixture
def executor(folders: Folders) -> Executor:
    return Executor(PLAIN, ResultCache(10_000), folders)


def run(executor: Executor, document: Workflow, **more: object) -> list[Event]:
    told: list[Event] = []
    end = executor.run(document, told.append, **more)  # type: ignore[arg-type]
    assert told[-1] == end
    return told


def finished(told: list[Event]) -> dict[str, bool]:
    return {event.node: event.cached for event in told if isinstance(event, NodeFinished)}


def test_values_flow_and_files_appear(executor: Executor, folders: Folders) -> None:
    told = run(executor, read(sum_of(4)))
    assert told[0] == JobStarted(("number", "add", "show"), ())
    assert finished(told) == {"number": False, "add": False, "show": False}
    (asset,) = (event.asset for event in told if isinstance(event, AssetAdded))
    assert (folders.output / asset["name"]).read_bytes().endswith(b"7 ") and asset["width"] == 7


def test_lists_keep_the_order_of_edges(executor: Executor, folders: Folders) -> None:
    nodes = {"a": ("number", {"value": 1}), "b": ("number", {"value": 10}), "t": "total", "s": "show"}
    run(executor, workflow(nodes, "b.int > t.values", "a.int > t.values", "a.int > t.values", "t.int > s.value"))
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
    end = executor.run(workflow(nodes, "w.int > s.value"), hear, cancelled=cancelled)
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
    assert told[-1].status == "done"  # type: ignore[union-attr]
    assert (folders.output / "show_00001.png").read_bytes().endswith(b"5000 ")


def test_saved_pictures_can_carry_the_document(executor: Executor) -> None:
    nodes = document({"n": "number", "s": "show"}, "n.int > s.value")
    from app.execution.executor import NodeContext

    context = NodeContext("s", executor.folders, print, print, threading.Event(), read(nodes), {"show": "1"})
    assert read(context.document()).to_json()["graphs"] == read(nodes).to_json()["graphs"]
    assert context.document()["lock"] == {"nodes": {"show": "1"}, "models": {}}


def test_events_survive_json() -> None:
    told = [JobStarted(("a",), ("b",)), NodeProgress("a", 1, 2, 0.5), JobFinished("done", None, 1.0)]
    assert [events.to_json(events.from_json(events.to_json(event))) for event in told] == [
        events.to_json(event) for event in told
    ]


class Sized:
    def __init__(self, nbytes: int) -> None:
        self.nbytes = nbytes


def test_the_cache_forgets_what_was_not_used_longest() -> None:
    cache = ResultCache(100)
    for key in "abc":
        cache.put(key, NodeResult({"x": Sized(40)}))
        cache.get("a")
    assert cache.get("a") and cache.get("c") and cache.get("b") is None
    assert cache.used == 80
    cache.put("big", NodeResult({"x": Sized(1000)}))
    assert cache.get("big"), "one result that is larger than the room is kept until the next comes"
    assert cache.get("a") is None and cache.used == 1000


def test_size_of() -> None:
    assert size_of(Sized(7)) == 7 and size_of([Sized(7), Sized(3)]) == 10
    assert size_of({"a": Sized(7)}) == 7 and size_of("four") == 4 and size_of(object()) == 64


def test_numbered_names_go_on_and_never_leave_the_folder(tmp_path: Path) -> None:
    names = [write_numbered(tmp_path, "a_{n}.png", b"1").name for _ in range(3)]
    assert names == ["a_00001.png", "a_00002.png", "a_00003.png"]
    (tmp_path / names[0]).unlink()
    assert write_numbered(tmp_path, "a_{n}.png", b"1").name == "a_00004.png"
    assert write_numbered(tmp_path, "../../etc/x_{n}.png", b"1").parent == tmp_path
    assert not list(tmp_path.glob("*.part"))


def test_model_names_are_pipelines_and_single_files(folders: Folders) -> None:
    root = folders.models["models"][0]
    for name in ("mini/model_index.json", "mini/vae/w.safetensors", "checkpoints/a.safetensors", "notes.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("{}")
    assert folders.choices("models", "models") == ["checkpoints/a.safetensors", "mini"]
    assert folders.model("models", "mini") == root / "mini"
    for name in ("../x", "/etc/passwd", "absent", "", "\0"):
        with pytest.raises(Refusal):
            folders.model("models", name)

from app.execution.events import AssetAdded, NodeStarted
from app.execution.executor import Executor
from app.execution.files import Folders
from app.graph.workflow import Workflow
from tests.documents import nested
from tests.execution.runs import ended, finished, problem, run, saved, started

ADD = ({"a": ("add", {"b": 1})}, (), {"x:int": ["a.a"], "step:int": ["a.b"]}, {"y:int": "a.int"})
SHOWN = (
    {"s": "show", "more": "graph:add"},
    ("more.y > s.value",),
    {"x:int": ["more.x"]},
    {"y:int": "more.y"},
)


def document(**changes: object) -> Workflow:
    """Number 5, then twice an instance that adds 1 and shows the sum, then a last show."""
    nodes = {"n": ("number", {"value": 5}), "one": "graph:shown", "two": "graph:shown", "end": "show"}
    edges = ("n.int > one.x", "one.y > two.x", "two.y > end.value")
    return nested({"main": (nodes | changes, edges), "shown": SHOWN, "add": ADD})


def test_a_document_of_graphs_runs_and_events_name_the_flat_ids(executor: Executor, folders: Folders) -> None:
    told = run(executor, document())
    assert sorted(saved(folders)) == ["6", "7", "7"]
    assert set(started(told)) == {"n", "one/more/a", "one/s", "two/more/a", "two/s", "end"}
    assert {event.node for event in told if isinstance(event, AssetAdded)} == {"one/s", "two/s", "end"}


def test_instances_of_one_graph_share_equal_results(executor: Executor) -> None:
    run(executor, document())
    nodes = {"n": ("number", {"value": 5}), "i": "graph:add", "s": ("show", {"text": "new"})}
    again = nested({"main": (nodes, ("n.int > i.x", "i.y > s.value")), "add": ADD})
    assert finished(run(executor, again)) == {"i/a": True, "s": False}


def test_partial_runs_of_instances(executor: Executor, folders: Folders) -> None:
    told = run(executor, document(), ["one"])
    assert started(told) == ["n", "one/more/a", "one/s"] and saved(folders) == ["6"]
    rest = started(run(executor, document(), ["two/more"]))
    assert rest == ["two/more/a"], "nothing inside shows something, so what makes its outputs"


def test_muted_and_bypassed_instances(executor: Executor, folders: Folders) -> None:
    told = run(executor, document(one={"type": "graph:shown", "mode": "bypass"}))
    assert ended(told) == "done" and sorted(saved(folders)) == ["6", "6"]
    muted = run(executor, document(two={"type": "graph:shown", "mode": "mute"}))
    assert problem(muted)["code"] == "missing_input" and problem(muted)["node"] == "end"
    assert ended(run(executor, document(two={"type": "graph:shown", "mode": "mute"}), ["one"])) == "done"


def test_a_failure_inside_names_the_inner_node(executor: Executor) -> None:
    inner = ({"f": "fail"}, (), {}, {"y:int": "f.int"})
    told = run(executor, nested({"main": ({"i": "graph:f", "s": "show"}, ("i.y > s.value",)), "f": inner}))
    assert problem(told)["node"] == "i/f" and problem(told)["message"] == "i/f: the value is not good."


def test_an_expansion_inside_an_instance_shows_as_the_inner_node(
    executor: Executor, folders: Folders
) -> None:
    inner = ({"g": "grow"}, (), {"x:int": ["g.value"]}, {"y:int": "g.int"})
    nodes = {"n": "number", "i": "graph:g", "s": "show"}
    told = run(executor, nested({"main": (nodes, ("n.int > i.x", "i.y > s.value")), "g": inner}))
    parts = {(event.node, event.part) for event in told if isinstance(event, NodeStarted)}
    assert {("i/g", ""), ("i/g", "i/g.0.0"), ("i/g", "i/g.0.1")} <= parts and saved(folders) == ["3"]

import pytest

from app.graph import catalog
from app.graph.check import check, targeted
from app.graph.flatten import flatten
from app.graph.problem import Problem
from app.graph.workflow import Edge, Workflow, read
from tests.documents import nested

PLAIN = catalog.find(("tests.plain.nodes",))
TWICE = (
    {"one": ("add", {"b": 1}), "two": ("add", {"b": 1})},
    ("one.int > two.a",),
    {"value:int": ["one.a"], "step:int": ["one.b", "two.b"]},
    {"sum:int": "two.int"},
)
OUTER = (
    {"in": "graph:twice", "more": "add"},
    ("in.sum > more.a",),
    {"x:int": ["in.value"], "s:int": ["in.step"]},
    {"y:int": "more.int"},
)


def simple(values: dict[str, object] | None = None, mode: str = "on") -> Workflow:
    twice = {"type": "graph:twice", "values": values or {}, "mode": mode}
    nodes = {"n": ("number", {"value": 5}), "t": twice, "s": "show"}
    return nested({"main": (nodes, ("n.int > t.value", "t.sum > s.value")), "twice": TWICE})


def deep(values: dict[str, object] | None = None) -> Workflow:
    nodes = {"n": "number", "o": {"type": "graph:outer", "values": values or {}}, "s": "show"}
    return nested({"main": (nodes, ("n.int > o.x", "o.y > s.value")), "outer": OUTER, "twice": TWICE})


def found(document: Workflow) -> Problem:
    problems = check(document, PLAIN)
    assert len(problems) == 1, problems
    return problems[0]


def test_an_instance_becomes_its_nodes() -> None:
    flat = flatten(simple()).graph
    assert list(flat.nodes) == ["n", "s", "t/one", "t/two"]
    assert set(flat.edges) == {
        Edge("n", "int", "t/one", "a"), Edge("t/one", "int", "t/two", "a"), Edge("t/two", "int", "s", "value")
    }  # fmt: skip
    assert check(simple(), PLAIN) == []


def test_a_document_without_instances_stays_as_it_is() -> None:
    document = nested({"main": ({"n": "number"}, ())})
    assert flatten(document).graph is document.graph


def test_promoted_values_go_to_all_inputs_and_the_outermost_counts() -> None:
    assert [flatten(simple()).graph.nodes[id].values["b"] for id in ("t/one", "t/two")] == [1, 1]
    flat = flatten(simple({"step": 7})).graph
    assert [flat.nodes[id].values["b"] for id in ("t/one", "t/two")] == [7, 7]
    flat = flatten(deep({"s": 9})).graph
    assert flat.nodes["o/in/two"].values["b"] == 9 and "o/more" in flat.nodes


def test_edges_go_through_all_levels() -> None:
    edges = set(flatten(deep()).graph.edges)
    assert {Edge("n", "int", "o/in/one", "a"), Edge("o/in/two", "int", "o/more", "a")} <= edges


def test_a_muted_instance_mutes_all_inside() -> None:
    flat = flatten(simple(mode="mute")).graph
    assert {flat.nodes[id].mode for id in ("t/one", "t/two")} == {"mute"}
    assert found(simple(mode="mute")).code == "missing_input"


def test_a_bypassed_instance_passes_by_type() -> None:
    flat = flatten(simple(mode="bypass"))
    assert Edge("n", "int", "s", "value") in flat.graph.edges and flat.graph.nodes["t/one"].mode == "mute"
    assert check(simple(mode="bypass"), PLAIN) == []


def test_bypassed_instances_in_a_circle_end() -> None:
    nodes = {id: {"type": "graph:twice", "mode": "bypass"} for id in "tu"} | {"s": "show"}
    document = nested(
        {"main": (nodes, ("t.sum > u.value", "u.sum > t.value", "u.sum > s.value")), "twice": TWICE}
    )
    assert not [edge for edge in flatten(document).graph.edges if edge.target == "s"]


@pytest.mark.parametrize(
    ("graphs", "code", "words"),
    [
        ({}, "unknown_graph", "'a'"),
        (
            {
                "a": ({"b": "graph:b"}, (), {}, {"x:int": "b.x"}),
                "b": ({"a": "graph:a"}, (), {}, {"x:int": "a.x"}),
            },
            "recursive_graph",
            "'a' contains itself",
        ),
        ({"a": ({}, (), {}, {"x:int": "no.int"})}, "bad_interface", "a node 'no', which is missing"),
        (
            {"a": ({"n": "number"}, (), {"v:int": ["n.value"], "v:float": []}, {"x:int": "n.int"})},
            "bad_interface",
            "two ports 'v'",
        ),
    ],
)
def test_what_cannot_be_opened(graphs: dict[str, object], code: str, words: str) -> None:
    problem = found(nested({"main": ({"t": "graph:a", "s": "show"}, ("t.x > s.value",)), **graphs}))
    assert (problem.code, problem.node) == (code, "t") and words in problem.message and problem.remedy


def test_problems_are_told_where_they_can_be_mended() -> None:
    wrong = nested({"main": ({"m": "build", "t": "graph:twice", "s": "show"},
                             ("m.model > t.value", "t.sum > s.value")), "twice": TWICE})  # fmt: skip
    problem = found(wrong)
    assert (problem.code, problem.node, problem.input) == ("wrong_type", "t", "value")
    assert problem.message == "t: value takes int, but m gives Model."
    problem = check(simple({"step": "many"}), PLAIN)[0]
    assert (problem.code, problem.node, problem.input) == ("wrong_type", "t", "step")
    missing = nested({"main": ({"t": "graph:twice", "s": "show"}, ("t.sum > s.value",)), "twice": TWICE})
    assert (found(missing).code, found(missing).node, found(missing).input) == ("missing_input", "t", "value")
    inner = (TWICE[0] | {"two": ("add", {"b": "x"})}, *TWICE[1:2], {"value:int": ["one.a"]}, TWICE[3])
    document = nested({"main": ({"n": "number", "t": "graph:twice", "s": "show"},
                                ("n.int > t.value", "t.sum > s.value")), "twice": inner})  # fmt: skip
    assert (found(document).node, found(document).input) == ("t/two", "b")


def test_the_type_of_the_interface_counts() -> None:
    shown = ({"in": "show"}, (), {"value:Model": ["in.value"]}, {})
    document = nested({"main": ({"n": "number", "t": "graph:shown"}, ("n.int > t.value",)), "shown": shown})
    assert found(document).message == "t: value takes Model, but n gives int."


def test_ports_that_are_not_there() -> None:
    nodes = {"n": "number", "t": {"type": "graph:twice", "values": {"no": 1}}, "s": "show"}
    edges = ("n.int > t.value", "n.int > t.nowhere", "t.gone > s.value", "t.sum > s.value")
    problems = check(nested({"main": (nodes, edges), "twice": TWICE}), PLAIN)
    assert sorted((p.code, p.node, p.input, p.severity) for p in problems) == [
        ("unknown_input", "t", "no", "warning"),
        ("unknown_input", "t", "nowhere", "error"),
        ("unknown_output", "t", "gone", "error"),
    ]


def test_ids_that_meet() -> None:
    nodes = {"n": "number", "t": "graph:twice", "t/one": "number", "s": "show"}
    document = nested({"main": (nodes, ("n.int > t.value", "t.sum > s.value")), "twice": TWICE})
    assert "taken_id" in [problem.code for problem in check(document, PLAIN)]


def test_a_faulty_instance_that_nothing_needs_stops_nobody() -> None:
    nodes = {"n": "number", "t": ("graph:twice", {"step": "x"}), "s": "show"}
    document = nested({"main": (nodes, ("n.int > s.value",)), "twice": TWICE})
    assert {problem.severity for problem in check(document, PLAIN)} == {"warning"}


def test_targets_may_be_instances() -> None:
    assert targeted(flatten(simple()), PLAIN, ["t"]) == ["t/two"]
    assert targeted(flatten(simple()), PLAIN, ["t/one"]) == ["t/one"]
    inner = ({"n": "number", "s": "show"}, ("n.int > s.value",), {}, {"x:int": "n.int"})
    document = nested({"main": ({"a": "graph:g", "b": "graph:g"}, ()), "g": inner})
    assert targeted(flatten(document), PLAIN, ["b"]) == ["b/s"] and targeted(flatten(document), PLAIN) == [
        "a/s",
        "b/s",
    ]


def test_a_document_that_would_explode_is_refused() -> None:
    graphs = {"main": ({"a": "graph:0", "b": "graph:0"}, ())}
    for n in range(30):
        graphs[str(n)] = ({"a": f"graph:{n + 1}", "b": f"graph:{n + 1}"}, ())
    graphs["30"] = ({"n": "number"}, ())
    assert "too_large" in [problem.code for problem in check(nested(graphs), PLAIN)]


def test_depth_has_no_limit() -> None:
    graphs = {"main": ({"n": "number", "d": "graph:0", "s": "show"}, ("n.int > d.x", "d.y > s.value"))}
    for n in range(1200):
        graphs[str(n)] = ({"d": f"graph:{n + 1}"}, (), {"x:int": ["d.x"]}, {"y:int": "d.y"})
    graphs["1200"] = ({"a": "add"}, (), {"x:int": ["a.a"]}, {"y:int": "a.int"})
    assert check(nested(graphs), PLAIN) == []


def test_the_interface_survives() -> None:
    document = deep().to_json()
    port = document["graphs"]["twice"]["interface"]["inputs"][0]
    port["color"] = document["graphs"]["twice"]["interface"]["view"] = "kept"
    assert read(document).to_json() == document

import pytest

from app.graph import catalog
from app.graph.check import check
from app.graph.problem import Problem
from app.graph.spec import NodeSpec
from app.graph.wiring import fits
from app.graph.workflow import read
from tests.documents import sum_of, workflow

PLAIN = catalog.find(("tests.plain.nodes",))


def codes(problems: list[Problem], severity: str = "error") -> list[str]:
    return [problem.code for problem in problems if problem.severity == severity]


def only(problems: list[Problem]) -> Problem:
    assert len(problems) == 1, problems
    return problems[0]


def test_a_good_document_has_no_findings() -> None:
    assert check(read(sum_of()), PLAIN) == []


def test_unknown_node_is_named_with_its_way_out() -> None:
    problem = only(check(workflow({"a": "nonsense", "n": "number", "s": "show"}, "n.int > s.value"), PLAIN))
    assert (problem.node, problem.code, problem.severity) == (
        "a",
        "unknown_node",
        "warning",
    )  # nothing needs it
    assert "nonsense" in problem.message and "mute" in problem.remedy


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"value": 1001}, "out_of_range"),
        ({"value": -1}, "out_of_range"),
        ({"value": "many"}, "wrong_type"),
        ({"value": True}, "wrong_type"),
        ({"value": 1.5}, "wrong_type"),
        ({"value": [1]}, "wrong_type"),
        ({"value": None}, "wrong_type"),
    ],
)
def test_bad_value(values: dict[str, object], code: str) -> None:
    problem = only(check(workflow({"n": ("number", values), "s": "show"}, "n.int > s.value"), PLAIN))
    assert (problem.node, problem.input, problem.code) == ("n", "value", code)


def test_a_value_on_a_connected_input_is_not_judged() -> None:
    nodes = {"n": "number", "a": ("add", {"a": "rubbish"}), "s": "show"}
    assert check(workflow(nodes, "n.int > a.a", "a.int > s.value"), PLAIN) == []


def test_a_text_that_is_too_long() -> None:
    problem = only(
        check(workflow({"n": "number", "s": ("show", {"text": "x" * 100_000})}, "n.int > s.value"), PLAIN)
    )
    assert problem.code == "too_long" and "100,000" in problem.message and "20,000" in problem.message


def test_missing_input_and_missing_value() -> None:
    found = check(workflow({"a": "add", "s": "show"}, "a.int > s.value"), PLAIN)
    assert [(problem.node, problem.input, problem.code) for problem in found] == [("a", "a", "missing_input")]


def test_edges_to_nowhere_of_wrong_type_and_twice() -> None:
    nodes = {"n": "number", "b": "build", "a": "add", "s": "show"}
    edges = (
        "n.int > a.a",
        "n.int > a.a",
        "b.model > a.b",
        "gone.x > a.a",
        "n.no > a.a",
        "n.int > a.no",
        "a.int > s.value",
    )
    found = check(workflow(nodes, *edges), PLAIN)
    assert sorted(codes(found)) == [
        "missing_node",
        "two_edges",
        "two_edges",
        "unknown_input",
        "unknown_output",
        "wrong_type",
    ]


def test_many_edges_into_one_list() -> None:
    nodes = {"n": "number", "m": "number", "t": "total", "s": "show"}
    assert check(workflow(nodes, "n.int > t.values", "m.int > t.values", "t.int > s.value"), PLAIN) == []


def test_cycle_blames_those_on_it_only() -> None:
    nodes = {"a": "add", "b": "add", "behind": "add", "s": "show"}
    edges = ("a.int > b.a", "b.int > a.a", "b.int > behind.a", "behind.int > s.value")
    found = [problem for problem in check(workflow(nodes, *edges), PLAIN) if problem.code == "cycle"]
    assert [problem.node for problem in found] == ["a", "b"]


def test_two_techniques_with_one_claim_on_one_wire() -> None:
    nodes = {"m": "build", "one": "trick", "two": "trick", "u": "use"}
    found = check(
        workflow(nodes, "m.model > one.model", "one.model > two.model", "two.model > u.model"), PLAIN
    )
    problem = only(found)
    assert problem.code == "conflict" and "one" in problem.message and problem.node == "two"


def test_the_same_techniques_on_two_branches_are_fine() -> None:
    nodes = {"m": "build", "one": "trick", "two": "trick", "u": "use"}
    edges = ("m.model > one.model", "m.model > two.model", "one.model > u.model", "two.model > u.other")
    assert check(workflow(nodes, *edges), PLAIN) == []


def test_a_bypassed_technique_claims_nothing() -> None:
    nodes = {"m": "build", "one": "trick", "two": {"type": "trick", "mode": "bypass"}, "u": "use"}
    assert (
        check(workflow(nodes, "m.model > one.model", "one.model > two.model", "two.model > u.model"), PLAIN)
        == []
    )


def test_nothing_to_run() -> None:
    assert codes(check(workflow({"n": "number"}), PLAIN)) == ["no_output"]


def test_files_are_checked_when_the_choices_are_known() -> None:
    nodes = {"p": ("picture", {"name": "cat.png"}), "s": "show"}
    document = workflow(nodes, "p.int > s.value")
    assert check(document, PLAIN) == []
    problem = only(check(document, PLAIN, lambda kind, folder: ["dog.png"]))
    assert problem.code == "missing_file" and "dog.png" in problem.remedy


def test_an_old_name_of_a_node_still_works() -> None:
    assert check(workflow({"n": "old_number", "s": "show"}, "n.int > s.value"), PLAIN) == []


def test_connection_rule() -> None:
    assert fits("int", "float") and fits("Any", "Model") and fits("Model", "Any") and fits("Model", "Model")
    assert not fits("float", "int") and not fits("Latent", "Image")


def test_depth_has_no_limit() -> None:
    count = 5000
    nodes = {"0": "number"} | {str(n): "add" for n in range(1, count)} | {"s": "show"}
    edges = [f"{n}.int > {n + 1}.a" for n in range(count - 1)] + [f"{count - 1}.int > s.value"]
    assert check(workflow(nodes, *edges), PLAIN) == []


def test_schema_survives_json() -> None:
    for spec in PLAIN:
        assert NodeSpec.from_json(spec.to_json()) == spec

import pytest

from app.graph import catalog
from app.graph.check import check
from app.graph.edit import NoSuchInput, set_value
from app.graph.flatten import flatten
from app.graph.instances import instance_specs
from app.graph.values import BadValue
from app.graph.widgets import Number
from app.graph.workflow import Workflow
from tests.documents import nested

PLAIN = catalog.find(("tests.plain.nodes",))
GIVE = ({"n": ("number", {"value": 7}), "a": ("add", {"b": 3})}, ("n.int > a.a",),
        {"amount:int": ["n.value"], "value:Model": ["a.nothing"]}, {"sum:int": "a.int"})  # fmt: skip
BOTH = ({"g": ("graph:give", {"amount": 8})}, (), {"much:int": ["g.amount"]}, {"out:int": "g.sum"})


def document() -> Workflow:
    nodes = {"x": "graph:give", "y": "graph:both", "t": "total", "s": "show"}
    edges = ("x.sum > t.values", "y.out > t.values", "t.int > s.value")
    return nested({"main": (nodes, edges), "give": GIVE, "both": BOTH})


def test_a_schema_from_an_interface() -> None:
    specs = instance_specs(document(), PLAIN)
    assert specs.keys() == {"give", "both"}
    amount, value = specs["give"].inputs
    assert (amount.name, amount.type, amount.default, amount.widget) == ("amount", "int", 7, Number(0, 1000))
    assert value.port and value.required and value.type == "Model"
    much = specs["both"].input("much")
    assert much and much.default == 8 and much.widget == Number(0, 1000) and much.help == "The number."
    assert [(port.name, port.type) for port in specs["both"].outputs] == [("out", "int")]
    assert specs["both"].id == "graph:both"


def values(changed: Workflow) -> dict[str, object]:
    nodes = flatten(changed).graph.nodes
    return {id: nodes[id].values["value"] for id in ("x/n", "y/g/n")}


def test_set_a_promoted_value() -> None:
    assert values(set_value(document(), "x", "amount", "20", PLAIN)) == {"x/n": 20, "y/g/n": 8}
    assert values(set_value(document(), "y", "much", "20", PLAIN)) == {"x/n": 7, "y/g/n": 20}


def test_set_a_value_inside_one_instance_only() -> None:
    changed = set_value(document(), "x/n", "value", "20", PLAIN)
    assert values(changed) == {"x/n": 20, "y/g/n": 8}
    assert changed.graphs.keys() == {"main", "give", "both", "give#2"}
    again = set_value(changed, "x/n", "value", "30", PLAIN)
    assert values(again) == {"x/n": 30, "y/g/n": 8} and again.graphs.keys() == changed.graphs.keys()
    assert set_value(document(), "y/g", "amount", "9", PLAIN).graphs.keys() == document().graphs.keys()
    assert [problem.code for problem in check(again, PLAIN)] == []


@pytest.mark.parametrize("place", ["z", "x/z", "x/n/z", "x", "y/g/a"])
def test_places_that_are_not_there(place: str) -> None:
    with pytest.raises(NoSuchInput):
        set_value(document(), place, "nothing", "1", PLAIN)


def test_a_value_that_does_not_fit() -> None:
    with pytest.raises(BadValue):
        set_value(document(), "y", "much", "2000", PLAIN)

"""V1 packs that expand: loops, nested ones, and what else a node may turn into while it runs."""

from collections.abc import Iterator

import pytest

from app.execution.events import NodeStarted
from app.interop import documents
from tests.interop.trusted import PACKS, Shop, node, open_shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(tmp_path_factory.mktemp("base"), ("nodes",), PACKS) as opened:
        yield opened


def test_a_loop_made_by_expansion(shop: Shop) -> None:
    prompt = {
        "start": node("FlowPlus", a=0, b=0),
        "open": node("FlowLoopOpen", first=["start", 0]),
        "body": node("FlowPlus", a=["open", 1], b=1),
        "again": node("FlowLess", a=["body", 0], b=40),
        "1": node("FlowLoopClose", loop=["open", 0], again=["again", 0], first=["body", 0]),
    }
    assert shop.said(prompt) == ["40"]


def test_a_loop_drawn_on_our_canvas_with_a_node_of_ours_inside(shop: Shop) -> None:
    prompt = {
        "start": node("PrimitiveInt", value=0),
        "open": node("FlowLoopOpen", first=["start", 0]),
        "body": node("FlowPlus", a=["open", 1], b=["step", 0]),
        "step": node("PrimitiveInt", value=2),
        "text": node("patchloom.join_text", texts=["word", 0], separator="+"),
        "word": node("PrimitiveString", value="x"),
        "again": node("FlowLess", a=["body", 0], b=7),
        "1": node(
            "FlowLoopClose", loop=["open", 0], again=["again", 0], first=["body", 0], second=["text", 0]
        ),
        "say": node("PlainSay", value=["1", 0]),
    }
    document = documents.read_json(prompt, shop.nodes).to_json()
    del document["comfyui"]
    ran = shop.run(document)
    assert ran.texts == {"say": ["8"]}, ran.end


def test_loops_nested_two_deep(shop: Shop) -> None:
    prompt = {
        "zero": node("FlowPlus", a=0, b=0),
        "outer": node("FlowLoopOpen", first=["zero", 0], second=["zero", 0]),
        "inner": node("FlowLoopOpen", first=["outer", 1], second=["zero", 0]),
        "sum": node("FlowPlus", a=["inner", 1], b=1),
        "k": node("FlowPlus", a=["inner", 2], b=1),
        "k_less": node("FlowLess", a=["k", 0], b=3),
        "inner_end": node(
            "FlowLoopClose", loop=["inner", 0], again=["k_less", 0], first=["sum", 0], second=["k", 0]
        ),
        "i": node("FlowPlus", a=["outer", 2], b=1),
        "i_less": node("FlowLess", a=["i", 0], b=4),
        "1": node(
            "FlowLoopClose", loop=["outer", 0], again=["i_less", 0], first=["inner_end", 0], second=["i", 0]
        ),
    }
    ran = shop.run({**prompt, "say": node("PlainSay", value=["1", 0])})
    assert ran.texts == {"say": ["12"]}, ran.end
    started = {event.node for event in ran.told if isinstance(event, NodeStarted)}
    assert started <= {*prompt, "say"}, "nodes of expansions are told under the submitted ones"


def test_counted_rounds_are_expansions_in_expansions_with_any_literals(shop: Shop) -> None:
    prompt = {
        "zero": node("FlowPlus", a=0, b=0),
        "open": node("FlowRepeatOpen", times=4, first=["zero", 0]),
        "body": node("FlowPlus", a=["open", 1], b=10),
        "1": node("FlowRepeatClose", loop=["open", 0], first=["body", 0]),
    }
    assert shop.said(prompt) == ["40"]


def test_expansions_are_not_checked_as_prompts_are(shop: Shop) -> None:
    assert shop.said({"1": node("FlowLoose")}) == ["51.0"]


def test_some_elements_expand_and_some_do_not(shop: Shop) -> None:
    prompt = {
        **{name: node("FlowPlus", a=number, b=0) for number, name in enumerate("abc")},
        "many": node("PlainMakeList", value1=["a", 0], value2=["b", 0], value3=["c", 0]),
        "1": node("FlowSometimes", value=["many", 0]),
    }
    assert shop.said(prompt) == ["100", "1", "102"]
    assert shop.said(prompt, ("1", 1)) == ["'expanded'", "'as it is'", "'expanded'"]


def test_an_expansion_into_our_nodes_with_a_picture_as_value(shop: Shop) -> None:
    prompt = {"a": node("PlainFlat", level=0.5, width=8, height=8), "1": node("FlowPictures", image=["a", 0])}
    ran = shop.run({**prompt, "say": node("PlainSay", value=["1", 0])})
    assert ran.texts["say"] == ["(1, 2, 6, 3) 0.500"]
    assert [(entry["width"], entry["height"]) for entry in ran.pictures] == [(6, 2)]


def test_a_circle_in_an_expansion_is_blamed_on_the_node_that_made_it(shop: Shop) -> None:
    ran = shop.run({"1": node("FlowCircle"), "say": node("PlainSay", value=["1", 0])})
    assert ran.problem.startswith("1: 1: its expansion goes in a circle")


def test_loops_inside_a_subgraph_of_ours(shop: Shop) -> None:
    inner = {
        "nodes": {
            "open": {"type": "FlowLoopOpen"},
            "body": {"type": "FlowPlus", "values": {"b": 1}},
            "more": {"type": "FlowLess", "values": {"b": 5}},
            "close": {"type": "FlowLoopClose"},
        },
        "edges": [
            {"from": ["open", "first"], "to": ["body", "a"]},
            {"from": ["body", "INT"], "to": ["more", "a"]},
            {"from": ["open", "loop"], "to": ["close", "loop"]},
            {"from": ["more", "BOOLEAN"], "to": ["close", "again"]},
            {"from": ["body", "INT"], "to": ["close", "first"]},
        ],
        "interface": {
            "inputs": [{"name": "start", "type": "Any", "to": [["open", "first"]]}],
            "outputs": [{"name": "end", "type": "Any", "from": ["close", "first"]}],
        },
    }
    outer = {
        "nodes": {
            "zero": {"type": "FlowPlus", "values": {"a": 0, "b": 0}},
            "loop": {"type": "graph:counting"},
            "say": {"type": "PlainSay"},
        },
        "edges": [
            {"from": ["zero", "INT"], "to": ["loop", "start"]},
            {"from": ["loop", "end"], "to": ["say", "value"]},
        ],
    }
    graphs = {"main": outer, "counting": inner}
    ran = shop.run({"format": "patchloom/1", "root": "main", "graphs": graphs})
    assert ran.texts == {"say": ["5"]}, ran.end

"""V1 packs: what their classes can ask of the machine, each asked by a class in `tests/interop/packs`."""

import gc
import inspect
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from app.execution.context import Caller
from app.execution.events import Event, NodeProgress
from tests.interop.trusted import PACKS, Shop, node, open_shop

SMALL = {"width": 8, "height": 8}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(tmp_path_factory.mktemp("base"), ("nodes",), PACKS) as opened:
        yield opened


def test_all_packs_load(shop: Shop) -> None:
    assert [entry for entry in shop.nodes.failed if entry.file.startswith("packs")] == []
    assert {"PlainFlat", "FlowLoopClose", "ChecksNamed", "WaitingMeet"} <= set(shop.nodes.specs)


def test_defaults_are_those_that_comfyuis_frontend_fills_in(shop: Shop) -> None:
    assert shop.said({"1": node("PlainWidgets")}) == ["'hello||first|b|True|0|0.25|nothing|None'"]


def test_links_to_undeclared_inputs_are_passed_on_and_undeclared_literals_dropped(shop: Shop) -> None:
    prompt = {
        "a": node("PlainFlat", level=0.25, **SMALL),
        "b": node("PlainFlat", level=0.75, **SMALL),
        "1": node("PlainMean", image1=["a", 0], image2=["b", 0], unknown=7),
    }
    assert shop.said(prompt) == ["(1, 8, 8, 3) 0.500"]


def test_a_type_that_nobody_knows_takes_a_literal(shop: Shop) -> None:
    assert shop.said({"1": node("PlainWidgets", odd=[1, 2])})[0].endswith("|[1, 2]'")


def test_lists_zip_with_the_last_element_repeated(shop: Shop) -> None:
    prompt = {
        **{name: node("FlowPlus", a=number, b=0) for number, name in enumerate("abc")},
        "many": node("PlainMakeList", value1=["a", 0], value2=["b", 0], value3=["c", 0]),
        "two": node("PlainMakeList", value1=["b", 0], value2=["c", 0]),
        "1": node("FlowPlus", a=["many", 0], b=["two", 0]),
    }
    assert shop.said(prompt) == ["1", "3", "4"]


def test_lazy_inputs_are_asked_for_again_until_satisfied(shop: Shop) -> None:
    prompt = {
        "a": node("FlowPlus", a=10),
        "b": node("PlainCrash"),
        "c": node("FlowPlus", a=30),
        "1": node("FlowChoose", which=2, a=["a", 0], b=["b", 0], c=["c", 0]),
    }
    assert shop.said(prompt) == ["31"]


def test_async_lazy_status_and_a_time_limit_inside_a_coroutine(shop: Shop) -> None:
    assert shop.said({"a": node("FlowPlus", a=1), "1": node("WaitingTimed", value=["a", 0])}) == ["2"]


def blocked(message: str) -> dict[str, Any]:
    return {
        **{name: node("FlowPlus", a=number, b=0) for number, name in enumerate("abc")},
        "many": node("PlainMakeList", value1=["a", 0], value2=["b", 0], value3=["c", 0]),
        "odd": node("FlowLess", a=["many", 0], b=1),
        "1": node("FlowBlock", value=["many", 0], block=["odd", 0], message=message),
    }


def test_a_blocked_element_blocks_only_its_own_slot(shop: Shop) -> None:
    assert shop.said(blocked("")) == ["1", "2"]


def test_a_block_with_a_message_is_an_error_where_it_arrives(shop: Shop) -> None:
    ran = shop.run({**blocked("not this one"), "say": node("PlainSay", value=["1", 0])})
    assert ran.problem.startswith("say: say: not this one")


def test_async_nodes_of_one_prompt_run_at_the_same_time(shop: Shop) -> None:
    guests = {f"{number}": node("WaitingMeet", guests=8, name=f"{number}") for number in range(8)}
    ends = {f"say {id}": node("PlainSay", value=[id, 0]) for id in guests}
    assert shop.run({**guests, **ends}).end.status == "done"


def test_cancel_ends_a_node_that_waits(shop: Shop) -> None:
    cancelled = threading.Event()

    def hear(event: Event) -> None:
        if isinstance(event, NodeProgress):
            assert (event.step, event.steps) == (50, 100)
            cancelled.set()

    prompt = {"1": node("WaitingEndless"), "say": node("PlainSay", value=["1", 0])}
    assert shop.run(prompt, Caller(hear, cancelled=cancelled)).end.status == "cancelled"


def test_the_progress_bar_becomes_events(shop: Shop) -> None:
    ran = shop.run({"1": node("PlainSteps", steps=3), "say": node("PlainSay", value=["1", 0])})
    steps = [(event.step, event.steps) for event in ran.told if isinstance(event, NodeProgress)]
    assert steps[-1] == (3, 3)


@pytest.mark.parametrize(
    ("how", "words"), [("raise", "ValueError: the wheels came off"), ("quit", "SystemExit: 3")]
)
def test_a_node_that_fails_is_named_with_its_pack(shop: Shop, how: str, words: str) -> None:
    ran = shop.run({"1": node("PlainCrash", how=how), "say": node("PlainSay", value=["1", 0])})
    assert words in ran.problem and "'PlainCrash' of the pack 'plain-pack'" in ran.problem


def test_a_run_that_is_over_is_forgotten(shop: Shop) -> None:
    assert shop.said({"1": node("PlainHidden")})
    spec = shop.nodes.get("PlainHidden")
    assert spec is not None and spec.function is not None
    calling = inspect.getclosurevars(spec.function).nonlocals["calling"]
    gc.collect()
    assert calling.world._run is None


def test_hidden_inputs(shop: Shop) -> None:
    assert shop.said({"1": node("PlainHidden")}) == ["'1 PlainHidden [] PlainHidden False'"]


def test_a_class_type_that_reads_like_an_id_of_ours(shop: Shop) -> None:
    assert shop.said({"1": node("switch", value=41)}) == ["42"]


@pytest.mark.parametrize(
    ("class_type", "inputs", "fault"),
    [
        ("ChecksNamed", {"mine": 5.0, "theirs": 0.5}, None),
        ("ChecksNamed", {"mine": 50.0, "theirs": 0.5}, "mine is too large"),
        ("ChecksNamed", {"mine": 0.5, "theirs": 5.0}, "theirs is 5.0, allowed is 0 to 1"),
        ("ChecksAll", {"mine": 5.0, "theirs": 5.0}, None),
        ("ChecksAll", {"mine": 5.0, "theirs": 7.0}, "no sevens"),
        ("ChecksSilent", {"mine": 0.5, "theirs": 0.5}, "no reason given"),
        ("ChecksFailing", {"mine": 0.5, "theirs": 0.5}, "the check itself is broken"),
        ("ChecksSeveral", {"value": 5.0}, None),
        ("ChecksSeveral", {"value": 5}, "value is int"),
        ("ChecksSeveral", {"value": ["whole", 0]}, "value takes Image,float"),
        ("ChecksSeveral", {"value": ["part", 0]}, None),
        ("ChecksTypes", {"value": ["flag", 0]}, None),
        ("ChecksTypes", {"value": ["whole", 0]}, "value gives INT"),
        ("ChecksTypes", {"value": ["ours", 0]}, "value gives STRING"),
        ("ChecksSmart", {"value": ["whole", 0]}, None),
        ("ChecksSmart", {"value": ["text", 0]}, "value takes float,int"),
        (
            "ChecksNamed",
            {"mine": 0.5, "theirs": ["whole", 0]},
            "theirs takes FLOAT, but what is connected gives INT",
        ),
        ("PlainWidgets", {"word": "third"}, "allowed are first, second"),
    ],
)
def test_what_is_refused_before_a_run(
    shop: Shop, class_type: str, inputs: dict[str, Any], fault: str | None
) -> None:
    prompt = {
        "whole": node("FlowPlus"),
        "part": node("ChecksNamed", mine=0.5, theirs=0.5),
        "flag": node("FlowLess"),
        "text": node("ChecksTexts"),
        "ours": node("PrimitiveString", value="word"),
        "1": node(class_type, **inputs),
    }
    found = shop.refused(prompt)
    assert found == [] if fault is None else len(found) == 1 and fault in found[0], found


def test_results_are_kept_as_long_as_is_changed_gives_the_same(shop: Shop) -> None:
    def runs(state: str) -> list[str]:
        link = {"a": node("FlowPlus"), "1": node("ChecksChanging", state=state, value=["a", 0])}
        return shop.said(link)

    assert runs("1") == runs("1") != runs("2")
    assert runs("nan") != runs("nan"), "NaN is never the same"
    assert runs("broken") != runs("broken"), "a question that fails counts as changed"


def test_a_drawn_file_gets_its_values_and_wires(shop: Shop) -> None:
    """Values stand by position only, and two outputs have one name."""
    drawing = {
        "nodes": [
            {
                "id": 1,
                "type": "PlainWidgets",
                "outputs": [{"name": "all"}, {"name": "seed"}, {"name": "all"}],
                "widgets_values": ["drawn", "x", "second", "a", False, 9, "randomize", 0.5],
            },
            {"id": 2, "type": "PlainSay", "inputs": [{"name": "value", "link": 1}]},
            {"id": 3, "type": "PlainSay", "inputs": [{"name": "value", "link": 2}]},
        ],
        "links": [[1, 1, 0, 2, 0, "STRING"], [2, 1, 2, 3, 0, "FLOAT"]],
        "version": 0.4,
    }
    ran = shop.run(drawing)
    assert ran.texts == {"2": ["'drawn|x|second|a|False|9|0.5|nothing|None'"], "3": ["0.5"]}, ran.end

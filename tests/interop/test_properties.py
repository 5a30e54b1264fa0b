"""Whatever a UI or API document holds: it comes back unchanged, and no reader falls over it."""

from __future__ import annotations

import copy
import json
import random
from functools import cache
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from app.graph import catalog
from app.graph.catalog import Catalog
from app.graph.workflow import MalformedWorkflow, read
from app.interop.documents import problems, read_json, to_api, to_ui
from app.interop.names import RULES
from app.interop.orders import ORDERS, PASSES
from tests.interop.drawings import Json, prompt, text_to_image
from tests.interop.test_drawing import nested

NONE = Catalog()
QUICK = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
TYPES = some.sampled_from(
    [
        *RULES,
        *PASSES,
        *list(ORDERS)[:5],
        "Reroute",
        "PrimitiveNode",
        "Note",
        "GetNode",
        "box",
        "Odd",
        "sample",
    ]
)
IDS = some.one_of(some.integers(1, 8), some.sampled_from(["57:30", "-10", "x"]))
SLOTS = some.integers(-1, 4)
PLAIN = some.one_of(some.none(), some.booleans(), some.integers(), some.floats(), some.text(max_size=6))
ANY = some.recursive(
    PLAIN,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
VALUES = some.one_of(
    PLAIN, some.sampled_from(["fixed", "randomize", "euler", "simple", "enable", 20, 1, 0.5])
)
PORT = some.fixed_dictionaries(
    {"name": some.sampled_from(["model", "clip", "seed", "text", "", "latent_image"])},
    optional={
        "type": some.sampled_from(["MODEL", "IMAGE", "*", 3]),
        "link": some.one_of(some.none(), some.integers(0, 12)),
        "links": ANY,
        "widget": ANY,
    },
)
NODE = some.fixed_dictionaries(
    {"id": IDS, "type": TYPES},
    optional={
        "pos": ANY,
        "size": ANY,
        "mode": some.one_of(some.sampled_from([0, 2, 4]), ANY),
        "flags": ANY,
        "title": ANY,
        "inputs": some.one_of(some.lists(PORT, max_size=4), ANY),
        "outputs": some.one_of(some.lists(PORT, max_size=3), ANY),
        "widgets_values": some.one_of(
            some.lists(VALUES, max_size=9), some.dictionaries(some.text(max_size=5), VALUES, max_size=3), ANY
        ),
        "widgets_values_named": some.dictionaries(some.text(max_size=5), VALUES, max_size=3),
        "more": ANY,
    },
)
LINK = some.one_of(
    some.tuples(some.integers(0, 12), IDS, SLOTS, IDS, SLOTS, some.just("*")).map(list),
    some.fixed_dictionaries(
        {
            "id": some.integers(0, 12),
            "origin_id": some.one_of(IDS, some.just(-10)),
            "origin_slot": SLOTS,
            "target_id": some.one_of(IDS, some.just(-20)),
            "target_slot": SLOTS,
        }
    ),
    ANY,
)
GRAPH = {
    "nodes": some.lists(NODE, max_size=7, unique_by=lambda entry: str(entry["id"])),
    "links": some.one_of(some.lists(LINK, max_size=8), ANY),
}
INSIDE = some.lists(
    NODE.filter(lambda entry: entry["type"] != "box"), max_size=3, unique_by=lambda entry: str(entry["id"])
)
BOX = some.fixed_dictionaries(
    {"id": some.just("box"), "nodes": INSIDE, "links": some.lists(LINK, max_size=4)},
    optional={"inputs": some.lists(PORT, max_size=2), "outputs": ANY},
)
DRAWINGS = some.fixed_dictionaries(
    GRAPH,
    optional={
        "groups": ANY,
        "extra": ANY,
        "version": ANY,
        "config": ANY,
        "definitions": some.fixed_dictionaries({"subgraphs": some.lists(BOX, max_size=1)}),
    },
)
API_NODE = some.fixed_dictionaries(
    {"class_type": TYPES},
    optional={
        "inputs": some.dictionaries(
            some.sampled_from(
                ["model", "steps", "switch", "value", "shift", "positive", "samples", "guider", "noise"]
            ),
            some.one_of(some.tuples(some.sampled_from(["1", "2", "3"]), SLOTS).map(list), VALUES),
            max_size=6,
        ),
        "_meta": ANY,
        "is_changed": ANY,
    },
)
PROMPTS = some.dictionaries(some.sampled_from(["1", "2", "3", "57:30"]), API_NODE, min_size=1, max_size=4)


def text(document: Any) -> str:
    return json.dumps(document, sort_keys=True)


@QUICK
@given(DRAWINGS)
def test_any_drawing_comes_back(document: Json) -> None:
    before = text(document)
    saved = read(json.loads(json.dumps(read_json(document).to_json())))
    assert text(to_ui(saved, NONE).document) == before
    to_api(saved, NONE), problems(saved)


@QUICK
@given(PROMPTS)
def test_any_prompt_comes_back(document: Json) -> None:
    before = text(document)
    saved = read(json.loads(json.dumps(read_json(document).to_json())))
    assert text(to_api(saved, NONE).document) == before
    read_json(to_ui(saved, NONE).document)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a JSON value, as (holder, key)."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, entry in inside for place in [(value, key), *places(entry)]]


def test_damaged_documents_are_told_or_opened() -> None:
    random_ = random.Random(5)
    junk = [None, True, -1, 2**70, 1.5, float("nan"), "", "x", [], {}, [[1]], {"a": 1}, ["4", 0], -10]
    for original in (text_to_image(), prompt(), nested()):
        for _ in range(250):
            document = copy.deepcopy(original)
            for _ in range(random_.randrange(1, 4)):
                holder, key = random_.choice(places(document))
                if random_.random() < 0.3:
                    holder.pop(key)
                else:
                    holder[key] = copy.deepcopy(random_.choice(junk))
            try:
                workflow = read_json(document)
            except MalformedWorkflow:
                continue
            read(json.loads(json.dumps(workflow.to_json())))
            to_ui(workflow, NONE), to_api(workflow, NONE), problems(workflow)


EDITS = some.lists(
    some.tuples(
        some.integers(0, 20),
        some.sampled_from(["values", "mode", "type", "looks", "remove", "edge"]),
        some.one_of(VALUES, ANY),
    ),
    max_size=4,
)


def edited(document: Json, edits: list[tuple[int, str, Any]]) -> Json:
    """Our document with some changes, as a canvas or a script could make them."""
    graph = document["graphs"]["main"]
    for number, kind, value in edits:
        id = list(graph["nodes"])[number % len(graph["nodes"])] if graph["nodes"] else None
        node = graph["nodes"].get(id, {})
        match kind:
            case "values" if node.get("values"):
                node["values"][list(node["values"])[number % len(node["values"])]] = value
            case "mode":
                node["mode"] = ["on", "mute", "bypass"][number % 3]
            case "type":
                node["type"] = ["sample", "cfg", "comfyui.normal", "switch", "Odd"][number % 5]
            case "looks":
                node |= {"position": value, "title": value, "color": value, "comfyui": value}
            case "remove" if node:
                del graph["nodes"][id]
            case "edge":
                ends = [
                    list(graph["nodes"] or {"a": 0})[n % max(len(graph["nodes"]), 1)]
                    for n in (number, number // 2)
                ]
                graph["edges"].append({"from": [ends[0], "model"], "to": [ends[1], "model"]})
    return document


@QUICK
@given(some.one_of(DRAWINGS, PROMPTS, some.builds(text_to_image), some.builds(prompt)), EDITS)
def test_whatever_was_edited_can_be_written_and_read_again(
    document: Json, edits: list[tuple[int, str, Any]]
) -> None:
    ours = edited(json.loads(json.dumps(read_json(document).to_json())), edits)
    try:
        workflow = read(ours)
    except MalformedWorkflow:
        return  # a node without a type, for example
    for known in (NONE, find()):
        read_json(to_ui(workflow, known).document)
        written = to_api(workflow, known).document
        if written:
            read_json(written)
    problems(workflow)


@cache
def find() -> Catalog:
    return catalog.find()

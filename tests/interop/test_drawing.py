"""The traps of the UI format, each in the shape in which real files have it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.graph import catalog
from app.graph.catalog import Catalog
from app.graph.workflow import Edge, MalformedWorkflow, Workflow, read
from app.interop.documents import read as read_any
from app.interop.documents import read_json, to_api, to_ui
from tests.interop.drawings import Json, canvas, node, subgraph, text_to_image, widget

NONE = Catalog()
WORKFLOWS = Path(__file__).parents[2] / "workflows"
SAMPLER = "model:MODEL positive:CONDITIONING negative:CONDITIONING latent_image:LATENT"


def opened(document: Json) -> Workflow:
    """Read a document, and hold that it comes back unchanged even after our own format."""
    workflow = read_json(json.loads(json.dumps(document)))
    saved = read(json.loads(json.dumps(workflow.to_json())))
    assert to_ui(saved, NONE).document == document
    return workflow


def inputs(workflow: Workflow, id: str) -> dict[str, Any]:
    """What a node gets in ComfyUI's API format."""
    return dict(to_api(workflow, NONE).document[id]["inputs"])


def edges(workflow: Workflow) -> set[tuple[str, str, str, str]]:
    return {(edge.source, edge.output, edge.target, edge.input) for edge in workflow.graph.edges}


def test_one_sampler_becomes_four_nodes() -> None:
    graph = opened(text_to_image()).graph
    types = {id: entry.type for id, entry in graph.nodes.items()}
    assert types == {
        "4": "load_model",
        "6": "encode_text",
        "7": "encode_text",
        "5": "empty_latent",
        "3": "sample",
        "3:schedule": "basic_schedule",
        "3:guidance": "cfg",
        "3:sampler": "euler",
        "8": "decode_latent",
        "9": "save_image",
    }
    assert graph.nodes["3"].values == {"seed": 7}
    assert graph.nodes["3:schedule"].values == {
        "scheduler": "simple",
        "steps": 20,
        "strength": 1.0,
    }
    assert Edge("4", "model", "5", "model") in graph.edges
    assert graph.nodes["6"].extra["position"] == [415, 186]


def test_control_after_generate_is_no_value() -> None:
    advanced = node(
        1,
        "KSamplerAdvanced",
        ["enable", 9, "increment", 25, 4.5, "heun", "simple", 0, 10000, "disable"],
        inputs=SAMPLER,
        outputs="LATENT:LATENT",
    )
    graph = opened(canvas(advanced)).graph
    assert graph.nodes["1"].values["seed"] == 9
    assert graph.nodes["1:schedule"].values["steps"] == 25
    assert graph.nodes["1:sampler"].type == "heun"


@pytest.mark.parametrize(
    "widgets",
    [
        {"widgets_values": {"seed": 5, "steps": 3}},
        {
            "widgets_values": [5, "fixed", 3],
            "widgets_values_named": {"seed": 5, "control_after_generate": "fixed", "steps": 3},
        },
        {"widgets_values_named": {"seed": 5, "steps": 3}},
    ],
)
def test_values_may_have_names(widgets: Json) -> None:
    workflow = opened(canvas(node(1, "Some Pack's Node", **widgets)))
    assert workflow.graph.nodes["1"].values == {"seed": 5, "steps": 3}


def test_an_unknown_node_tells_its_widgets_by_its_inputs() -> None:
    drawn = widget(
        node(1, "Odd", [5, "fixed", "x"], inputs="image:IMAGE seed:INT words:STRING"), "seed", "words"
    )
    assert opened(canvas(drawn)).graph.nodes["1"].values == {"seed": 5, "words": "x"}
    drawn = widget(node(1, "Odd", [5, "fixed", "x"], inputs="image:IMAGE seed:INT"), "seed")
    assert opened(canvas(drawn)).graph.nodes["1"].values == {"widgets_values": [5, "fixed", "x"]}


def test_missing_values_get_comfyuis_defaults() -> None:
    workflow = opened(canvas(node(1, "KSampler", [5], inputs=SAMPLER, outputs="LATENT:LATENT")))
    assert workflow.graph.nodes["1:guidance"].values == {"guidance_scale": 8.0}


def test_a_linked_widget_forgets_its_old_value_and_primitives_vanish() -> None:
    encode = widget(
        node(2, "CLIPTextEncode", ["old"], inputs="clip:CLIP text:STRING", outputs="C:CONDITIONING"), "text"
    )
    primitive = node(1, "PrimitiveNode", ["new", "fixed"], outputs="STRING:STRING")
    workflow = opened(canvas(primitive, encode, links="1.0>2.1"))
    assert workflow.graph.nodes.keys() == {"2"}
    assert workflow.graph.nodes["2"].values == {"prompt": "new"}
    assert inputs(workflow, "2") == {"text": "new"}


def test_a_muted_source_leaves_a_widget_its_value() -> None:
    encode = widget(
        node(2, "CLIPTextEncode", ["own"], inputs="clip:CLIP text:STRING", outputs="C:CONDITIONING"), "text"
    )
    source = node(1, "Writer", mode=2, outputs="STRING:STRING")
    workflow = opened(canvas(source, encode, links="1.0>2.1"))
    assert inputs(workflow, "2") == {"text": "own"}
    assert workflow.graph.nodes["1"].mode == "mute"


def test_reroutes_setters_and_notes_are_looked_through() -> None:
    workflow = opened(
        canvas(
            node(1, "LoadImage", ["a.png", "image"], outputs="IMAGE:IMAGE MASK:MASK"),
            node(2, "Reroute", inputs=":*", outputs=":IMAGE"),
            node(3, "SetNode", ["pic"], inputs="IMAGE:IMAGE", outputs="*:*"),
            node(4, "GetNode", ["pic"], outputs="IMAGE:IMAGE"),
            node(5, "PreviewImage", inputs="images:IMAGE"),
            node(6, "Note", ["mind the gap"], title="Read me"),
            node(7, "MarkdownNote", ["# hello"]),
            links="1.0>2.0 2.0>3.0 4.0>5.0",
        )
    )
    assert edges(workflow) == {("1", "image", "5", "image")}
    assert [note["text"] for note in workflow.graph.extra["notes"]] == ["mind the gap", "# hello"]


def test_a_reroute_in_a_circle_ends() -> None:
    circle = canvas(
        node(1, "Reroute", inputs=":*", outputs=":*"),
        node(2, "Reroute", inputs=":*", outputs=":*"),
        links="1.0>2.0 2.0>1.0",
    )
    circle["nodes"].append(node(3, "PreviewImage", inputs="images:IMAGE"))
    circle["links"].append([3, 2, 0, 3, 0, "*"])
    circle["nodes"][2]["inputs"][0]["link"] = 3
    assert edges(opened(circle)) == set()


def test_bypass_takes_the_same_slot_or_the_first_of_its_type() -> None:
    both = "model:MODEL clip:CLIP"
    document = canvas(
        node(1, "CheckpointLoaderSimple", ["mini"], outputs="MODEL:MODEL CLIP:CLIP VAE:VAE"),
        node(2, "LoraLoader", ["x.safetensors", 1, 1], mode=4, inputs=both, outputs="MODEL:MODEL CLIP:CLIP"),
        node(3, "Swap", mode=4, inputs="clip:CLIP model:MODEL", outputs="MODEL:MODEL CLIP:CLIP"),
        node(4, "CLIPTextEncode", ["x"], inputs="clip:CLIP", outputs="C:CONDITIONING"),
        node(5, "SomeViewer", inputs="source:*"),
        links="1.0>2.0 1.1>2.1 2.1>3.0 2.0>3.1 3.1>4.0 3.0>5.0",
    )
    workflow = opened(document)
    assert ("1", "text_encoder", "4", "text_encoder") in edges(workflow)
    assert ("1", "model", "5", "source") in edges(workflow)
    assert workflow.graph.nodes["2"].mode == "bypass"
    assert to_api(workflow, NONE).document.keys() == {"1", "4", "5"}


def nested() -> Json:
    """Text in a box in a box; the inner one's text comes from outside, its encoder through both."""
    encode = widget(
        node(30, "CLIPTextEncode", ["inner"], inputs="clip:CLIP text:STRING", outputs="C:CONDITIONING"),
        "text",
    )
    inner = subgraph(
        "in-ner",
        encode,
        links="-10.0>30.0 -10.1>30.1 30.0>-20.0",
        inputs="clip:CLIP text:STRING",
        outputs="C:CONDITIONING",
    )
    box = widget(node(57, "in-ner", [], inputs="clip:CLIP text:STRING", outputs="C:CONDITIONING"), "text")
    outer = subgraph(
        "out-er",
        box,
        links="-10.0>57.0 -10.1>57.1 57.0>-20.0",
        inputs="clip:CLIP text:STRING",
        outputs="C:CONDITIONING",
    )
    ports = {"inputs": "clip:CLIP text:STRING", "outputs": "C:CONDITIONING"}
    return canvas(
        node(1, "CheckpointLoaderSimple", ["mini"], outputs="MODEL:MODEL CLIP:CLIP VAE:VAE"),
        widget(node(2, "out-er", [], properties={"proxyWidgets": [["57", "text"]]}, **ports), "text"),
        widget(node(3, "out-er", ["by place"], **ports), "text"),
        widget(node(4, "out-er", ["by name"], widgets_values_named={"text": "by name"}, **ports), "text"),
        node(5, "PrimitiveNode", ["by wire", "fixed"], outputs="STRING:STRING"),
        widget(node(6, "out-er", ["covered"], **ports), "text"),
        node(7, "Collect", inputs="a:CONDITIONING b:CONDITIONING"),
        links="1.1>2.0 1.1>3.0 1.1>4.0 1.1>6.0 5.0>6.1 2.0>7.0 6.0>7.1",
        definitions={"subgraphs": [outer, inner]},
    )


def test_nested_subgraphs_are_written_out() -> None:
    workflow = opened(nested())
    texts = {
        id: entry.values["prompt"]
        for id, entry in workflow.graph.nodes.items()
        if entry.type == "encode_text"
    }
    assert texts == {"2:57:30": "inner", "3:57:30": "by place", "4:57:30": "by name", "6:57:30": "by wire"}
    assert ("1", "text_encoder", "2:57:30", "text_encoder") in edges(workflow)
    assert ("6:57:30", "conditioning", "7", "b") in edges(workflow)
    assert to_api(workflow, NONE).document["7"]["inputs"] == {"a": ["2:57:30", 0], "b": ["6:57:30", 0]}


@pytest.mark.parametrize("mode", [2, 4])
def test_what_is_in_a_muted_or_bypassed_box_does_not_run(mode: int) -> None:
    document = nested()
    document["nodes"][1]["mode"] = mode
    workflow = opened(document)
    assert workflow.graph.nodes["2:57:30"].mode == "mute"
    assert "2:57:30" not in to_api(workflow, NONE).document


def test_string_ids_and_links_as_objects() -> None:
    document = canvas(
        node("57:1", "LoadImage", ["a.png", "image"], outputs="IMAGE:IMAGE"),
        node("x", "PreviewImage", inputs="images:IMAGE"),
        version=1,
    )
    document["links"] = [
        {"id": 1, "origin_id": "57:1", "origin_slot": 0, "target_id": "x", "target_slot": 0, "type": "IMAGE"}
    ]
    document["nodes"][1]["inputs"][0]["link"] = 1
    assert edges(opened(document)) == {("57:1", "image", "x", "image")}


def test_a_box_in_itself_is_refused() -> None:
    endless = subgraph("me", node(1, "me"), links="", inputs="", outputs="")
    with pytest.raises(MalformedWorkflow, match="contains itself"):
        read_json(canvas(node(1, "me"), definitions={"subgraphs": [endless]}))


def test_boxes_that_multiply_are_refused() -> None:
    boxes = [
        subgraph(f"g{level}", *(node(n, f"g{level + 1}") for n in range(10)), links="", inputs="", outputs="")
        for level in range(8)
    ]
    with pytest.raises(MalformedWorkflow, match="more than 20,000 nodes"):
        read_json(canvas(node(1, "g0"), definitions={"subgraphs": boxes}))


def test_what_is_not_understood_is_kept() -> None:
    document = text_to_image() | {"unheard": {"of": [1.0, None]}, "version": 1, "state": {"lastNodeId": 9}}
    document["nodes"][0] |= {"locked": True, "pos": {"0": 1, "1": 2}, "showAdvanced": False}
    document["links"].append(None)
    document["links"].append([77, 4])
    document["definitions"] = {"subgraphs": [None, {"id": 5}], "more": 1}
    assert opened(document).graph.nodes["4"].extra["position"] == [1, 2]


@pytest.mark.parametrize(
    ("values", "megapixels", "multiple"),
    [(["scale total pixels", 0.5, "lanczos"], 0.5, 1), (["scale total pixels", 0.5, 32, "lanczos"], 0.5, 32)],
)
def test_widgets_that_a_choice_brings_along(values: list[Any], megapixels: float, multiple: int) -> None:
    resize = node(2, "ResizeImageMaskNode", values, inputs="input:IMAGE,MASK", outputs="resized:IMAGE")
    picture = node(1, "LoadImage", ["a.png", "image"], outputs="IMAGE:IMAGE MASK:MASK")
    made = opened(canvas(picture, resize, links="1.0>2.0")).graph.nodes["2"]
    assert made.type == "scale_to_megapixels"
    assert made.values == {"megapixels": megapixels, "multiple": multiple, "method": "lanczos"}
    wired = opened(canvas(picture, resize, links="1.1>2.0")).graph.nodes["2"]
    assert wired.type == "ResizeImageMaskNode", "there is another node for masks"


def test_nodes_that_become_several_do_not_lie_on_each_other() -> None:
    known = catalog.find()
    for path in sorted(WORKFLOWS.glob("*.json")):
        drawn = to_ui(read_any(path.read_bytes(), known), known).document
        places = [tuple(node["pos"]) for node in drawn["nodes"]]
        assert len(set(places)) == len(places), path.stem

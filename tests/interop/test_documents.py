"""Reading any format, writing ComfyUI's, and editing in between."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.graph.catalog import Catalog
from app.graph.check import check
from app.graph.edit import set_value
from app.graph.workflow import Edge, Graph, MalformedWorkflow, NodeInstance, Workflow, read
from app.interop.documents import read as read_any
from app.interop.documents import read_json, to_api, to_ui
from tests.interop.drawings import Json, canvas, node, prompt, subgraph, text_to_image, widget

EXAMPLES = sorted((Path(__file__).parents[2] / "workflows").glob("*.json"))


def edited(workflow: Workflow, change: Callable[[dict[str, NodeInstance]], Any]) -> Workflow:
    nodes = dict(workflow.graph.nodes)
    change(nodes)
    graph = replace(workflow.graph, nodes=nodes)
    return replace(workflow, graphs={"main": graph})


def differences(one: Any, other: Any, where: str = "") -> list[str]:
    """The places at which two JSON values differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        names = sorted(one.keys() | other.keys())
        return [d for name in names for d in differences(one.get(name), other.get(name), f"{where}/{name}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [
            d
            for n, pair in enumerate(zip(one, other, strict=True))
            for d in differences(*pair, f"{where}/{n}")
        ]
    return [] if one == other else [where]


def test_one_value_changes_one_place(nodes: Catalog) -> None:
    before = text_to_image()
    workflow = set_value(read_json(text_to_image()), "3:schedule", "steps", "9", nodes)
    written = to_ui(workflow, nodes)
    assert differences(before, written.document) == ["/nodes/4/widgets_values/2"] and not written.problems
    assert written.document["nodes"][4]["widgets_values"] == [7, "randomize", 9, 3, "euler", "simple", 1]
    assert to_api(workflow, nodes).document["3"]["inputs"]["steps"] == 9


def test_a_large_seed_is_written_as_a_number(nodes: Catalog) -> None:
    workflow = set_value(read_json(prompt()), "3", "seed", str(2**64 - 1), nodes)
    saved = read(json.loads(json.dumps(workflow.to_json())))
    assert to_api(saved, nodes).document["3"]["inputs"]["seed"] == 2**64 - 1


def test_looks_and_modes_are_written(nodes: Catalog) -> None:
    def change(found: dict[str, NodeInstance]) -> None:
        looks = {"position": [1, 2], "title": "Mine", "color": "", "collapsed": False}
        found["6"] = replace(found["6"], extra={**found["6"].extra, **looks})
        found["9"] = replace(found["9"], mode="mute")
        found["4"] = replace(found["4"], extra={**found["4"].extra, "position": [26.4, 474]})

    written = to_ui(edited(read_json(text_to_image()), change), nodes).document
    assert differences(text_to_image(), written) == [
        "/nodes/1/pos/0",
        "/nodes/1/pos/1",
        "/nodes/1/title",
        "/nodes/6/mode",
    ]


def test_a_value_that_comfyui_cannot_say_is_told(nodes: Catalog) -> None:
    workflow = edited(
        read_any((EXAMPLES[0].parent / "first_picture.json").read_bytes()),
        lambda found: found.update(latent=NodeInstance("empty_latent", {"width": 0, "height": 96})),
    )
    written = to_api(workflow, nodes)
    assert written.document["latent"]["inputs"]["width"] == 1024
    assert "width is 0 here, but ComfyUI will take 1024" in "".join(map(str, written.problems))


def test_a_value_shared_by_two_boxes_is_not_changed_for_both(nodes: Catalog) -> None:
    encode = widget(
        node(30, "CLIPTextEncode", ["same"], inputs="clip:CLIP text:STRING", outputs="C:CONDITIONING"), "text"
    )
    box = subgraph("box", encode, links="30.0>-20.0", inputs="", outputs="C:CONDITIONING")
    document = canvas(node(1, "box", []), node(2, "box", []), definitions={"subgraphs": [box]})
    workflow = set_value(read_json(document), "1:30", "prompt", "one", nodes)
    written = to_api(workflow, nodes).document
    assert sorted(entry["inputs"]["text"] for entry in written.values()) == ["one", "same"]


def test_structure_changes_draw_the_file_anew(nodes: Catalog) -> None:
    workflow = read_json(text_to_image())
    cache = NodeInstance("first_block_cache", {"threshold": 0.1})
    graph = workflow.graph
    kept = [edge for edge in graph.edges if (edge.target, edge.input) != ("3", "model")]
    edges = (*kept, Edge("4", "model", "cache", "model"), Edge("cache", "model", "3", "model"))
    workflow = replace(workflow, graphs={"main": Graph({**graph.nodes, "cache": cache}, edges, graph.extra)})
    written = to_ui(workflow, nodes)
    assert "ComfyUI has no counterpart of first_block_cache" in str(written.problems[0])
    again = read_json(json.loads(json.dumps(written.document)))
    assert {entry.type for entry in again.graph.nodes.values()} == {
        entry.type for entry in workflow.graph.nodes.values()
    }
    assert not [problem for problem in check(again, nodes) if problem.severity == "error"]
    (sampler,) = (entry for entry in written.document["nodes"] if entry["type"] == "KSampler")
    assert sampler["widgets_values"] == [7, "fixed", 20, 3, "euler", "simple", 1.0] and sampler["id"] == 3


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
@pytest.mark.parametrize("write", [to_ui, to_api])
def test_our_examples_go_there_and_back(path: Path, write: Callable[..., Any], nodes: Catalog) -> None:
    workflow = read_any(path.read_bytes())
    assert json.loads(json.dumps(workflow.to_json())) == json.loads(path.read_text())
    back = read_json(json.loads(json.dumps(write(workflow, nodes).document)))

    def parts(graph: Graph) -> list[tuple[str, Any]]:
        sampled = [entry for entry in graph.nodes.values() if entry.type == "sample"]
        return sorted((entry.type, str(entry.values.get("seed", 0))) for entry in sampled)

    assert parts(back.graph) == parts(workflow.graph)
    errors = [str(problem) for problem in check(back, nodes) if problem.severity == "error"]
    assert not errors


def test_api_to_ui_to_api(nodes: Catalog) -> None:
    drawn = to_ui(read_json(prompt()), nodes).document
    assert drawn["version"] == 0.4 and {entry["id"] for entry in drawn["nodes"]} == {3, 4, 5, 6, 7, 8, 9}
    back = to_api(read_json(drawn), nodes).document
    assert {id: (entry["class_type"], entry["inputs"]) for id, entry in back.items()} == {
        id: (entry["class_type"], entry["inputs"]) for id, entry in prompt().items()
    }


def test_a_shift_becomes_a_node(nodes: Catalog) -> None:
    workflow = set_value(
        read_any((EXAMPLES[0].parent / "first_picture.json").read_bytes()), "schedule", "shift", "3", nodes
    )
    written = to_api(workflow, nodes)
    shifts = [entry for entry in written.document.values() if entry["class_type"] == "ModelSamplingSD3"]
    assert shifts and all(entry["inputs"]["shift"] == 3 for entry in shifts)
    assert any("ModelSamplingSD3" in problem.message for problem in written.problems)


def test_a_tampered_origin_is_ignored(nodes: Catalog) -> None:
    workflow = read_json(text_to_image())
    for kept in (
        "nonsense",
        {"format": "comfy-ui"},
        {"format": "comfy-ui", "document": "[1"},
        {"format": "comfy-api", "document": "[]"},
    ):
        document = to_ui(replace(workflow, extra={"comfyui": kept}), nodes).document
        assert len(document["nodes"]) == 7


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not JSON"),
        (b"[]", "no workflow"),
        (b'{"a": 1}', "no workflow"),
        (b'{"prompt": {"1": {"class_type": "X"}}}', "request to ComfyUI's server"),
        (b'{"nodes": [1]}', "Entry 0 of 'nodes' should be an object"),
        (b'{"nodes": [{"id": 1}]}', "'type' of node '1'"),
        (b'{"nodes": [{"id": 1.5, "type": "X"}]}', "has the id 1.5"),
        (b'{"1": {"class_type": "X", "inputs": []}}', "'inputs' of node '1'"),
        (b'{"1": {"class_type": "X"}, "2": {}}', "'class_type' of node '2'"),
        (b'{"nodes": [' + b"[" * 200 + b"]" * 200 + b"]}", "nested more than"),
        (b"[" * 100_000, "not JSON"),
        (b"\xff\xfe\xfa", "not JSON"),
        (b"\xff\xd8\xff\xe0", "carries no workflow"),
        (b"\x00\x00\x00\x18ftypmp42", "video or an AVIF"),
    ],
)
def test_what_is_no_workflow_is_told_in_one_sentence(data: bytes, words: str) -> None:
    with pytest.raises(MalformedWorkflow, match=words) as caught:
        read_any(data)
    assert caught.value.problem.remedy


def test_an_empty_document_opens(nodes: Catalog) -> None:
    document: Json = canvas()
    assert to_ui(read_json(document), nodes).document == document


def test_several_wires_into_one_input(nodes: Catalog) -> None:
    texts = {f"t{n}": NodeInstance("text", {"value": str(n)}) for n in range(3)}
    edges = tuple(Edge(id, "str", "join", "texts") for id in texts)
    workflow = Workflow({"main": Graph({**texts, "join": NodeInstance("join_text")}, edges)})
    for write in (to_ui, to_api):
        back = read_json(json.loads(json.dumps(write(workflow, nodes).document)))
        assert [edge.input for edge in back.graph.edges] == ["texts"] * 3


def test_values_without_names_are_told_when_the_api_needs_them(nodes: Catalog) -> None:
    written = to_api(read_json(canvas(node(1, "Odd", [5]))), nodes)
    assert "1 (Odd): its values have no names" in str(written.problems[0])


def test_numbered_outputs_get_names_from_the_catalogue(nodes: Catalog) -> None:
    document = prompt() | {"10": {"class_type": "patchloom.first_block_cache", "inputs": {"model": ["4", 0]}}}
    document["3"]["inputs"]["model"] = ["10", 0]
    workflow = read_json(document, nodes)
    assert Edge("10", "model", "3", "model") in workflow.graph.edges
    assert to_api(workflow, nodes).document == document
    assert not [problem for problem in check(workflow, nodes) if problem.severity == "error"]


def test_values_that_comfyui_has_no_word_for_are_told(nodes: Catalog) -> None:
    workflow = read_any((EXAMPLES[0].parent / "first_picture.json").read_bytes())

    def change(found: dict[str, NodeInstance]) -> None:
        found["schedule"] = NodeInstance("karras", {"steps": 9, "rho": 5.0})
        found["sampler"] = NodeInstance("lms", {"order": 2})

    written = to_api(edited(workflow, change), nodes)
    told = {(problem.node, problem.input) for problem in written.problems}
    assert {("schedule", "rho"), ("sampler", "order"), ("latent", "width")} <= told
    assert written.document["sample"]["inputs"]["scheduler"] == "karras"

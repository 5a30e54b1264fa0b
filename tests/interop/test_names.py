"""The table: it names real nodes, and what it cannot say exactly it says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.graph.catalog import Catalog
from app.graph.check import check
from app.graph.workflow import Workflow
from app.interop.documents import problems, read_json, to_api
from app.interop.names import TABLE, class_type_of, placeholder_type
from app.interop.page import table
from app.interop.rules import Named, Of, Part, Rule, Word
from app.interop.translate import port_of_ours
from app.interop.ways import Loosely
from tests.interop.drawings import Json, prompt

PAGE = Path(__file__).parents[2] / "docs" / "comfyui.md"


def changed(**inputs: Any) -> Json:
    """The plain prompt with other inputs of its KSampler."""
    document = prompt()
    document["3"]["inputs"] |= inputs
    return document


def part(workflow: Workflow, name: str) -> tuple[str, dict[str, Any]]:
    node = workflow.graph.nodes[f"3:{name}"]
    return node.type, dict(node.values)


def told(workflow: Workflow) -> str:
    return "\n".join(map(str, problems(workflow)))


def every_part(rule: Rule) -> list[Part]:
    return [found for part in rule.parts for found in (part, part.instead) if found]


@pytest.mark.parametrize("rule", TABLE, ids=lambda rule: rule.class_type)
def test_its_words_are_choices_of_our_nodes(rule: Rule, nodes: Catalog) -> None:
    for entry in every_part(rule):
        for type in entry.types():
            for name, way in entry.ways(type).items():
                spec = nodes.get(type)
                allowed = spec.input(name) if spec else None
                if allowed is not None and allowed.choices and isinstance(way, Word | Loosely):
                    assert set(way.words.values()) <= set(allowed.choices), f"{type}.{name}"


@pytest.mark.parametrize("rule", TABLE, ids=lambda rule: rule.class_type)
def test_the_table_names_nodes_and_ports_that_exist(rule: Rule, nodes: Catalog) -> None:
    by_suffix = {part.suffix: part for part in rule.parts}
    for entry in every_part(rule):
        own = entry.type.nodes.values() if isinstance(entry.type, Named) else [entry.type]
        for type in own:
            spec = nodes.get(type)
            assert spec is not None, f"{type} is not in the catalogue"
            inputs = {item.name for item in spec.inputs}
            assert {port_of_ours(name) for name in entry.ways(type)} <= inputs
    for way in (way for entry in every_part(rule) for way in entry.inputs.values() if isinstance(way, Of)):
        assert way.part in by_suffix or rule.class_type.startswith("SamplerCustom")
    for out in rule.outputs:
        specs = [nodes.get(type) for type in rule.parts[0].types()]
        assert out.ours is None or any(spec and spec.output(out.ours) for spec in specs)


def test_the_page_has_the_table() -> None:
    assert table() in PAGE.read_text(encoding="utf-8"), "print it: python -m app.interop.page"


@pytest.mark.parametrize(
    ("inputs", "where", "type", "words"),
    [
        (
            {"sampler_name": "restart"},
            "3:sampler",
            "comfyui.restart",
            "sampler_name is 'restart', known are 'euler'",
        ),
        (
            {"scheduler": "beta57"},
            "3:schedule",
            "comfyui.beta57",
            "scheduler is 'beta57', known are 'simple'",
        ),
        ({"scheduler": 7}, "3", "KSampler", "scheduler is connected"),
    ],
)
def test_what_cannot_be_said_stays_a_placeholder(
    inputs: Json, where: str, type: str, words: str, nodes: Catalog
) -> None:
    workflow = read_json(changed(**inputs))
    assert workflow.graph.nodes[where].type == type
    assert words in told(workflow)
    errors = [problem for problem in check(workflow, nodes) if problem.severity == "error"]
    assert [(problem.code, problem.node) for problem in errors] == [("unknown_node", where)]


def test_an_output_that_we_do_not_have_is_reported(nodes: Catalog) -> None:
    document: Json = {
        "1": {"class_type": "LoadVideo", "inputs": {"file": "a.mp4"}},
        "2": {"class_type": "GetVideoComponents", "inputs": {"video": ["1", 0]}},
        "3": {"class_type": "PreviewAny", "inputs": {"source": ["2", 3]}},
    }
    messages = [str(problem) for problem in check(read_json(document), nodes)]
    assert any("2 has no output 'bit_depth'" in message for message in messages)


def test_primitives_and_switches() -> None:
    document = prompt() | {
        "30": {"class_type": "PrimitiveInt", "inputs": {"value": 256}},
        "31": {"class_type": "PrimitiveBoolean", "inputs": {"value": True}},
        "32": {
            "class_type": "ComfySwitchNode",
            "inputs": {"switch": ["31", 0], "on_true": ["6", 0], "on_false": ["7", 0]},
        },
        "33": {"class_type": "PrimitiveInt", "inputs": {"value": 5}},
    }
    document["5"]["inputs"] |= {"width": ["30", 0]}
    document["3"]["inputs"] |= {"positive": ["32", 0], "steps": ["33", 0], "denoise": 0.5}
    workflow = read_json(document)
    edges = {(edge.source, edge.target, edge.input) for edge in workflow.graph.edges}
    assert {("30", "5", "width"), ("6", "3:guidance", "positive"), ("33", "3:schedule", "steps")} <= edges
    assert part(workflow, "schedule")[1]["strength"] == 0.5
    assert workflow.graph.nodes.keys() & {"31", "32"} == set()


def test_a_switch_that_is_computed_stays_a_switch() -> None:
    document = prompt() | {
        "31": {"class_type": "Decide", "inputs": {}},
        "32": {
            "class_type": "ComfySwitchNode",
            "inputs": {"switch": ["31", 0], "on_true": ["6", 0], "on_false": ["7", 0]},
        },
    }
    document["3"]["inputs"]["positive"] = ["32", 0]
    workflow = read_json(document)
    assert workflow.graph.nodes["32"].type == "switch"
    endless = prompt() | {
        "32": {"class_type": "ComfySwitchNode", "inputs": {"switch": ["32", 0], "on_true": ["32", 0]}}
    }
    assert read_json(endless).graph.nodes["32"].type == "switch"


def test_pictures(nodes: Catalog) -> None:
    scale = {"image": ["1", 0], "upscale_method": "bicubic", "width": 64, "height": 64, "crop": "center"}
    document: Json = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "sub/a.png [input]"}},
        "2": {"class_type": "ImageScale", "inputs": scale},
        "3": {"class_type": "PreviewImage", "inputs": {"images": ["2", 0]}},
    }
    workflow = read_json(document)
    assert workflow.graph.nodes["1"].values == {"name": "sub/a.png", "transparent": "as stored"}
    assert workflow.graph.nodes["2"].values == {
        "width": 64,
        "height": 64,
        "fit": "crop",
        "method": "bicubic",
    }
    assert "'bicubic' is smoothed here when pictures shrink" in told(workflow)
    assert not [problem for problem in check(workflow, nodes) if problem.severity == "error"]
    document["1"]["inputs"]["image"] = "a.png [output]"
    assert read_json(document).graph.nodes["1"].type == "LoadImage"


def test_a_wire_to_nowhere_is_told() -> None:
    assert "['99', 0] is no node of this file" in told(read_json(changed(positive=["99", 0])))


@pytest.mark.parametrize("class_type", ["sample", "Lora Loader", "LoraLoader", "patchloom.first_block_cache"])
def test_names_of_placeholders_come_back(class_type: str) -> None:
    assert class_type_of(placeholder_type(class_type)) == class_type


def test_a_stranger_with_one_of_our_names_is_not_taken_for_ours() -> None:
    workflow = read_json({"1": {"class_type": "sample", "inputs": {"seed": 2**63}}})
    assert workflow.graph.nodes["1"].type == "comfyui.sample"
    assert to_api(workflow, Catalog()).document["1"]["inputs"] == {"seed": 2**63}


@pytest.mark.parametrize(("strength", "differential"), [(1, True), (0.5, None)])
def test_differential_diffusion_is_said_where_the_mask_is_set(strength: float, differential: Any) -> None:
    document = changed(model=["20", 0], latent_image=["21", 0])
    document["20"] = {
        "class_type": "DifferentialDiffusion",
        "inputs": {"model": ["4", 0], "strength": strength},
    }
    document["21"] = {
        "class_type": "SetLatentNoiseMask",
        "inputs": {"samples": ["5", 0], "mask": ["22", 0]},
    }
    document["22"] = {"class_type": "SolidMask", "inputs": {"value": 0.5, "width": 64, "height": 64}}
    workflow = read_json(document)
    assert workflow.graph.nodes["21"].values.get("differential") == differential
    assert ("20" in workflow.graph.nodes) == (differential is None), "with a strength it stays a placeholder"


def test_what_is_left_out_with_a_difference_is_told() -> None:
    document = changed(positive=["20", 0])
    said = {"conditioning": ["6", 0], "reference_latents_method": "index_timestep_zero"}
    document["20"] = {"class_type": "FluxKontextMultiReferenceLatentMethod", "inputs": said}
    workflow = read_json(document)
    assert "20" not in workflow.graph.nodes and "takes references as its file says" in told(workflow)
    said["reference_latents_method"] = "uxo/uno"
    assert "20" in read_json(document).graph.nodes

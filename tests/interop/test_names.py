"""The table: it names real nodes, and what it cannot say exactly it says so."""

from __future__ import annotations

from dataclasses import replace
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
from app.interop.sampler_parts import NEAR_SAMPLERS
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


def test_steps_and_denoise_are_taken_as_they_are() -> None:
    values = part(read_json(changed(steps=20, denoise=0.6)), "schedule")
    assert values == ("basic_schedule", {"scheduler": "simple", "steps": 20, "strength": 0.6})
    skipping = part(read_json(changed(sampler_name="uni_pc")), "schedule")[1]
    assert skipping["skip_penultimate"] is True


def test_the_shift_stays_on_the_wire_of_the_model() -> None:
    document = prompt() | {
        "11": {"class_type": "ModelSamplingSD3", "inputs": {"model": ["4", 0], "shift": 3}},
        "12": {"class_type": "SomePatch", "inputs": {"model": ["11", 0]}},
    }
    document["3"]["inputs"]["model"] = ["12", 0]
    workflow = read_json(document)
    shift = workflow.graph.nodes["11"]
    assert (shift.type, dict(shift.values)) == ("shift_model", {"shift": 3})
    edges = {(edge.source, edge.target, edge.input) for edge in workflow.graph.edges}
    assert {("4", "11", "model"), ("12", "3", "model"), ("12", "3:schedule", "model")} <= edges
    assert told(workflow) == ""


def test_cfg_1_asks_no_negative() -> None:
    assert part(read_json(changed(cfg=1)), "guidance") == ("no_guidance", {})


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


def test_a_node_on_the_wire_of_the_model_changes_the_guidance(nodes: Catalog) -> None:
    document = prompt() | {
        "11": {"class_type": "CFGNorm", "inputs": {"model": ["4", 0], "strength": 0.8}},
        "12": {"class_type": "ModelSamplingSD3", "inputs": {"model": ["11", 0], "shift": 3.0}},
    }
    document["3"]["inputs"]["model"] = ["12", 0]
    workflow = read_json(document)
    assert part(workflow, "guidance") == ("cfg_norm", {"guidance_scale": 3.0, "strength": 0.8})
    assert "11" not in workflow.graph.nodes and ("4", "12") in {
        (edge.source, edge.target) for edge in workflow.graph.edges
    }
    assert not [problem for problem in check(workflow, nodes) if problem.severity == "error"]
    back = to_api(replace(workflow, extra={}), nodes).document
    (norm,) = (node for node in back.values() if node["class_type"] == "CFGNorm")
    assert norm["inputs"] == {"model": ["12", 0], "strength": 0.8} and back["3"]["inputs"]["cfg"] == 3.0
    assert part(read_json(back), "guidance") == part(workflow, "guidance")
    document["3"]["inputs"]["cfg"] = 1
    assert part(read_json(document), "guidance") == ("no_guidance", {})


def test_control_networks_move_from_the_prompts_to_the_model(nodes: Catalog) -> None:
    def control(above: str, strength: float) -> Json:
        wires = {"positive": [above, 0], "negative": [above, 1] if above == "13" else ["7", 0]}
        others = {"control_net": ["12", 0], "image": ["11", 0], "vae": ["4", 2], "strength": strength}
        shares = {"start_percent": 0.0, "end_percent": 0.5}
        return {"class_type": "ControlNetApplyAdvanced", "inputs": {**wires, **others, **shares}}

    document = prompt() | {
        "11": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64}},
        "12": {"class_type": "ControlNetLoader", "inputs": {"control_net_name": "a.safetensors"}},
        "13": control("6", 0.5),
        "14": control("13", 0.25),
    }
    document["3"]["inputs"] |= {"positive": ["14", 0], "negative": ["14", 1]}
    workflow = read_json(document)
    edges = {(edge.source, edge.output, edge.target, edge.input) for edge in workflow.graph.edges}
    assert {
        ("4", "model", "13", "model"),
        ("13", "model", "14", "model"),
        ("14", "model", "3", "model"),
        ("6", "conditioning", "3:guidance", "positive"),
        ("7", "conditioning", "3:guidance", "negative"),
    } <= edges
    assert not [problem for problem in check(workflow, nodes) if problem.severity == "error"]
    assert to_api(workflow, nodes).document == document


def test_partial_sampling(nodes: Catalog) -> None:
    document = changed(
        add_noise="disable",
        noise_seed=4,
        start_at_step=5,
        end_at_step=9,
        return_with_leftover_noise="enable",
    )
    document["3"]["class_type"] = "KSamplerAdvanced"
    workflow = read_json(document)
    section = workflow.graph.nodes["3"]
    assert section.type == "sample_section" and section.values == {
        "seed": 4,
        "add_noise": False,
        "start_step": 5,
        "end_step": 9,
        "leftover_noise": True,
    }
    assert part(workflow, "schedule")[1] == {"scheduler": "simple", "steps": 20, "strength": 1.0}
    back = to_api(replace(workflow, extra={}), nodes).document["3"]
    assert (
        back["class_type"] == "KSamplerAdvanced"
        and back["inputs"].items()
        >= {
            "start_at_step": 5,
            "end_at_step": 9,
            "add_noise": "disable",
        }.items()
    )


def custom(noise: str = "RandomNoise") -> Json:
    document = prompt() | {
        "20": {"class_type": noise, "inputs": {"noise_seed": 11} if noise == "RandomNoise" else {}},
        "21": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "heun"}},
        "22": {
            "class_type": "BasicScheduler",
            "inputs": {"model": ["4", 0], "scheduler": "simple", "steps": 4, "denoise": 1},
        },
        "23": {"class_type": "BasicGuider", "inputs": {"model": ["4", 0], "conditioning": ["6", 0]}},
    }
    names = {"noise": "20", "sampler": "21", "sigmas": "22", "guider": "23", "latent_image": "5"}
    document["3"] = {
        "class_type": "SamplerCustomAdvanced",
        "inputs": {name: [id, 0] for name, id in names.items()},
    }
    return document


def test_the_custom_sampler_takes_model_and_seed_from_its_parts(nodes: Catalog) -> None:
    workflow = read_json(custom())
    edges = {(edge.source, edge.target, edge.input) for edge in workflow.graph.edges}
    assert {
        ("4", "3", "model"),
        ("23", "3", "guider"),
        ("21", "3", "sampler"),
        ("22", "3", "sigmas"),
    } <= edges
    assert ("4", "5", "model") in edges and "20" not in workflow.graph.nodes
    assert workflow.graph.nodes["3"].values == {"seed": 11}
    assert not [problem for problem in check(workflow, nodes) if problem.severity == "error"]
    silent = read_json(custom("DisableNoise")).graph.nodes["3"]
    assert silent.type == "sample_section" and silent.values == {"add_noise": False}
    assert "noise comes from Odd, which has no noise_seed" in told(read_json(custom("Odd")))


def test_the_second_output_of_a_sampler_is_its_last_denoised_latent(nodes: Catalog) -> None:
    document = custom()
    document["8"]["inputs"]["samples"] = ["3", 1]
    workflow = read_json(document)
    assert workflow.graph.nodes["3"].type == "sample_section"
    assert ("3", "denoised") in {(edge.source, edge.output) for edge in workflow.graph.edges}
    assert not [problem for problem in check(workflow, nodes) if problem.severity == "error"]


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


@pytest.mark.parametrize("word", NEAR_SAMPLERS)
def test_samplers_that_differ_a_little_say_so(word: str, nodes: Catalog) -> None:
    workflow = read_json(changed(sampler_name=word))
    assert f"{word!r} {NEAR_SAMPLERS[word]}" in told(workflow)
    assert not [problem for problem in check(workflow, nodes) if problem.severity == "error"]


def test_samplers_get_their_own_inputs() -> None:
    assert part(read_json(changed(sampler_name="euler_ancestral")), "sampler") == (
        "euler_ancestral",
        {"seed": 7},
    )
    assert part(read_json(changed(sampler_name="lms")), "sampler") == ("lms", {"order": 4})


@pytest.mark.parametrize("sampler_name", ["dpm_2", "dpmpp_2m", "uni_pc", "lms"])
@pytest.mark.parametrize("scheduler", ["simple", "karras", "linear_quadratic"])
def test_words_come_back(sampler_name: str, scheduler: str, nodes: Catalog) -> None:
    workflow = read_json(changed(sampler_name=sampler_name, scheduler=scheduler))
    back = to_api(replace(workflow, extra={}), nodes).document["3"]["inputs"]
    expected = changed(sampler_name=sampler_name, scheduler=scheduler)["3"]["inputs"]
    assert back == expected


def test_flux_guidance_and_typed_levels(nodes: Catalog) -> None:
    document = custom() | {
        "22": {"class_type": "ManualSigmas", "inputs": {"sigmas": "1., 0.5, 0."}},
        "24": {"class_type": "FluxGuidance", "inputs": {"conditioning": ["6", 0], "guidance": 4}},
    }
    document["23"]["inputs"]["conditioning"] = ["24", 0]
    workflow = read_json(document)
    types = {id: workflow.graph.nodes[id].type for id in ("22", "24")}
    assert types == {"22": "manual_sigmas", "24": "embedded_guidance"}
    assert not [problem for problem in check(workflow, nodes) if problem.severity == "error"]

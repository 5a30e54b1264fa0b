"""Samplers, schedules, guidance and control: what they become, and how they come back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.graph.catalog import Catalog
from app.graph.check import check
from app.interop.documents import read_json, to_api
from app.interop.sampler_parts import MISSING_SAMPLERS, SAMPLERS
from tests.interop.drawings import Json, prompt
from tests.interop.test_names import changed, part, told


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


@pytest.mark.parametrize("word", SAMPLERS)
def test_every_sampler_is_exact_and_comes_back(word: str, nodes: Catalog) -> None:
    workflow = read_json(changed(sampler_name=word))
    assert told(workflow) == ""
    assert not [problem for problem in check(workflow, nodes) if problem.severity == "error"]
    back = to_api(replace(workflow, extra={}), nodes)
    assert back.document["3"]["inputs"] == changed(sampler_name=word)["3"]["inputs"] and back.problems == []


@pytest.mark.parametrize("word", MISSING_SAMPLERS)
def test_other_samplers_say_why_and_what_to_take(word: str) -> None:
    text = told(read_json(changed(sampler_name=word)))
    assert f"sampler_name is {word!r} ({MISSING_SAMPLERS[word]}), known are 'euler'" in text


def test_samplers_get_their_own_inputs() -> None:
    def made(word: str) -> tuple[str, Json]:
        return part(read_json(changed(sampler_name=word)), "sampler")

    assert made("euler_ancestral") == ("euler_ancestral", {"seed": 7, "noise": "ComfyUI"})
    assert made("lms") == ("lms", {"order": 4})
    assert made("dpmpp_2m_sde_heun_gpu") == (
        "dpmpp_2m_sde",
        {"seed": 7, "noise": "ComfyUI, GPU", "solver": "heun"},
    )
    assert made("uni_pc_bh2")[1] == {"order": 3, "clock": "noise level", "variant": "bh2"}


@pytest.mark.parametrize("noise", ["RandomNoise", "DisableNoise"])
def test_a_sampler_apart_gets_the_seed_of_the_node_that_uses_it(noise: str, nodes: Catalog) -> None:
    document = custom(noise)
    document["21"]["inputs"]["sampler_name"] = "dpmpp_sde"
    workflow = read_json(document)
    seed = {"seed": 11} if noise == "RandomNoise" else {}
    assert workflow.graph.nodes["21"].values == {"noise": "ComfyUI", **seed}
    assert to_api(workflow, nodes).document == document


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


def test_nodes_that_are_one_sampler(nodes: Catalog) -> None:
    settings = {"solver_type": "heun", "eta": 0.5, "s_noise": 1, "noise_device": "cpu"}
    document = custom() | {"21": {"class_type": "SamplerDPMPP_2M_SDE", "inputs": settings}}
    workflow = read_json(document)
    made = workflow.graph.nodes["21"]
    assert made.type == "dpmpp_2m_sde" and made.values == {
        "solver": "heun",
        "eta": 0.5,
        "noise": "ComfyUI",
        "seed": 11,
    }
    assert told(workflow) == "" and to_api(workflow, nodes).document == document
    settings["s_noise"] = 1.1
    assert "s_noise is not 1" in told(read_json(document))


def test_edits_of_schedules(nodes: Catalog) -> None:
    extend = {"steps": 3, "start_at_sigma": -1, "end_at_sigma": 0.3, "spacing": "cosine", "sigmas": ["22", 0]}
    document = custom() | {
        "31": {"class_type": "ExtendIntermediateSigmas", "inputs": extend},
        "32": {"class_type": "FlipSigmas", "inputs": {"sigmas": ["31", 0]}},
        "33": {
            "class_type": "SamplingPercentToSigma",
            "inputs": {"model": ["4", 0], "sampling_percent": 0.2, "return_actual_sigma": True},
        },
    }
    document["3"]["inputs"]["sigmas"] = ["32", 0]
    workflow = read_json(document)
    assert dict(workflow.graph.nodes["31"].values) == {
        "parts": 3,
        "start": 1.0,
        "end": 0.3,
        "spacing": "late",
    }
    assert workflow.graph.nodes["33"].values == {"share": 0.2, "lowest": True}
    assert told(workflow) == "" and to_api(workflow, nodes).document == document
    extend["end_at_sigma"] = 12
    assert "no step would be cut" in told(read_json(document))

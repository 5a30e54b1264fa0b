"""Parts that do not belong together are found while wiring, by headers alone."""

from pathlib import Path
from typing import Any

import pytest
import torch

from app.checkpoints.fitting import fitting
from app.checkpoints.known.uses import USES
from app.engine.families import FAMILIES
from app.graph import catalog
from app.graph.check import check
from app.graph.problem import Problem
from app.graph.workflow import read, read_text
from tests.checkpoints.test_layouts import in_layout
from tests.engine.weights.test_single_files import encoder, file, vae
from tests.tiny.layouts import autoencoder, transformer

KINDS = ("diffusion_models", "text_encoders", "vae", "loras")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("models")
    for kind in KINDS:
        (root / kind).mkdir()
    for name in ("flux", "wan", "sd3"):
        file(root / "diffusion_models", name, in_layout(transformer(name), name, "original"))
    for name in ("t5-xxl", "clip-l", "umt5-xxl"):
        encoder(root / "text_encoders", name)
    vae(root / "vae")
    file(root / "vae", "wan-vae", in_layout(autoencoder("wan"), "wan", "original", "vae"))
    sides = {"lora_down": torch.ones(2, 4), "lora_up": torch.ones(4, 2)}
    for name, stem in (
        ("flux", "lora_unet_double_blocks_0_img_attn_qkv"),
        ("wan", "lora_unet_blocks_3_self_attn_q"),
        ("wan-diffusers", "transformer.blocks.3.attn1.to_q"),
    ):
        file(root / "loras", name, {f"{stem}.{side}.weight": tensor for side, tensor in sides.items()})
    return root


def document(**changes: str) -> Any:
    """Describe a picture of Flux from parts that lie apart, with some of them changed."""
    names = {
        "transformer": "flux",
        "first": "clip-l",
        "second": "t5-xxl",
        "vae": "vae",
        "lora": "flux",
        "family": "auto",
    }
    names |= changes

    def name(part: str) -> str:
        return f"{names[part]}.safetensors"

    nodes = {
        "transformer": {"type": "load_transformer", "values": {"name": name("transformer")}},
        "lora": {"type": "load_lora", "values": {"name": name("lora")}},
        "encoders": {
            "type": "load_dual_text_encoder",
            "values": {"name_1": name("first"), "name_2": name("second"), "family": names["family"]},
        },
        "vae": {"type": "load_vae", "values": {"name": name("vae")}},
        "prompt": {"type": "encode_text", "values": {"prompt": "a cat"}},
        "guider": {"type": "no_guidance"},
        "latent": {"type": "empty_latent"},
        "sampler": {"type": "euler"},
        "sigmas": {"type": "flow_schedule"},
        "sample": {"type": "sample"},
        "decode": {"type": "decode_latent"},
        "save": {"type": "save_image"},
    }
    edges = [
        ("transformer", "model", "lora", "model"),
        ("encoders", "text_encoder", "prompt", "text_encoder"),
        ("prompt", "conditioning", "guider", "positive"),
        ("lora", "model", "latent", "model"),
        ("lora", "model", "sample", "model"),
        ("guider", "guider", "sample", "guider"),
        ("sampler", "sampler", "sample", "sampler"),
        ("sigmas", "sigmas", "sample", "sigmas"),
        ("latent", "latent", "sample", "latent"),
        ("sample", "latent", "decode", "latent"),
        ("vae", "vae", "decode", "vae"),
        ("decode", "image", "save", "image"),
    ]
    drawn = [{"from": [a, output], "to": [b, entry]} for a, output, b, entry in edges]
    return {"format": "patchloom/1", "root": "main", "graphs": {"main": {"nodes": nodes, "edges": drawn}}}


def problems(models: Path, **changes: str) -> list[Problem]:
    folders = {kind: (models / kind,) for kind in KINDS}
    found = check(read(document(**changes)), catalog.find(), families=fitting(folders))
    return [problem for problem in found if problem.severity == "error"]


def test_parts_that_belong_together_are_fine(models: Path) -> None:
    assert problems(models) == []


@pytest.mark.parametrize(
    ("changes", "node", "message"),
    [
        (
            {"second": "umt5-xxl"},
            "encoders",
            "its files are not for one model",
        ),
        ({"transformer": "wan", "lora": "wan"}, "sample", "guider comes from guider, which is for flux or"),
        ({"lora": "wan"}, "lora", "model comes from transformer, which is for flux; its own file is for wan"),
        ({"lora": "wan-diffusers"}, "lora", "which is for flux; its own file is for dit or fitv2 or"),
        ({"vae": "wan-vae"}, "decode", "vae comes from vae, which is for qwen-image or wan; sample"),
        ({"family": "sd3"}, "sample", "guider comes from guider, which is for sd3; lora is for flux"),
    ],
)
def test_a_part_of_another_model_is_a_problem(
    changes: dict[str, str], node: str, message: str, models: Path
) -> None:
    found = [problem for problem in problems(models, **changes) if problem.code == "family_mismatch"]
    assert (found[0].node, message in found[0].message) == (node, True), found
    assert found[0].remedy


def test_unknown_files_are_left_to_the_loaders(models: Path) -> None:
    assert not [entry for entry in problems(models, transformer="nowhere") if entry.code == "family_mismatch"]


def test_the_table_of_uses_is_what_the_engine_does() -> None:
    encoders: dict[str, set[str]] = {}
    for family in FAMILIES:
        for role in family.prompting.towers if family.prompting else ():
            encoders.setdefault(role.architecture, set()).add(family.name)
        for part in filter(None, (family.latent.autoencoder, family.vision)):
            encoders.setdefault(part, set()).add(family.name)
    assert {name: set(users) for name, users in USES.items()} == {name: encoders.get(name) for name in USES}
    assert {name for name in encoders if name.split("-")[0] not in ("dc", "kl", "wan")} <= set(USES)


def test_a_control_network_of_another_model_is_a_problem() -> None:
    """The box network that comes along suits the embedded model and Flux, and no other family."""
    root = Path(__file__).parents[2] / "models"
    folders = {"models": (root,), "controlnet": (root / "controlnet",)}
    name = "mini_boxes/diffusion_pytorch_model.safetensors"
    assert fitting(folders)("controlnet", name) == {"flux", "flux-mini"}
    text = (root.parent / "workflows" / "put_it_in_a_box.json").read_bytes()
    found = catalog.find()

    def told(families: frozenset[str]) -> list[Problem]:
        fits = {"models": frozenset({"flux-mini"}), "controlnet": families}
        given = check(read_text(text), found, families=lambda folder, name: fits[folder])
        return [problem for problem in given if problem.code == "family_mismatch"]

    assert told(frozenset({"flux", "flux-mini"})) == []
    (problem,) = told(frozenset({"sd3"}))
    assert problem.node == "control" and "sd3" in problem.message

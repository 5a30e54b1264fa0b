"""Wan: its sizes told apart by headers, its autoencoders, and the models that see pictures."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.checkpoints.contents import find_part
from app.checkpoints.listing import card
from app.engine.weights.building import build
from app.engine.weights.loading import Folder
from app.engine.weights.single_files import open_transformer, open_vae
from tests.checkpoints.test_layouts import in_layout, same, written
from tests.tiny.layouts import random, transformer
from tests.tiny.video_vaes import MODULES
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here


@pytest.mark.parametrize("layout", ["original", "diffusers"])
def test_the_autoencoder_of_wan_22(layout: str, tmp_path: Path) -> None:
    module = random(MODULES["wan-ti2v"]())
    weights = in_layout(module, "wan2.2", layout, "vae")
    assert ("decoder.upsamples.1.upsamples.3.resample.1.weight" in weights) == (layout == "original")
    path = written(tmp_path / "vae.safetensors", weights)
    part = find_part(path, "vae")
    assert (part.architecture.name, part.layout.name, part.variant) == ("wan2.2", layout, "48 channels")
    loaded = open_vae(path)
    assert same(loaded.module, module) and loaded.family.name == "wan-ti2v"
    config: Any = loaded.module.config
    assert (len(config.latents_mean), len(config.latents_std), config.latents_std[-1]) == (48, 48, 0.7744)


def test_wan_models_are_told_apart_by_their_last_matrix(tmp_path: Path) -> None:
    small = {"in_channels": 48, "out_channels": 48}
    for changes, family in (({}, "wan"), ({"in_channels": 36}, "wan"), (small, "wan-ti2v")):
        for layout in ("original", "diffusers"):
            weights = in_layout(transformer("wan", **changes), "wan", layout)
            assert open_transformer(written(tmp_path / "x.safetensors", weights)).family.name == family


def test_a_folder_of_diffusers_is_told_by_its_header(tmp_path: Path) -> None:
    transformer("wan", in_channels=48, out_channels=48).save_pretrained(tmp_path / "transformer")  # type: ignore[operator]
    index = {"transformer": ["diffusers", "WanTransformer3DModel"]}
    (tmp_path / "model_index.json").write_text(json.dumps(index))
    assert Folder(tmp_path, index).family().name == "wan-ti2v"
    assert card("models", "x", tmp_path).families == ("wan-ti2v",)


@pytest.mark.parametrize("two", [False, True])
def test_wan_that_sees_pictures_loads_bit_by_bit(two: bool, tmp_path: Path) -> None:
    """Its vision keys and values are in the original; the model of two pictures has places too."""
    sizes: dict[str, Any] = {"in_channels": 36, "image_dim": 10, "added_kv_proj_dim": 128}
    module = transformer("wan", **sizes, **({"pos_embed_seq_len": 14} if two else {}))
    weights = in_layout(module, "wan", "original")
    assert {"img_emb.proj.1.weight", "blocks.0.cross_attn.k_img.weight"} <= weights.keys()
    assert ("img_emb.emb_pos" in weights) == two
    part = find_part(written(tmp_path / "x.safetensors", weights), "transformer")
    assert part.variant == "image to video" and same(build(part), module)

"""CogVideoX 1.0 and 1.5: variants told by headers, and their autoencoder."""

from pathlib import Path
from typing import Any

import pytest
import torch

from app.checkpoints.contents import find_part
from app.checkpoints.fitting import fit
from app.engine.families.cogvideox import positions, prediction_of
from app.engine.weights.loading import Folder
from app.engine.weights.single_files import open_transformer, open_vae
from app.graph.problem import Refusal
from tests.checkpoints.test_layouts import same, written
from tests.tiny.layouts import architecture, random, stored, transformer
from tests.tiny.video_vaes import cogvideox
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here


def test_the_autoencoder_of_cogvideox(tmp_path: Path) -> None:
    module = random(cogvideox(latent_channels=16))
    opened = open_vae(written(tmp_path / "vae.safetensors", stored(module)))
    config: Any = opened.module.config
    assert same(opened.module, module) and opened.family.name == "cogvideox" and config.scaling_factor == 0.7


NEWER: dict[str, Any] = {"patch_size_t": 2, "patch_bias": False}
PICTURED = {"in_channels": 32}
VARIANTS: list[tuple[dict[str, Any], str, str]] = [
    ({}, "cogvideox", "5B"),
    (PICTURED, "cogvideox", "image to video"),
    ({**PICTURED, "use_learned_positional_embeddings": True}, "cogvideox", "image to video"),
    (NEWER, "cogvideox-1.5", "5B"),
    ({**NEWER, **PICTURED, "ofs_embed_dim": 512}, "cogvideox-1.5", "image to video"),
]


@pytest.mark.parametrize(("changes", "family", "variant"), VARIANTS)
def test_variants_of_cogvideox(changes: dict[str, Any], family: str, variant: str, tmp_path: Path) -> None:
    module = transformer("cogvideox", **changes).float()  # diffusers makes its places in float64
    path = written(tmp_path / "x.safetensors", stored(module))
    assert find_part(path, "transformer").variant == variant
    assert fit("diffusion_models", path.name, path) == {family}
    loaded = open_transformer(path)
    assert loaded.family.name == family and same(loaded.module, module)
    assert (loaded.channels, loaded.beside) == (16, 16 if "image" in variant else 0)
    assert prediction_of(loaded.module).snr_shift == 1


def test_a_folder_tells_the_two_versions_apart(tmp_path: Path) -> None:
    index = {"transformer": ["diffusers", "CogVideoXTransformer3DModel"]}
    for changes, family in (({}, "cogvideox"), (NEWER, "cogvideox-1.5")):
        transformer("cogvideox", **changes).save_pretrained(tmp_path / "transformer")  # type: ignore[operator]
        assert Folder(tmp_path, index).family().name == family


def test_a_model_that_fills_holes_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "fun.safetensors", stored(transformer("cogvideox", in_channels=33)))
    with pytest.raises(Refusal, match=r"17 channels beside the latent\), which needs a video with a hole"):
        open_transformer(path)


def test_the_small_cogvideox_is_told_by_its_width() -> None:
    known, module = architecture("cogvideox"), transformer("cogvideox")
    shapes = {name: tuple(tensor.shape) for name, tensor in stored(module).items()}
    shapes["patch_embed.proj.weight"] = (1920, 16, 2, 2)
    assert known.variant(shapes) == "2B"
    config = known.config(shapes)
    assert (config["num_attention_heads"], config["use_rotary_positional_embeddings"]) == (30, False)
    module.register_to_config(use_rotary_positional_embeddings=False)  # type: ignore[operator]
    assert prediction_of(module).snr_shift == 3 and positions(module, torch.zeros(1, 16, 2, 4, 4)) is None

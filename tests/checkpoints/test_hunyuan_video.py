"""HunyuanVideo 1 and 1.5 in the names of their authors and of diffusers."""

from pathlib import Path

import pytest
import torch

from app.checkpoints.contents import find_part
from app.checkpoints.fitting import fit
from app.engine.media import Latent
from app.engine.sampling import Sampling, Sigmas
from app.engine.weights.building import build
from app.engine.weights.single_files import open_text_encoder, open_transformer, open_vae
from nodes.guidance.no_guidance import NoGuidance
from nodes.samplers.euler import Euler
from tests.checkpoints.test_layouts import in_layout, same, written
from tests.engine.weights.test_single_files import encoder
from tests.tiny.layouts import architecture, random, stored, text_encoder, transformer
from tests.tiny.recorder import Recorder
from tests.tiny.video_vaes import MODULES, hunyuan_video
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here


def test_the_autoencoder_of_hunyuan_video(tmp_path: Path) -> None:
    module = random(MODULES["hunyuan-video"]())
    part = find_part(written(tmp_path / "vae.safetensors", stored(module)), "vae")
    assert (part.architecture.name, part.variant) == ("hunyuan-video", "4 channels")


def test_hunyuan_video_of_its_parts(tmp_path: Path) -> None:
    """Transformer, both text encoders and autoencoder in a file each make a video together."""
    module = transformer("hunyuan-video", text_embed_dim=24, pooled_projection_dim=12)
    model = open_transformer(
        written(tmp_path / "model.safetensors", in_layout(module, "hunyuan-video", "original"))
    )
    encoders = open_text_encoder([encoder(tmp_path, name) for name in ("clip-l", "llama3")])
    assert encoders.family is model.family
    conditioning = encoders.encode(["a red cat"])
    assert conditioning.tokens.shape == (1, 256, 24) and conditioning.pooled is not None
    coder = hunyuan_video(latent_channels=16)
    vae = open_vae(written(tmp_path / "vae.safetensors", stored(random(coder))))
    empty = Latent(torch.zeros(1, 16, 2, 4, 4), "hunyuan-video")
    sampling = Sampling(model, NoGuidance(conditioning), Euler(), Sigmas((1.0, 0.5, 0.0)))
    frames = vae.decode(sampling.run(empty, 3, Recorder())).pixels
    assert frames.shape == (5, 32, 32, 3) and frames.std() > 0


@pytest.mark.parametrize("layout", ["original", "diffusers"])
def test_the_autoencoder_of_hunyuan_video_15(layout: str, tmp_path: Path) -> None:
    module = random(MODULES["hunyuan-video-1.5"]())
    weights = in_layout(module, "hunyuan-video-1.5", layout, "vae")
    assert ("encoder.mid.attn_1.q.weight" in weights) == (layout == "original")
    assert ("decoder.up.0.upsample.conv.conv.weight" in weights) == (layout == "original")
    part = find_part(written(tmp_path / "vae.safetensors", weights), "vae")
    found = part.architecture.name, part.layout.name, part.variant
    assert found == ("hunyuan-video-1.5", layout, "4 channels") and same(build(part), module)


def test_the_transformer_of_hunyuan_video_15_has_its_authors_names() -> None:
    """Tensors of every kind in the published files, as diffusers' conversion script lists them."""
    weights = in_layout(transformer("hunyuan-video-1.5"), "hunyuan-video-1.5", "original")
    attention = [f"{stream}_attn_{name}" for stream in ("img", "txt") for name in ("q", "k", "v", "proj")]
    norms = [f"{stream}_attn_{name}_norm" for stream in ("img", "txt") for name in "qk"]
    mlps = [f"{stream}_{name}" for stream in ("img", "txt") for name in ("mod.linear", "mlp.fc1", "mlp.fc2")]
    block = [f"double_blocks.1.{name}.weight" for name in (*attention, *norms, *mlps)]
    refiner = (
        "norm1",
        "norm2",
        "self_attn_qkv",
        "self_attn_proj",
        "mlp.fc1",
        "mlp.fc2",
        "adaLN_modulation.1",
    )
    block += [f"txt_in.individual_token_refiner.blocks.1.{name}.weight" for name in refiner]
    txt = (
        "t_embedder.mlp.0",
        "t_embedder.mlp.2",
        "c_embedder.linear_1",
        "c_embedder.linear_2",
        "input_embedder",
    )
    rest = [f"txt_in.{name}" for name in txt] + [f"time_in.mlp.{place}" for place in (0, 2)]
    rest += [
        "img_in.proj",
        "cond_type_embedding",
        "byt5_in.layernorm",
        *(f"byt5_in.fc{at}" for at in (1, 2, 3)),
    ]
    rest += [f"vision_in.proj.{place}" for place in (0, 1, 3, 4)]
    rest += ["final_layer.adaLN_modulation.1", "final_layer.linear"]
    theirs = {*block, *(f"{name}.weight" for name in rest)}
    plain = {name.replace("blocks.0.", "blocks.1.") for name in weights if name.endswith("weight")}
    assert plain == theirs


def test_the_speller_is_told_from_other_t5(tmp_path: Path) -> None:
    module = text_encoder("byt5", 384)
    ties = architecture("byt5", "text_encoder").ties
    path = written(tmp_path / "byt5_small_glyphxl.safetensors", stored(module, ties))
    part = find_part(path, "text_encoder")
    assert part.architecture.name == "byt5" and same(build(part), module)
    assert fit("text_encoders", path.name, path) == {"hunyuan-video-1.5"}
    both = open_text_encoder([path, encoder(tmp_path, "qwen2.5-vl")])
    assert both.family.name == "hunyuan-video-1.5"
    sign = both.encode(['a sign says "OPEN"'])
    assert sign.spelling is not None and sign.spelling.shape == (1, len('Text "OPEN". ') + 1, 1472)
    assert both.encode(["a sign"]).spelling is None
    alone = open_text_encoder([encoder(tmp_path, "qwen2.5-vl")], "hunyuan-video-1.5")
    assert alone.encode(['a sign says "OPEN"']).spelling is None

"""Autoencoders and vision encoders of video models: every layout loads bit by bit."""

import json
from pathlib import Path
from typing import Any

import diffusers.loaders.single_file_utils as converters
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from app.checkpoints.contents import find_part
from app.checkpoints.fitting import fitting
from app.checkpoints.listing import card
from app.engine.families.cogvideox import positions, prediction_of
from app.engine.media import Image, Latent
from app.engine.prediction import ModelInput
from app.engine.prompts.clip_vision import MEAN, SPREAD, open_clip_vision
from app.engine.sampling import Sampling, Sigmas
from app.engine.weights.building import build
from app.engine.weights.loading import Folder
from app.engine.weights.single_files import open_checkpoint, open_text_encoder, open_transformer, open_vae
from app.graph import catalog
from app.graph.check import check
from app.graph.problem import Problem, Refusal
from app.graph.workflow import read
from nodes.conditioning.encode_clip_vision import encode_clip_vision
from nodes.guidance.no_guidance import NoGuidance
from nodes.samplers.euler import Euler
from tests.checkpoints.test_converters import agree
from tests.checkpoints.test_layouts import in_layout, same, written
from tests.engine.weights.test_single_files import encoder
from tests.tiny.layouts import architecture, random, stored, transformer
from tests.tiny.recorder import Recorder
from tests.tiny.runs import run
from tests.tiny.video_vaes import MODULES, cogvideox, hunyuan_video, ltx_video
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import prompt

LATER: dict[str, Any] = {
    "decoder_block_out_channels": (16, 32, 64),
    "decoder_layers_per_block": (1, 1, 2, 1),
    "decoder_spatio_temporal_scaling": (True, True, True),
    "upsample_residual": (True, True, True),
    "upsample_factor": (2, 2, 2),
    "timestep_conditioning": True,
}
LTX: dict[str, dict[str, Any]] = {
    "0.9.0": {},
    "0.9.1": {**LATER, "decoder_inject_noise": (False, True, True, True)},
    "0.9.5": {
        **LATER,
        "block_out_channels": (4, 8, 16, 16, 32),
        "down_block_types": ("LTXVideo095DownBlock3D",) * 4,
        "layers_per_block": (1, 2, 1, 1, 1),
        "spatio_temporal_scaling": (True, True, True, True),
        "downsample_type": ("spatial", "temporal", "spatiotemporal", "spatiotemporal"),
        "decoder_inject_noise": (False, False, False, False),
        "spatial_compression_ratio": 32,
        "temporal_compression_ratio": 8,
    },
}


def ltx(version: str, channels: int = 8) -> Any:
    module = random(ltx_video(latent_channels=channels, **LTX[version]))
    torch.nn.init.uniform_(module.get_buffer("latents_mean"), generator=torch.Generator().manual_seed(1))
    return module


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


@pytest.mark.parametrize("version", LTX)
def test_the_autoencoders_of_ltx(version: str, tmp_path: Path) -> None:
    module, layout = ltx(version), f"original {version}"
    original = in_layout(module, "ltx-video", layout, "vae")
    theirs = converters.convert_ltx_vae_checkpoint_to_diffusers(
        {f"vae.{name}": tensor for name, tensor in original.items()}
        | ({"vae.encoder.conv_out.conv.weight": torch.ones(1, 2048)} if version == "0.9.5" else {})
    )
    if version == "0.9.5":  # their converter tells it by the published width
        theirs["encoder.conv_out.conv.weight"] = original["encoder.conv_out.conv.weight"]
    assert agree(theirs, stored(module))
    for name, weights in ((layout, original), ("diffusers", stored(module))):
        part = find_part(written(tmp_path / "vae.safetensors", weights), "vae")
        assert (part.architecture.name, part.layout.name, part.variant) == ("ltx-video", name, "8 channels")
        assert same(build(part), module)


def test_an_all_in_one_file_of_ltx(tmp_path: Path) -> None:
    """As Lightricks publishes it: the transformer and the autoencoder in one file."""
    module, coder = transformer("ltx-video", in_channels=128, out_channels=128), ltx("0.9.5", 128)
    parts = {
        "model.diffusion_model.": in_layout(module, "ltx-video", "original"),
        "vae.": in_layout(coder, "ltx-video", "original 0.9.5", "vae"),
    }
    weights = {prefix + name: tensor for prefix, part in parts.items() for name, tensor in part.items()}
    weights |= {"vae.per_channel_statistics.mean-of-stds": torch.ones(128)}
    path = written(tmp_path / "ltx.safetensors", weights)
    opened = open_checkpoint(path)
    assert opened.text_encoder is None and opened.vae is not None
    assert same(opened.model.module, module) and same(opened.vae.module, coder)
    assert opened.vae.family is opened.model.family
    latent = opened.vae.encode(Image(torch.rand(9, 32, 64, 3)))
    assert latent.samples.shape == (1, 128, 2, 1, 2)
    once, again = opened.vae.decode(latent).pixels, opened.vae.decode(latent).pixels
    assert once.shape == (9, 32, 64, 3) and torch.equal(once, again)
    mean = coder.get_buffer("latents_mean")
    raw = coder.encode(torch.zeros(1, 3, 1, 32, 32)).latent_dist.mode()
    grey = opened.vae.encode(Image(torch.full((1, 32, 32, 3), 0.5))).samples
    assert torch.allclose(grey, raw - mean.reshape(1, -1, 1, 1, 1), atol=1e-5)


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


def vision(width: int = 64) -> nn.Module:
    from transformers import CLIPVisionConfig, CLIPVisionModel

    sizes: Any = {
        "hidden_size": width,
        "intermediate_size": 20,
        "num_hidden_layers": 3,
        "num_attention_heads": 16,
    }
    config = CLIPVisionConfig(**sizes, image_size=28, patch_size=14, hidden_act="gelu")
    return random(CLIPVisionModel(config))


@pytest.mark.parametrize("prefix", ["", "vision_model."])
def test_a_vision_encoder_sees_pictures(prefix: str, tmp_path: Path) -> None:
    module = vision()
    weights = {prefix + name: tensor for name, tensor in stored(module).items()}
    weights |= {"visual_projection.weight": torch.ones(4, 64)} if prefix else {}
    path = written(tmp_path / "clip.safetensors", weights)
    opened = open_clip_vision(path)
    assert same(opened.module, module)
    picture = Image(torch.rand(2, 56, 40, 3, generator=torch.Generator().manual_seed(0)))
    tokens = encode_clip_vision(opened, picture).tokens
    assert tokens.shape == (2, 5, 64), "one for the whole picture, and four squares"
    middle = Image(picture.pixels[:, 8:48])
    assert torch.allclose(encode_clip_vision(opened, middle).tokens, tokens, atol=1e-5), "the middle counts"
    assert not torch.allclose(encode_clip_vision(opened, picture, crop=False).tokens, tokens, atol=1e-3)
    flat = Image(torch.full((1, 28, 28, 3), 0.48145466))
    shown = (flat.pixels * 255).round() / 255
    mean, spread = torch.tensor(MEAN), torch.tensor(SPREAD)
    given = ((shown - mean) / spread).movedim(-1, 1)
    expected = module(pixel_values=given, output_hidden_states=True).hidden_states[-2]
    assert torch.allclose(encode_clip_vision(opened, flat).tokens, expected, atol=1e-6)
    with pytest.raises(Refusal, match="holds a vision encoder of clip-vision, not an autoencoder"):
        open_vae(path)


def test_the_vision_encoder_of_wan_fits_wan_alone(tmp_path: Path) -> None:
    for width, families in ((1280, {"wan"}), (1024, set())):
        weights = {f"vision_model.{name}": tensor for name, tensor in stored(vision(64)).items()}
        weights["vision_model.embeddings.class_embedding"] = torch.zeros(width)
        written(tmp_path / "clip.safetensors", weights)
        found = fitting({"clip_vision": (tmp_path,)})("clip_vision", "clip.safetensors")
        assert found == frozenset(families)


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


def test_the_autoencoder_of_cogvideox(tmp_path: Path) -> None:
    module = random(cogvideox(latent_channels=16))
    opened = open_vae(written(tmp_path / "vae.safetensors", stored(module)))
    config: Any = opened.module.config
    assert same(opened.module, module) and opened.family.name == "cogvideox" and config.scaling_factor == 0.7


@pytest.mark.parametrize(
    ("changes", "variant"),
    [
        ({}, "5B"),
        ({"in_channels": 32}, "image to video"),
        ({"patch_size_t": 2, "patch_bias": False}, "1.5"),
    ],
)
def test_variants_of_cogvideox(changes: dict[str, Any], variant: str, tmp_path: Path) -> None:
    module = transformer("cogvideox", **changes)
    path = written(tmp_path / "x.safetensors", stored(module))
    assert find_part(path, "transformer").variant == variant
    if changes:
        with pytest.raises(Refusal, match=f"cogvideox .{variant}., which needs"):
            open_transformer(path)
    else:
        loaded = open_transformer(path)
        assert same(loaded.module, module) and prediction_of(loaded.module).snr_shift == 1


def test_the_small_cogvideox_is_told_by_its_width() -> None:
    known, module = architecture("cogvideox"), transformer("cogvideox")
    shapes = {name: tuple(tensor.shape) for name, tensor in stored(module).items()}
    shapes["patch_embed.proj.weight"] = (1920, 16, 2, 2)
    assert known.variant(shapes) == "2B"
    config = known.config(shapes)
    assert (config["num_attention_heads"], config["use_rotary_positional_embeddings"]) == (30, False)
    module.register_to_config(use_rotary_positional_embeddings=False)  # type: ignore[operator]
    assert prediction_of(module).snr_shift == 3 and positions(module, torch.zeros(1, 16, 2, 4, 4)) is None


def test_a_vision_encoder_beside_another_model_is_a_problem() -> None:
    """Told while wiring: what Wan reads of a picture says nothing to LTX-Video."""
    nodes: dict[str, Any] = {
        "vision": {"type": "load_clip_vision", "values": {"name": "h"}},
        "picture": {"type": "solid_image"},
        "seen": {"type": "encode_clip_vision"},
        "vae": {"type": "load_vae", "values": {"name": "x"}},
        "encoder": {"type": "load_text_encoder", "values": {"name": "t5"}},
        "prompt": {"type": "encode_text", "values": {"prompt": "a cat"}},
        "animate": {"type": "image_to_video"},
    }
    wires = (
        ("vision", "clip_vision", "seen", "clip_vision"),
        ("picture", "image", "seen", "image"),
        ("picture", "image", "animate", "start_image"),
        ("seen", "vision_tokens", "animate", "start_vision"),
        ("vae", "vae", "animate", "vae"),
        ("encoder", "text_encoder", "prompt", "text_encoder"),
        *(("prompt", "conditioning", "animate", side) for side in ("positive", "negative")),
    )
    edges = [{"from": [a, output], "to": [b, entry]} for a, output, b, entry in wires]
    graphs = {"main": {"nodes": nodes, "edges": edges}}
    document = read({"format": "patchloom/1", "root": "main", "graphs": graphs})

    def told(model: str) -> list[Problem]:
        fits = {"clip_vision": {"wan"}, "vae": {model}, "text_encoders": {model}}
        found = check(document, catalog.find(), families=lambda folder, name: frozenset(fits[folder]))
        return [problem for problem in found if problem.code == "family_mismatch"]

    assert told("wan") == []
    (problem,) = told("ltx-video")
    assert problem.node == "animate" and "wan" in problem.message and "ltx-video" in problem.message


@pytest.mark.parametrize("causal", [False, True])
def test_settings_in_the_header_of_ltx_reach_the_model(causal: bool, tmp_path: Path) -> None:
    module = transformer("ltx-video")
    weights = {name: x.contiguous() for name, x in in_layout(module, "ltx-video", "original").items()}
    settings = {"transformer": {"causal_temporal_positioning": causal}}
    save_file(weights, tmp_path / "ltx.safetensors", {"config": json.dumps(settings)})
    model = open_transformer(tmp_path / "ltx.safetensors")
    given = ModelInput(torch.zeros(1, 8, 2, 2, 2), 0.5, prompt(model))
    told = model.family.arguments(model.module, given)
    assert (told["video_coords"] is not None) == causal and same(model.module, module)
    assert run(model).isfinite().all()
    save_file(weights, tmp_path / "bad.safetensors", {"config": "{"})
    with pytest.raises(Refusal, match=r"settings in the header of .*bad\.safetensors cannot be read"):
        open_transformer(tmp_path / "bad.safetensors")

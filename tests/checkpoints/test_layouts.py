"""Tiny checkpoints in every layout that users have: recognised by their headers, loaded bit by bit."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from app.checkpoints.architecture import Kind
from app.checkpoints.contents import find_part, read_parts
from app.checkpoints.listing import cards
from app.engine.networks import network
from app.engine.weights.building import build
from app.engine.weights.single_files import open_transformer
from app.graph.problem import Refusal
from tests.tiny.gguf_files import write_gguf
from tests.tiny.layouts import (
    Weights,
    architecture,
    autoencoder,
    original,
    stored,
    text_encoder,
    transformer,
)
from tests.tiny.sizes import TRANSFORMERS

PREFIXES = ("", "model.diffusion_model.")
LAYOUTS = [
    (name, layout.name, prefix)
    for name in TRANSFORMERS
    for layout in architecture(name).layouts
    for prefix in PREFIXES
]
# Some rules depend on how many blocks or levels a file has; these are as many as the tiny models have.
SIZES = {"joint_blocks": 3, "blocks": 6, "decoder.up": 4, "decoder.upsamples": 15}
COUNTED = [f"{stack}.{index}.weight" for stack, size in SIZES.items() for index in range(size)]
ENCODERS = ("clip-l", "clip-g", "t5-xxl", "byt5", "umt5-xxl", "qwen2.5-vl", "qwen3", "gemma2", "llama3")


def written(path: Path, weights: Mapping[str, Tensor], prefix: str = "") -> Path:
    save_file({prefix + name: tensor.contiguous() for name, tensor in weights.items()}, path)
    return path


def in_layout(module: nn.Module, name: str, layout: str, kind: Kind = "transformer") -> Weights:
    known = next(entry for entry in architecture(name, kind).layouts if entry.name == layout)
    renamed = layout.startswith("original") or network(architecture(name, kind).model) is not None
    return original(stored(module), known.rules(COUNTED)) if renamed else stored(module)


def same(module: nn.Module, other: nn.Module) -> bool:
    ours, theirs = module.state_dict(), other.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize(("name", "layout", "prefix"), LAYOUTS)
def test_a_transformer_loads_bit_by_bit(name: str, layout: str, prefix: str, tmp_path: Path) -> None:
    module = transformer(name)
    path = written(tmp_path / "some name.safetensors", in_layout(module, name, layout), prefix)
    part = find_part(path, "transformer")
    assert (part.architecture.name, part.layout.name, part.precision) == (name, layout, "F32")
    loaded = build(part)
    assert same(loaded, module)
    assert type(loaded).__name__ == part.architecture.model
    assert not any(tensor.is_meta for tensor in [*loaded.parameters(), *loaded.buffers()])


@pytest.mark.parametrize("layout", ["original", "diffusers"])
@pytest.mark.parametrize(
    ("name", "prefix"), [("kl", ""), ("kl", "first_stage_model."), ("wan", ""), ("flux2", ""), ("dc", "")]
)
def test_an_autoencoder_loads_bit_by_bit(name: str, layout: str, prefix: str, tmp_path: Path) -> None:
    module = autoencoder(name)
    path = written(tmp_path / "vae.safetensors", in_layout(module, name, layout, "vae"), prefix)
    part = find_part(path, "vae")
    assert (part.architecture.name, part.layout.name, part.variant) == (
        name,
        layout,
        "32 channels" if name in ("flux2", "dc") else "16 channels",
    )
    assert same(build(part), module)


@pytest.mark.parametrize("name", ENCODERS)
def test_a_text_encoder_loads_bit_by_bit(name: str, tmp_path: Path) -> None:
    module = text_encoder(name)
    weights = stored(module, architecture(name, "text_encoder").ties)
    part = find_part(written(tmp_path / "encoder.safetensors", weights), "text_encoder")
    assert part.architecture.name == name
    assert same(build(part), module)


@pytest.mark.parametrize("name", ["t5-xxl", "umt5-xxl", "qwen2.5-vl", "qwen3"])
def test_a_text_encoder_loads_from_llama_cpps_names(name: str, tmp_path: Path) -> None:
    module, known = text_encoder(name), architecture(name, "text_encoder")
    layout = next(layout for layout in known.layouts if layout.name == "llama.cpp")
    weights = original(stored(module, known.ties), layout.rules(()))
    part = find_part(write_gguf(tmp_path / "encoder.gguf", weights, "F16"), "text_encoder")
    loaded = build(part)
    assert (part.architecture.name, part.layout.name) == (name, "llama.cpp")
    halved = {
        key: tensor.half().float() if tensor.ndim == 2 else tensor
        for key, tensor in module.state_dict().items()
    }
    assert all(torch.equal(tensor, halved[key]) for key, tensor in loaded.state_dict().items())


def test_clip_of_older_files_loads_without_its_wrapper(tmp_path: Path) -> None:
    module = text_encoder("clip-l")
    weights = {f"text_model.{name}": tensor for name, tensor in stored(module).items()}
    more = {"text_projection.weight": torch.eye(12), "logit_scale": torch.tensor(1.0)}
    assert same(
        build(find_part(written(tmp_path / "clip.safetensors", weights | more), "text_encoder")), module
    )


def test_tied_weights_are_one_tensor(tmp_path: Path) -> None:
    module = text_encoder("t5-xxl")
    weights = stored(module, architecture("t5-xxl", "text_encoder").ties)
    loaded = build(find_part(written(tmp_path / "t5.safetensors", weights), "text_encoder"))
    assert loaded.encoder.embed_tokens.weight is loaded.shared.weight  # type: ignore[union-attr]


def test_an_all_in_one_file_is_taken_apart(tmp_path: Path) -> None:
    parts: dict[str, Weights] = {
        "model.diffusion_model.": in_layout(transformer("sd3"), "sd3", "original"),
        "first_stage_model.": in_layout(autoencoder("kl"), "kl", "original", "vae"),
        "text_encoders.clip_l.transformer.text_model.": stored(text_encoder("clip-l")),
        "text_encoders.clip_g.transformer.": stored(text_encoder("clip-g")),
        "text_encoders.t5xxl.transformer.": stored(
            text_encoder("t5-xxl"), {"encoder.embed_tokens.weight": ""}
        ),
    }
    whole = {prefix + name: tensor for prefix, weights in parts.items() for name, tensor in weights.items()}
    found = {
        part.architecture.name: part for part in read_parts(written(tmp_path / "sd3.safetensors", whole))
    }
    assert found.keys() == {"sd3", "kl", "clip-l", "clip-g", "t5-xxl"}
    assert same(build(found["clip-g"]), text_encoder("clip-g"))
    assert same(build(found["sd3"]), transformer("sd3"))


def test_shards_are_one_model(tmp_path: Path) -> None:
    module = transformer("qwen-image")
    module.save_pretrained(tmp_path, max_shard_size="100KB")  # type: ignore[operator]
    assert len(list(tmp_path.glob("*.safetensors"))) > 1
    assert same(build(find_part(tmp_path, "transformer")), module)
    first, second, *_ = sorted(tmp_path.glob("*.safetensors"))
    assert same(open_transformer(first).module, module), "any of them stands for all"
    assert same(open_transformer(second).module, module)
    (listed,) = cards({"diffusion_models": (tmp_path,)})
    whole = sum(file.stat().st_size for file in tmp_path.glob("*.safetensors"))
    assert (listed.name, listed.families, listed.size) == (first.name, ("qwen-image",), whole)
    second.unlink()
    with pytest.raises(Refusal, match=rf"{second.name} is missing"):
        open_transformer(first)
    assert f"{second.name} is missing" in cards({"diffusion_models": (tmp_path,)})[0].problem


VARIANTS: list[tuple[str, dict[str, Any], str]] = [
    ("flux", {}, "schnell"),
    ("flux", {"guidance_embeds": True}, "dev"),
    ("flux", {"in_channels": 384, "out_channels": 64}, "fill"),
    ("flux", {"in_channels": 128, "out_channels": 64}, "canny or depth"),
    ("sd3", {}, "3.5 medium"),
    ("sd3", {"dual_attention_layers": ()}, "3.5 large"),
    ("sd3", {"dual_attention_layers": (), "qk_norm": None}, "3 medium"),
    ("wan", {}, "text to video"),
    ("wan", {"in_channels": 36}, "image to video"),
    ("sana", {}, ""),
    ("sana", {"guidance_embeds": True, "qk_norm": "rms_norm_across_heads"}, "Sprint"),
    ("flux2", {}, "klein"),
    ("flux2-dev", {}, "dev"),
]


@pytest.mark.parametrize(("name", "changes", "variant"), VARIANTS)
def test_the_header_tells_the_variant(
    name: str, changes: dict[str, Any], variant: str, tmp_path: Path
) -> None:
    module = transformer(name, **changes)
    part = find_part(written(tmp_path / "x.safetensors", stored(module)), "transformer")
    assert part.variant == variant
    assert same(build(part), module)

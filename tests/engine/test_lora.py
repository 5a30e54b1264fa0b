"""LoRAs as side branches: every trainer's names, the numbers of merged weights, and an unchanged base."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from app.checkpoints.archive import open_archive
from app.engine.model import Model
from app.engine.weights.lora_files import open_lora, unused, with_lora, with_text_lora
from app.engine.weights.single_files import open_text_encoder, open_transformer
from app.graph.problem import Refusal
from tests.checkpoints.test_layouts import in_layout
from tests.engine.weights.test_single_files import encoder, file, layout_of
from tests.tiny.layouts import transformer
from tests.tiny.lora import Pairs, diffusers_names, kohya_names, merged, original_names, pairs
from tests.tiny.runs import close, run
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here

NAMERS: dict[str, Callable[[Pairs], dict[str, Tensor]]] = {
    "kohya": kohya_names,
    "diffusers": diffusers_names,
    "ai-toolkit": original_names,
}
# Layers that the authors store as one, and layers that they store alone, by the authors' names.
LAYERS = {
    "flux": ("double_blocks.0.img_attn.qkv", "single_blocks.1.linear1", "double_blocks.1.txt_mlp.0"),
    "sd3": ("joint_blocks.0.x_block.attn.qkv", "joint_blocks.1.context_block.mlp.fc2"),
    "qwen-image": ("transformer_blocks.0.attn.to_q", "transformer_blocks.1.img_mlp.net.2"),
    "wan": ("blocks.0.self_attn.q", "blocks.1.ffn.0"),
    "hunyuan-video": ("double_blocks.0.img_attn_qkv", "single_blocks.1.linear1"),
    "flux2": ("double_blocks.1.img_attn.qkv", "single_blocks.0.linear1"),
    "z-image": ("layers.0.attention.qkv", "noise_refiner.0.attention.out"),
    "chroma": ("double_blocks.0.txt_attn.qkv", "distilled_guidance_layer.layers.1.in_layer"),
    "lumina2": ("layers.0.attention.qkv", "layers.1.feed_forward.w2"),
}


def model(folder: Path, name: str) -> Model:
    module = transformer(name)
    return open_transformer(file(folder, "model", in_layout(module, name, layout_of(name))))


@pytest.mark.parametrize("namer", NAMERS)
@pytest.mark.parametrize("name", LAYERS)
def test_a_lora_equals_merged_weights(name: str, namer: str, tmp_path: Path) -> None:
    base = model(tmp_path, name)
    found = pairs(base.module, name, LAYERS[name])
    lora = open_lora(file(tmp_path, "lora", NAMERS[namer](found)))
    assert not list(unused(lora, base, None))
    adapted = with_lora(base, lora, 0.7)
    plain = run(base)
    assert close(run(adapted), run(replace(base, module=merged(base.module, found, 0.7))))
    assert not close(run(adapted), plain)
    assert torch.equal(run(base), plain), "removed is never added"


def test_strength_0_is_the_model_itself(tmp_path: Path) -> None:
    base = model(tmp_path, "flux")
    lora = open_lora(file(tmp_path, "lora", kohya_names(pairs(base.module, "flux", LAYERS["flux"]))))
    assert torch.equal(run(with_lora(base, lora, 0.0)), run(base))


def test_several_loras_add_up(tmp_path: Path) -> None:
    base = model(tmp_path, "wan")
    found = pairs(base.module, "wan", LAYERS["wan"])
    lora = open_lora(file(tmp_path, "lora", diffusers_names(found)))
    both = with_lora(with_lora(base, lora, 0.5), lora, 0.25)
    assert close(run(both), run(with_lora(base, lora, 0.75)))
    assert close(run(with_lora(both, lora, -0.75)), run(base))


def test_blocks_have_strengths_of_their_own(tmp_path: Path) -> None:
    base = model(tmp_path, "flux")
    first, *others = LAYERS["flux"]
    whole = open_lora(file(tmp_path, "lora", kohya_names(pairs(base.module, "flux", (first, *others)))))
    some = open_lora(file(tmp_path, "some", kohya_names(pairs(base.module, "flux", (first,)))))
    alone = with_lora(base, whole, 1.0, "transformer_blocks.1=0, single_transformer_blocks=0")
    assert torch.equal(run(alone), run(with_lora(base, some, 1.0)))
    halved = with_lora(base, whole, 1.0, "transformer_blocks.0-1=0.5, single_transformer_blocks=0.5")
    assert close(run(halved), run(with_lora(base, whole, 0.5)))
    for wrong in ("nonsense", "blocks.0=1", "transformer_blocks.0"):
        with pytest.raises(Refusal, match="names no blocks that this LoRA changes"):
            with_lora(base, whole, 1.0, wrong)


def test_a_text_encoder_takes_its_part(tmp_path: Path) -> None:
    reader = open_text_encoder([encoder(tmp_path, name) for name in ("clip-l", "t5-xxl")])
    plain = reader.encode(["a cat"])
    down, up = torch.randn(2, 12), torch.randn(12, 2)
    for stem in (
        "lora_te1_text_model_encoder_layers_0_self_attn_v_proj",
        "text_encoder.text_model.encoder.layers.0.self_attn.v_proj",
    ):
        sides = ("lora_down", "lora_up") if stem.startswith("lora_te1") else ("lora_A", "lora_B")
        lora = open_lora(
            file(tmp_path, "lora", {f"{stem}.{sides[0]}.weight": down, f"{stem}.{sides[1]}.weight": up})
        )
        adapted = with_text_lora(reader, lora, 1.0).encode(["a cat"])
        assert adapted.pooled is not None and plain.pooled is not None
        assert torch.equal(adapted.tokens, plain.tokens) and not close(adapted.pooled, plain.pooled)
        assert torch.equal(reader.encode(["a cat"]).pooled, plain.pooled)  # type: ignore[arg-type]


def test_what_fits_nowhere_is_named(tmp_path: Path) -> None:
    base = model(tmp_path, "flux")
    weights = kohya_names(pairs(base.module, "flux", LAYERS["flux"]))
    more = {
        "lora_unet_nowhere.lora_down.weight": torch.ones(2, 2),
        "lora_unet_nowhere.lora_up.weight": torch.ones(2, 2),
    }
    lora = open_lora(file(tmp_path, "lora", weights | more))
    assert list(unused(lora, base, None)) == ["lora_unet_nowhere"]
    with pytest.raises(Refusal, match="is a LoRA for something else than flux: it changes lora_unet_nowhere"):
        with_lora(base, open_lora(file(tmp_path, "other", more)), 1.0)


def test_a_lora_for_another_size_is_refused(tmp_path: Path) -> None:
    base = model(tmp_path, "flux")
    stem = "transformer.transformer_blocks.0.attn.to_q"
    weights = {f"{stem}.lora_A.weight": torch.ones(2, 3072), f"{stem}.lora_B.weight": torch.ones(3072, 2)}
    with pytest.raises(Refusal, match="3072 x 3072; the model has 64 x 64"):
        with_lora(base, open_lora(file(tmp_path, "lora", weights)), 1.0)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("x.lokr_w1", "is a LoKr"),
        ("x.hada_w1_a", "is a LoHa"),
        ("x.dora_scale", "is a DoRA"),
        ("x.weight", "holds no LoRA"),
        ("x.lora_up.weight", "only one of the two matrices of x"),
    ],
)
def test_what_is_no_plain_lora_is_refused(name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=message):
        open_lora(file(tmp_path, "lora", {name: torch.ones(2, 2)}))


def test_a_lora_in_place_of_a_model_says_so(tmp_path: Path) -> None:
    path = file(tmp_path, "lora", {"diffusion_model.x.lora_A.weight": torch.ones(2, 2)})
    assert open_archive(path).entries
    with pytest.raises(Refusal, match="holds a LoRA, not a transformer"):
        open_transformer(path)


def test_hooks_are_gone_after_a_run(tmp_path: Path) -> None:
    base = model(tmp_path, "flux")
    lora = open_lora(file(tmp_path, "lora", kohya_names(pairs(base.module, "flux", LAYERS["flux"]))))
    run(with_lora(base, lora, 1.0))
    assert not [
        part for part in base.module.modules() if isinstance(part, nn.Linear) and "forward" in vars(part)
    ]

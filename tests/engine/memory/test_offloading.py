"""Weights that wait outside of the device or rest in 8 bits: same numbers, with techniques and LoRA, too."""

import copy
import gc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from app.engine.memory.layerwise import store
from app.engine.memory.offloading import OFFLOADED, bring_back, offload, weight_bytes
from app.engine.model import Model
from app.engine.weights.lora_files import open_lora, with_lora
from app.engine.weights.packed import pack
from app.engine.weights.packed_linear import PackedLinear, packed_linear
from tests.contracts.techniques import TECHNIQUES
from tests.engine.weights.test_single_files import file
from tests.tiny.layouts import autoencoder, text_encoder
from tests.tiny.lora import kohya_names, pairs
from tests.tiny.runs import run
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import BUILDS, build

ON_TOP = ("first_block_cache", "taylor_seer", "taylor_seer_modules", "kv_pooling", "sparse_videogen2")


def own(name: str) -> Model:
    """Return a handle whose weights no other test sees."""
    shared = build(name)
    return replace(shared, module=copy.deepcopy(shared.module))


def near(one: Tensor, other: Tensor) -> bool:
    """Whether two results are the same up to how weights are aligned in memory."""
    return float((one - other).norm()) < 1e-5 * float(other.norm())


def hooked(model: Model) -> list[Any]:
    return [part for part in model.module.modules() if hasattr(part, "_diffusers_hook")]


@pytest.mark.parametrize("name", BUILDS)
def test_offloaded_weights_give_the_same_picture_in_each_build(name: str) -> None:
    model = own(name)
    plain, device = run(model), model.device
    offload(model.module)
    assert weight_bytes(model.module) == model.nbytes == 0 and model.device == device
    assert near(run(model), plain)
    bring_back(model.module)
    assert model.nbytes > 0 and near(run(model), plain)
    assert not any(part._diffusers_hook.hooks for part in hooked(model)), "nothing is left of it"


@pytest.mark.parametrize("name", BUILDS)
def test_weights_rest_in_8_bits_in_each_build(name: str) -> None:
    model = own(name)
    plain, full, dtype = run(model), model.nbytes, model.dtype
    store(model.module, "float8_e4m3")
    small = run(model)
    assert model.nbytes < full and model.dtype == dtype
    assert 0 < float((small - plain).norm() / plain.norm()) < 0.05
    offload(model.module)
    assert near(run(model), small)


@pytest.mark.parametrize("technique", ON_TOP)
@pytest.mark.parametrize("name", ["flux", "wan"])
def test_techniques_work_on_top(name: str, technique: str) -> None:
    model, patch = own(name), TECHNIQUES[technique].active
    full = run(model.with_patch(patch))
    store(model.module, "float8_e5m2")
    stored = run(model.with_patch(patch))
    offload(model.module)
    assert near(run(model.with_patch(patch)), stored)
    assert float((stored - full).norm() / full.norm()) < 0.1


def test_lora_works_on_top_and_goes_without_trace(tmp_path: Path) -> None:
    model = own("flux")
    store(model.module, "float8_e4m3")
    layers = ("double_blocks.0.img_attn.qkv", "single_blocks.1.linear1")
    lora = open_lora(file(tmp_path, "lora", kohya_names(pairs(model.module, "flux", layers))))
    plain, adapted = run(model), run(with_lora(model, lora, 0.7))
    assert not near(adapted, plain)
    offload(model.module)
    assert near(run(with_lora(model, lora, 0.7)), adapted)
    assert near(run(model), plain)


def test_packed_layers_stay_as_they_are() -> None:
    model = own("flux")
    block = model.module.transformer_blocks[0]  # type: ignore[index, union-attr]
    block.ff.net[2] = packed_linear(block.ff.net[2], pack(block.ff.net[2].weight, "I8"), model.dtype)  # type: ignore[operator, union-attr]
    before = run(model)
    offload(model.module)
    assert near(run(model), before)
    bring_back(model.module)
    store(model.module, "float8_e4m3")
    layers = [layer for layer in model.module.modules() if isinstance(layer, PackedLinear)]
    assert [layer.scale.itemsize for layer in layers] == [4], "a scale in 8 bits would ruin the weight"  # type: ignore[union-attr, operator]


@pytest.mark.parametrize("name", ["clip-l", "t5-xxl", "umt5-xxl", "gemma2"])
def test_text_encoders_wait_and_rest_too(name: str) -> None:
    encoder = text_encoder(name)
    ids = torch.tensor([[5, 17, 3, 8]])

    def read() -> Tensor:
        with torch.no_grad():
            last: Tensor = encoder(input_ids=ids, output_hidden_states=True).hidden_states[-1]
        return last

    plain = read()
    offload(encoder)
    assert near(read(), plain) and near(read(), plain)
    bring_back(encoder)
    assert near(read(), plain)
    store(encoder, "float8_e4m3")
    assert 0 < float((read() - plain).norm() / plain.norm()) < 0.1


def test_tied_weights_are_tied_again() -> None:
    encoder: Any = text_encoder("t5-xxl")
    offload(encoder)
    bring_back(encoder)
    assert encoder.encoder.embed_tokens.weight is encoder.shared.weight


@pytest.mark.parametrize("name", ["kl", "wan", "dc"])
def test_autoencoders_wait_too(name: str) -> None:
    module: Any = autoencoder(name)
    latent = torch.randn(1, 32 if name == "dc" else 16, *((1,) if name == "wan" else ()), 4, 4)
    with torch.no_grad():
        plain = module.decode(latent).sample
        offload(module)
        assert near(module.decode(latent).sample, plain)


def test_what_waits_on_the_disk_goes_with_the_model() -> None:
    model = own("flux")
    offload(model.module)
    folder = OFFLOADED[model.module].folder
    assert folder is not None
    assert sum(entry.stat().st_size for entry in folder.iterdir()) > 100_000
    del model
    gc.collect()
    assert not folder.exists()

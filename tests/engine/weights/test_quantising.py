"""Quantising in memory, and files of it: the base untouched, LoRAs and techniques on top, exact products."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from app.engine.families.flux import FLUX
from app.engine.memory.offloading import bring_back, offload
from app.engine.model import Model
from app.engine.weights.lora_files import open_lora, with_lora
from app.engine.weights.model_files import plan, save_transformer
from app.engine.weights.packed import Inputs, Packed, pack
from app.engine.weights.packed_linear import (
    Int8Linear,
    PackedLinear,
    int8_product,
    packed_linear,
    whole_numbers,
)
from app.engine.weights.quantising import FORMATS, block_layers, quantized
from app.engine.weights.single_files import open_transformer
from app.engine.weights.storage_report import storage_report
from app.graph.problem import Refusal
from nodes.attention.clear_window import ClearWindow
from nodes.caching.taylor_seer import TaylorSeer
from tests.checkpoints.test_layouts import in_layout
from tests.engine.test_lora import LAYERS
from tests.engine.weights.test_single_files import file
from tests.tiny.gguf_files import write_gguf
from tests.tiny.layouts import transformer
from tests.tiny.lora import kohya_names, pairs
from tests.tiny.runs import close, run
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Model:
    weights = in_layout(transformer("flux"), "flux", "original")
    return open_transformer(file(tmp_path_factory.mktemp("flux"), "flux", weights))


@pytest.fixture(scope="module")
def plain(base: Model) -> Tensor:
    return run(base)


def tensors(module: nn.Module) -> dict[str, Tensor]:
    return dict(module.state_dict())


@pytest.mark.parametrize("format", FORMATS)
def test_the_base_is_untouched_and_shared_and_a_file_gives_the_same(
    format: str, base: Model, plain: Tensor, tmp_path: Path
) -> None:
    small = quantized(base, format)
    assert small.nbytes < base.nbytes / 2
    places = {model.module.get_parameter("proj_out.weight").data_ptr() for model in (small, base)}
    assert len(places) == 1, "what is not packed is shared"
    assert 0 < (run(small) - plain).std() / plain.std() < 0.3
    assert torch.equal(run(base), plain), "quantised elsewhere is never quantised"
    path = tmp_path / "small.safetensors"
    size = save_transformer(small, path)
    assert size == path.stat().st_size < small.nbytes + 40_000
    assert [entry.name for entry in tmp_path.iterdir()] == ["small.safetensors"], "nothing half done stays"
    again = open_transformer(path)
    ours, theirs = tensors(small.module), tensors(again.module)
    assert ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert plan(again.module) == plan(small.module) and again.family is small.family
    said = [storage_report(model.module, model.dtype) for model in (small, again)]
    assert said[0] == said[1] and said[0]["bytes"] == small.nbytes


def test_layers_can_be_kept_and_packed_ones_stay(base: Model) -> None:
    kept = quantized(base, "int8", ("norm", "to_q"))
    found = plan(kept.module)
    assert {found[name] for name in found if "norm" in name or "to_q" in name} == {"float32"}
    assert {found[name] for name in found if "to_k" in name} == {"I8"}
    both = quantized(kept, "nf4")
    assert set(plan(both.module).values()) == {"I8", "NF4"}
    assert "kernel" not in storage_report(base.module, base.dtype)


@pytest.mark.parametrize("format", ["int8_dynamic", "nf4"])
def test_a_lora_a_cache_and_a_sparse_attention_work_on_top(format: str, base: Model, tmp_path: Path) -> None:
    small = quantized(base, format)
    alone = run(small)
    found = pairs(base.module, "flux", LAYERS["flux"])
    adapted = with_lora(small, open_lora(file(tmp_path, "lora", kohya_names(found))), 0.7)
    with_all = adapted.with_patch(TaylorSeer(2, 1, 1)).with_patch(ClearWindow(2))
    results = [
        run(adapted),
        run(small.with_patch(TaylorSeer(2, 1, 1))),
        run(small.with_patch(ClearWindow(2))),
    ]
    assert all(result.isfinite().all() and not close(result, alone) for result in [*results, run(with_all)])
    assert torch.equal(run(small), alone), "removed is never added"


@pytest.mark.parametrize("zero_point", [False, True])
@pytest.mark.parametrize("kind", ["I8", "I4"])
def test_whole_numbers_are_multiplied_exactly(kind: str, zero_point: bool) -> None:
    random = torch.Generator().manual_seed(0)
    layer, x = nn.Linear(64, 24), torch.randn(2, 5, 64, generator=random) + 0.5
    packed = pack(layer.weight.detach(), kind, 0, Inputs(dynamic=True, zero_point=zero_point))
    small = packed_linear(layer, packed, torch.float32)
    assert isinstance(small, Int8Linear)
    numbers, scale, shift = whole_numbers(x.flatten(0, 1), zero_point=zero_point)
    rounded = (numbers.double() + (0 if shift is None else shift)) * scale
    assert (rounded - x.flatten(0, 1)).abs().max() <= scale.max() / 2 * 1.01
    exact = rounded @ packed.numbers().double().T + layer.bias
    assert torch.allclose(small(x).flatten(0, 1).double(), exact, atol=1e-5)
    alone = small(x[:1, :1])
    changed = x.clone()
    changed[0, 1] *= 100
    assert torch.equal(small(changed)[0, 0], small(x)[0, 0]), "a token is rounded by itself"
    assert torch.allclose(alone[0, 0], small(x)[0, 0], atol=1e-6)


def test_products_of_whole_numbers_are_those_of_integers() -> None:
    random = torch.Generator().manual_seed(0)
    numbers = torch.randint(-128, 128, (3, 40), generator=random)
    weight = torch.randint(-127, 128, (16, 40), generator=random)
    assert torch.equal(
        int8_product(numbers.to(torch.int8), weight.to(torch.int8)), (numbers @ weight.T).int()
    )


def test_sizes_that_no_kernel_takes_are_decoded_and_say_so() -> None:
    layer = nn.Linear(12, 6)
    small = packed_linear(layer, pack(layer.weight.detach(), "I8", 0, Inputs(dynamic=True)), torch.float32)
    assert type(small) is PackedLinear
    assert "multiples of 8" in str(storage_report(small, torch.float32)["note"])
    assert isinstance(FORMATS["nf4"].pack(layer.weight), Tensor), "rows of 12 have no groups of 64"


def test_what_came_quantised_is_not_written_anew(tmp_path: Path) -> None:
    weights = in_layout(transformer("flux"), "flux", "original")
    model = open_transformer(write_gguf(tmp_path / "flux.gguf", weights, "Q8_0"))
    with pytest.raises(Refusal, match="kept as Q8_0 came from a quantised file"):
        save_transformer(model, tmp_path / "again.safetensors")
    assert not list(tmp_path.glob("again*"))


def test_an_offloaded_model_is_refused_with_a_way_out(tmp_path: Path) -> None:
    model = Model(transformer("flux"), FLUX)
    offload(model.module)
    with pytest.raises(Refusal, match="wait elsewhere"):
        quantized(model, "int8")
    with pytest.raises(Refusal, match="wait elsewhere"):
        save_transformer(model, tmp_path / "offloaded.safetensors")
    bring_back(model.module)
    assert quantized(model, "int8").nbytes < model.nbytes / 2


def test_balance_and_rotation_do_not_change_the_product() -> None:
    random = torch.Generator().manual_seed(0)
    weight, x = torch.randn(8, 64, generator=random), torch.randn(5, 64, generator=random)
    inputs = Inputs(balance=torch.rand(64, generator=random) + 0.5, rotation=64)
    assert torch.allclose(inputs.prepare(x) @ inputs.counter(weight).T, x @ weight.T, atol=1e-5)
    assert torch.allclose(inputs.restore(inputs.counter(weight)), weight, atol=1e-6)
    packed = Packed(inputs.counter(weight), "F8_E4M3", None, None, inputs)
    assert torch.allclose(packed.decode(torch.float32), weight, atol=1e-6)


def test_only_layers_of_blocks_are_quantised(base: Model) -> None:
    names = block_layers(base.module)
    assert "proj_out" not in names and "transformer_blocks.0.attn.to_q" in names

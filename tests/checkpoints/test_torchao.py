"""Files that torchao quantised, in the names and headers that its 0.18 writes; others by name."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from app.checkpoints.listing import card
from app.engine.weights.packed_linear import PackedLinear
from app.engine.weights.single_files import open_transformer
from app.engine.weights.storage_report import storage_report
from app.graph.problem import Refusal
from tests.engine.weights.test_single_files import file
from tests.tiny.layouts import Weights, stored, transformer
from tests.tiny.runs import run
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here

LARGEST = {torch.int8: 127, torch.float8_e4m3fn: 448, torch.float8_e5m2: 57344}
DYNAMIC = {"_type": "QuantizeTensorToInt8Kwargs", "_data": {"granularity": {"_type": "PerRow", "_data": {}}}}


def flattened(
    path: Path, dtype: torch.dtype, group: int = 0, zero: int = 0, kind: str = "", **said: Any
) -> tuple[Path, Weights]:
    """Write Flux with quantised blocks; return the file, and the numbers of each weight."""
    tensors: Weights = {}
    numbers: Weights = {}
    header: dict[str, str] = {}
    for name, tensor in stored(transformer("flux")).items():
        stem = name.removesuffix(".weight")
        if tensor.ndim != 2 or "blocks" not in name:
            tensors[name], header[name] = tensor, json.dumps({"_type": "Tensor"})
            continue
        raw, scale = rounded(tensor, dtype, group)
        tensors |= {f"{stem}._weight_qdata": raw, f"{stem}._weight_scale": scale}
        if dtype == torch.int8:
            tensors[f"{stem}._weight_zero_point"] = torch.full(scale.shape, zero, dtype=torch.int8)
        numbers[name] = (raw.float().unflatten(1, (scale.shape[1], -1)) * scale[..., None]).flatten(1)
        usual = "Int8Tensor" if dtype == torch.int8 else "Float8Tensor"
        data = {"block_size": [1, group or tensor.shape[1]], "act_quant_kwargs": None, **said}
        header[name] = json.dumps({"_type": kind or usual, "_data": data, "_tensor_data_names": []})
    header["tensor_names"] = json.dumps(list(header))
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path, header)
    return path, numbers


def rounded(tensor: Tensor, dtype: torch.dtype, group: int) -> tuple[Tensor, Tensor]:
    groups = tensor.unflatten(1, (-1, group or tensor.shape[1]))
    scale = groups.abs().amax(2, keepdim=True) / LARGEST[dtype]
    small = (groups / scale).flatten(1)
    return (small.round() if dtype == torch.int8 else small).to(dtype), scale[..., 0]


@pytest.mark.parametrize(
    ("dtype", "told", "shown", "kernel"),
    [
        (torch.int8, {}, "I8", "decodes the weight"),
        (torch.int8, {"group": 32}, "I8", "decodes the weight"),
        (torch.int8, {"act_quant_kwargs": DYNAMIC}, "W8A8", "multiplies whole numbers"),
        (torch.float8_e4m3fn, {}, "F8_E4M3", "decodes the weight"),
        (torch.float8_e5m2, {"act_quant_kwargs": DYNAMIC}, "F8_E5M2", "decodes the weight"),
    ],
)
def test_what_torchao_writes_is_opened(
    dtype: torch.dtype, told: dict[str, Any], shown: str, kernel: str, tmp_path: Path
) -> None:
    path, numbers = flattened(tmp_path / "ao.safetensors", dtype, **told)
    found = card("diffusion_models", path.name, path)
    assert (found.kind, found.problem) == ("transformer", "") and f" {shown} of " in found.quantisation
    small = open_transformer(path)
    layers: dict[str, nn.Linear] = {
        name: part for name, part in small.module.named_modules() if isinstance(part, PackedLinear)
    }
    assert {f"{name}.weight" for name in layers} == numbers.keys()
    assert all(torch.equal(layer.weight, numbers[f"{name}.weight"]) for name, layer in layers.items())
    said = storage_report(small.module, small.dtype)
    assert said["stored"] == shown and str(said["kernel"]).startswith(kernel)
    assert run(small).isfinite().all()


def test_a_kind_that_is_not_read_is_named(tmp_path: Path) -> None:
    path, _ = flattened(tmp_path / "ao.safetensors", torch.int8, kind="IntxUnpackedToInt8Tensor")
    with pytest.raises(Refusal, match=r"attn.*\.weight as torchao's IntxUnpackedToInt8Tensor") as refusal:
        open_transformer(path)
    assert "Int8WeightOnlyConfig" in refusal.value.remedy
    assert "torchao's Intx" in card("diffusion_models", path.name, path).problem


def test_whole_numbers_that_do_not_lie_around_zero_are_refused(tmp_path: Path) -> None:
    path, _ = flattened(tmp_path / "ao.safetensors", torch.int8, zero=3)
    with pytest.raises(Refusal, match="keeps whole numbers that do not lie around 0"):
        open_transformer(path)


@pytest.mark.parametrize(("beside", "kind"), [("wscales", "SVDQuant"), ("qzeros", "GPTQ or AWQ")])
def test_weights_for_other_kernels_are_named(beside: str, kind: str, tmp_path: Path) -> None:
    stem = "transformer_blocks.0.qkv_proj"
    weights = {f"{stem}.qweight": torch.zeros(8, 4, dtype=torch.int8), f"{stem}.{beside}": torch.ones(2, 8)}
    path = file(tmp_path, "other", weights | {f"{stem}.lora_down": torch.ones(8, 2)})
    with pytest.raises(Refusal, match=f"is quantised by {kind}"):
        open_transformer(path)

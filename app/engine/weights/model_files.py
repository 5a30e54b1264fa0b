"""Writes a transformer, quantised or not, as one safetensors file that the loaders open again.

Weights keep the keys of ComfyUI (`weight_scale`, `comfy_quant`) and of bitsandbytes (NF4), so that other
programs read what they have a format for. The header also says family, configuration and plan.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from app.engine.model import Model
from app.engine.weights.codes import CODES
from app.engine.weights.noise_ranges import RangedLinear
from app.engine.weights.packed import GROUP, Packed
from app.engine.weights.packed_linear import PackedLinear
from app.engine.weights.quantising import block_layers, refuse_elsewhere
from app.engine.weights.storage_report import title
from app.graph.problem import Refusal

HEADER = "patchloom"  # key of our own facts in the header


def save_transformer(model: Model, path: Path) -> int:
    """Write the model without its techniques and LoRAs to a new file; return its size (bytes)."""
    from safetensors.torch import save_file

    refuse_elsewhere(model.module)
    if any(isinstance(part, RangedLinear) for part in model.module.modules()):
        raise Refusal(
            "A model with weights for several ranges of noise cannot be written as a file.",
            "Set ranges of ViDiT-Q to 1.",
            code="unsupported",
            input="model",
        )
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in stored(model.module).items()}
    half_done = path.with_suffix(".part")
    try:
        save_file(tensors, half_done, metadata={HEADER: json.dumps(facts(model))})
        os.replace(half_done, path)
    finally:
        half_done.unlink(missing_ok=True)
    return path.stat().st_size


def facts(model: Model) -> dict[str, Any]:
    """Return what shapes do not tell: family, size, configuration and how each layer is kept."""
    config: Mapping[str, Any] = getattr(model.module, "config", {})
    return {
        "family": model.family.name,
        "size": model.size,
        "config": {name: value for name, value in config.items() if not name.startswith("_")},
        "plan": plan(model.module),
    }


def plan(module: nn.Module) -> dict[str, str]:
    """Return how the weight of each linear layer in the blocks is kept."""
    return {
        name: title(part)
        if isinstance(part := layer.now if isinstance(layer, RangedLinear) else layer, PackedLinear)
        else str(layer.weight.dtype).removeprefix("torch.")
        for name, layer in block_layers(module).items()
    }


def stored(module: nn.Module) -> dict[str, Tensor]:
    """Return the tensors of a file."""
    packed = {name: part for name, part in module.named_modules() if isinstance(part, PackedLinear)}
    found = {
        name: tensor
        for name, tensor in module.state_dict().items()
        if name.rpartition(".")[0] not in packed or name.endswith(".bias")
    }
    for name, layer in packed.items():
        found |= {f"{name}.{leaf}": tensor for leaf, tensor in tensors_of(layer.packed).items()}
    return found


def tensors_of(packed: Packed) -> dict[str, Tensor]:
    """Return the tensors that stand for one weight, by what follows the layer's name."""
    if packed.kind == "NF4":
        return in_nf4(packed)
    if packed.kind not in ("F8_E4M3", "F8_E5M2", "I8", "I4"):
        raise Refusal(
            f"A weight that is kept as {packed.kind} came from a quantised file and cannot be written anew.",
            "Use that file; or load a version of the model with plain weights and quantise it.",
            code="unsupported",
            input="model",
        )
    found = {"weight": packed.raw}
    if packed.scale is not None:
        found["weight_scale"] = packed.scale
    if packed.inputs is not None and packed.inputs.balance is not None:
        found["pre_quant_scale"] = packed.inputs.balance
    if packed.kind.startswith("I"):
        found["comfy_quant"] = text(settings(packed))
    return found


def settings(packed: Packed) -> dict[str, Any]:
    """Say how whole numbers are meant: as ComfyUI says it where it has a word for that."""
    inputs = packed.inputs
    said: dict[str, Any] = {"format": f"patchloom_{'int8' if packed.kind == 'I8' else 'int4'}"}
    if packed.kind == "I8" and (inputs is None or (inputs.balance is None and not inputs.zero_point)):
        said["format"] = "int8_tensorwise"
    if inputs is None or not inputs.dynamic:
        said["full_precision_matrix_mult"] = True
    if inputs is not None:
        said |= {"dynamic": inputs.dynamic, "zero_point": inputs.zero_point}
        if inputs.rotation:
            said |= {"convrot": True, "convrot_groupsize": inputs.rotation}
    return said


def in_nf4(packed: Packed) -> dict[str, Tensor]:
    """Return NF4 as bitsandbytes keeps it."""
    if packed.scale is None:
        raise RuntimeError("NF4 always has scales")
    rows, halves = packed.raw.shape
    state = {"quant_type": "nf4", "blocksize": GROUP, "dtype": "bfloat16", "shape": [rows, 2 * halves]}
    return {
        "weight": packed.raw.reshape(-1, 1),
        "weight.absmax": packed.scale.flatten(),
        "weight.quant_map": torch.tensor(CODES["NF4"]),
        "weight.quant_state.bitsandbytes__nf4": text(state),
    }


def text(data: Mapping[str, Any]) -> Tensor:
    return torch.tensor(list(json.dumps(data).encode()), dtype=torch.uint8)

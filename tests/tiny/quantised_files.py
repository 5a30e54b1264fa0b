"""Quantised weights as other programs write them, each with the numbers that it stands for."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from app.engine.weights.codes import CODES

Tensors = dict[str, Tensor]
NESTED = 256  # scales that share a scale in files of bitsandbytes


class Written(NamedTuple):
    """The tensors of one weight, by what follows the layer's name, and its numbers."""

    tensors: Tensors
    numbers: Tensor


def text(**data: Any) -> Tensor:
    return torch.tensor(list(json.dumps(data).encode()), dtype=torch.uint8)


def nearest(numbers: Tensor, table: Tensor) -> Tensor:
    """Return the number of the nearest entry of a table, by looking at all of them."""
    return (numbers[..., None] - table).abs().argmin(dim=-1)


def halves(codes: Tensor) -> Tensor:
    """Put each pair of codes into a byte, the first one into the high half."""
    return (codes[..., ::2] * 16 + codes[..., 1::2]).to(torch.uint8)


def bitsandbytes(weight: Tensor, kind: str, *, nested: bool, block: int = 64) -> Written:
    """Write NF4 or FP4 as `bitsandbytes` does."""
    table = torch.tensor(CODES[kind])
    blocks = weight.float().reshape(-1, block)
    largest = blocks.abs().amax(dim=1)
    codes = nearest(blocks / largest[:, None], table)
    state: dict[str, Any] = {"quant_type": kind.lower(), "blocksize": block, "dtype": "bfloat16"}
    state["shape"] = list(weight.shape)
    tensors = {"weight.absmax": largest, "weight.quant_map": table}
    if nested:
        offset, levels = float(largest.mean()), torch.linspace(-1, 1, 256)
        groups = torch.nn.functional.pad(largest - offset, (0, -len(largest) % NESTED)).reshape(-1, NESTED)
        peaks = groups.abs().amax(dim=1).clamp_min(1e-9)
        places = nearest(groups / peaks[:, None], levels)
        largest = (levels[places] * peaks[:, None]).flatten()[: len(largest)] + offset
        state |= {"nested_blocksize": NESTED, "nested_offset": offset, "nested_dtype": "float32"}
        tensors["weight.absmax"] = places.flatten()[: len(largest)].to(torch.uint8)
        tensors |= {"weight.nested_absmax": peaks, "weight.nested_quant_map": levels}
    tensors["weight"] = halves(codes.flatten()).reshape(-1, 1)
    tensors[f"weight.quant_state.bitsandbytes__{kind.lower()}"] = text(**state)
    return Written(tensors, (table[codes] * largest[:, None]).reshape(weight.shape))


def tiled(scales: Tensor) -> Tensor:
    """Lay scales (rows, columns) out in tiles of 128 x 4, filled up with 0, by the formula of cuBLAS."""
    rows, columns = scales.shape
    across = -(-columns // 4)
    found = torch.zeros(-(-rows // 128) * across * 512, dtype=scales.dtype)
    for row in range(rows):
        for column in range(columns):
            tile = row // 128 * across + column // 4
            inside = row % 32 * 16 + row % 128 // 32 * 4 + column % 4
            found[tile * 512 + inside] = scales[row, column]
    return found.reshape(-(-rows // 128) * 128, across * 4)


def nvfp4(weight: Tensor) -> Written:
    """Write NVFP4 as ComfyUI does."""
    table = torch.tensor(CODES["NVFP4"][:8])
    blocks = weight.float().reshape(len(weight), -1, 16)
    whole = weight.abs().amax() / (448 * 6)
    scale = (blocks.abs().amax(dim=2) / 6 / whole).to(torch.float8_e4m3fn)
    total = (whole * scale.float())[..., None]
    small = blocks / total.clamp_min(1e-12)
    codes = nearest(small.abs(), table) + 8 * (small < 0)
    numbers = torch.tensor(CODES["NVFP4"])[codes] * total
    tensors = {
        "weight": halves(codes.flatten(1)),
        "weight_scale": tiled(scale.view(torch.uint8)).view(torch.float8_e4m3fn),
        "weight_scale_2": whole,
        "comfy_quant": text(format="nvfp4"),
    }
    return Written(tensors, numbers.flatten(1))


def mxfp8(weight: Tensor) -> Written:
    """Write MXFP8 as ComfyUI does."""
    blocks = weight.float().reshape(len(weight), -1, 32)
    exponents = (blocks.abs().amax(dim=2) / 448).clamp_min(2.0**-126).log2().ceil()
    raw = (blocks / 2 ** exponents[..., None]).to(torch.float8_e4m3fn)
    tensors = {
        "weight": raw.flatten(1),
        "weight_scale": tiled((exponents + 127).to(torch.uint8)),
        "comfy_quant": text(format="mxfp8"),
    }
    return Written(tensors, (raw.float() * 2 ** exponents[..., None]).flatten(1))


def int8(weight: Tensor, **settings: Any) -> Written:
    """Write int8 as ComfyUI does, with a scale for each row."""
    scale = weight.abs().amax(dim=1, keepdim=True) / 127
    raw = (weight / scale).round().to(torch.int8)
    said = text(format="int8_tensorwise", **settings)
    return Written({"weight": raw, "weight_scale": scale, "comfy_quant": said}, raw.float() * scale)


def llm_int8(weight: Tensor) -> Written:
    """Write int8 as bitsandbytes does: the largest number of each row beside it."""
    largest = weight.abs().amax(dim=1)
    raw = (weight / largest[:, None] * 127).round().to(torch.int8)
    tensors = {"weight": raw, "SCB": largest, "weight_format": torch.tensor(0, dtype=torch.uint8)}
    return Written(tensors, raw.float() * (largest / 127)[:, None])


WRITERS: dict[str, Callable[[Tensor], Written]] = {
    "NF4": lambda weight: bitsandbytes(weight, "NF4", nested=False),
    "NF4 nested": lambda weight: bitsandbytes(weight, "NF4", nested=True),
    "FP4": lambda weight: bitsandbytes(weight, "FP4", nested=False),
    "NVFP4": nvfp4,
    "MXFP8": mxfp8,
    "I8": llm_int8,
    "W8A8": int8,
    "I8 of ComfyUI": lambda weight: int8(weight, full_precision_matrix_mult=True),
}

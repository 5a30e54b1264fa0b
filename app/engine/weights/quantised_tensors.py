"""Quantised weights of safetensors files, put together from the tensors that a file keeps for each."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from app.checkpoints.entry import Entry
from app.engine.weights.codes import CODES, untiled
from app.engine.weights.packed import FLOAT8, Inputs, Packed
from app.graph.problem import Refusal

Beside = dict[str, Tensor]
BLOCKS = {"NVFP4": 16, "MXFP8": 32}  # numbers that share a scale
SAME = 1e-5  # how far a table of 16 numbers may lie from the one we know


def whole(tensor: Tensor, entry: Entry) -> Tensor | Packed:
    """Return a weight with all that belongs to it; one that is not quantised stays a tensor."""
    beside = read_beside(entry)
    if entry.dtype in READERS and entry.parts:
        return READERS[entry.dtype](tensor, beside, entry)
    if entry.dtype in FLOAT8 and tensor.ndim == 2:
        packed = Packed(tensor.view(FLOAT8[entry.dtype]), entry.dtype)
        return packed.scaled(beside["scale"]) if "scale" in beside else packed
    return tensor * beside["scale"].to(tensor.dtype) if "scale" in beside else tensor


def read_beside(entry: Entry) -> Beside:
    from safetensors import safe_open

    found = {}
    for role, (file, name) in entry.parts.items():
        with safe_open(file, "pt") as opened:
            found[role] = opened.get_tensor(name)
    return found


def int8(tensor: Tensor, beside: Beside, entry: Entry) -> Packed:
    """Read whole numbers of ComfyUI (`weight_scale`), of bitsandbytes (`SCB`), of torchao or our own."""
    if "zero_point" in beside and beside["zero_point"].any():
        raise Refusal(
            f"{entry.file} keeps whole numbers that do not lie around 0.",
            "Use a version of the model that was quantised symmetrically.",
            code="unsupported",
            input="name",
        )
    packed = Packed(tensor.view(torch.int8), "I8", inputs=inputs_of(beside, entry))
    return packed.scaled(beside["largest"] / 127 if "largest" in beside else beside["scale"])


def int4(tensor: Tensor, beside: Beside, entry: Entry) -> Packed:
    """Read our own whole numbers of 4 bits, with a scale for each group of a row."""
    return Packed(tensor, "I4", beside["scale"].float(), inputs=inputs_of(beside, entry))


def inputs_of(beside: Beside, entry: Entry) -> Inputs | None:
    """Return what a layer does with its inputs, as ComfyUI says it."""
    said, balance = entry.settings, beside.get("balance")
    rotation = int(said.get("convrot_groupsize", 256)) if said.get("convrot") else 0
    dynamic = bool(said.get("dynamic", said.get("format") == "int8_tensorwise"))
    dynamic = dynamic and not said.get("full_precision_matrix_mult")
    if not dynamic and balance is None and not rotation:
        return None
    return Inputs(dynamic, bool(said.get("zero_point")), balance, rotation)


def mxfp8(tensor: Tensor, beside: Beside, entry: Entry) -> Packed:
    """Read fp8 with a power of two for each 32 numbers: the exponent in a byte, 127 for 1."""
    exponents = block_scales(beside["scale"].view(torch.uint8), entry)
    scale = torch.exp2(exponents.float() - 127).bfloat16()  # powers of two fit exactly
    return Packed(tensor.view(torch.float8_e4m3fn), "MXFP8", scale)


def nvfp4(tensor: Tensor, beside: Beside, entry: Entry) -> Packed:
    """Read four bits with an fp8 scale for each 16 numbers and one scale for all."""
    scale = block_scales(beside["scale"].view(torch.uint8), entry).view(torch.float8_e4m3fn)
    inputs = Inputs(balance=beside["balance"].float()) if "balance" in beside else None
    return Packed(tensor, "NVFP4", scale, beside["whole_scale"].float().reshape(()), inputs)


def block_scales(scales: Tensor, entry: Entry) -> Tensor:
    """Return the scales of blocks in plain order, (rows, blocks)."""
    rows, blocks = entry.shape[0], entry.shape[1] // BLOCKS[entry.dtype]
    expected = -(-rows // 128) * 128 * -(-blocks // 4) * 4
    if scales.numel() != expected:
        raise Refusal(
            f"{entry.file} has {scales.numel()} scales for a weight of shape {entry.shape}, not {expected}.",
            "The file was converted wrongly; use another version of the model.",
            code="shape_mismatch",
            input="name",
        )
    return untiled(scales, rows, blocks).contiguous()


def four_bits(tensor: Tensor, beside: Beside, entry: Entry) -> Tensor | Packed:
    """Read NF4 or FP4 of bitsandbytes; decoded at once where its blocks reach over the ends of rows."""
    block = int(entry.settings["blocksize"])
    if not torch.allclose(beside["table"], torch.tensor(CODES[entry.dtype]), atol=SAME):
        raise Refusal(
            f"{entry.file} is quantised to 4 bits with a table of its own.",
            "Use a version of the model in standard NF4, fp8 or GGUF.",
            code="unsupported",
            input="name",
        )
    scale = largest_of_blocks(beside, entry)
    rows, columns = entry.shape
    if columns % block == 0:
        return Packed(tensor.reshape(rows, -1), entry.dtype, scale.reshape(rows, -1))
    missing = len(scale) * block // 2 - tensor.numel()  # the last block may be cut short
    raw = torch.nn.functional.pad(tensor.flatten(), (0, missing)).reshape(len(scale), -1)
    return (
        Packed(raw, entry.dtype, scale[:, None]).numbers().flatten()[: rows * columns].reshape(rows, columns)
    )


def largest_of_blocks(beside: Beside, entry: Entry) -> Tensor:
    """Return the scale of each block; many files keep these in 8 bits too."""
    if "nested_absmax" not in beside:
        return beside["absmax"].float()
    numbers = beside["nested_table"][beside["absmax"].int()]
    groups = beside["nested_absmax"].repeat_interleave(int(entry.settings["nested_blocksize"]))
    return numbers * groups[: len(numbers)] + float(entry.settings["nested_offset"])


READERS: dict[str, Callable[[Tensor, Beside, Entry], Tensor | Packed]] = {
    "I8": int8,
    "I4": int4,
    "MXFP8": mxfp8,
    "NVFP4": nvfp4,
    "NF4": four_bits,
    "FP4": four_bits,
}

"""Quantised weights in safetensors files: which tensors belong together, and what each weight really is.

A file keeps scales and the like as tensors of their own, and 4-bit weights in bytes of another shape. Here
they become one entry, with the type and the shape of the weight that they stand for.

Reference: ComfyUI, https://github.com/Comfy-Org/ComfyUI/blob/master/QUANTIZATION.md
Reference: bitsandbytes, https://github.com/bitsandbytes-foundation/bitsandbytes (`QuantState.as_dict`)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.checkpoints.entry import Entry, Place
from app.checkpoints.torchao import unflattened
from app.checkpoints.weights import FETCH_AGAIN, read_metadata
from app.graph.problem import Refusal

WEIGHT = ".weight"
PREFIX = "model.diffusion_model."  # which headers leave out
ROLES = {  # what stands beside `X.weight`, and the part it plays
    ".weight_scale": "scale",
    ".scale_weight": "scale",
    ".weight_scale_2": "whole_scale",
    ".pre_quant_scale": "balance",
    ".comfy_quant": "settings",
    ".input_scale": "unused",
    ".scale_input": "unused",
    ".SCB": "largest",
    ".weight_format": "unused",
    ".weight.absmax": "absmax",
    ".weight.quant_map": "table",
    ".weight.nested_absmax": "nested_absmax",
    ".weight.nested_quant_map": "nested_table",
    ".weight.quant_state.bitsandbytes__nf4": "settings",
    ".weight.quant_state.bitsandbytes__fp4": "settings",
}
KINDS = {  # what files call a format, and what we call it
    "float8_e4m3fn": "F8_E4M3",
    "float8_e5m2": "F8_E5M2",
    "mxfp8": "MXFP8",
    "nvfp4": "NVFP4",
    "int8_tensorwise": "I8",
    "patchloom_int8": "I8",
    "patchloom_int4": "I4",
    "nf4": "NF4",
    "fp4": "FP4",
}
NEEDED = {
    "F8_E4M3": ("scale",),
    "F8_E5M2": ("scale",),
    "MXFP8": ("scale",),
    "NVFP4": ("scale", "whole_scale"),
    "I8": ("scale",),
    "I4": ("scale",),
    "NF4": ("absmax", "table"),
    "FP4": ("absmax", "table"),
}
SMALL = ("U8", "I8", "F8_E4M3", "F8_E5M2")  # types of a file that quantised weights have
LARGEST_TEXT = 65536  # bytes


def fold(entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """Put each weight and what belongs to it together; refuses what lacks a part or has an unknown format."""
    refuse_four_bit_layouts(entries)
    entries = unflattened(entries)
    beside = companions(entries)
    parts = {place.name for roles in beside.values() for place in roles.values()}
    told = told_in_headers(entries)
    found = {name: entry for name, entry in entries.items() if name not in parts}
    for name, entry in found.items():
        stem = name.removesuffix(WEIGHT)
        if entry.called:
            found[name] = logical(name, entry)
            continue
        roles, settings = beside.get(name, {}), told.get(stem) or told.get(stem.removeprefix(PREFIX), {})
        if "settings" in roles:
            settings = read_text(entries[roles["settings"].name])
        if roles or settings:
            nbytes = entry.nbytes + sum(entries[place.name].nbytes for place in roles.values())
            found[name] = logical(name, replace(entry, nbytes=nbytes, parts=roles, settings=settings))
        elif entry.dtype == "I8" and name.endswith(WEIGHT) and len(entry.shape) == 2:
            raise lacking(name, entry, "scale")
    return found


def refuse_four_bit_layouts(entries: Mapping[str, Entry]) -> None:
    """Refuse weights that are laid out for one program's own kernels, by the names beside them."""
    for name, entry in entries.items():
        stem = name.removesuffix(".qweight")
        if stem == name:
            continue
        kind = "SVDQuant (Nunchaku)" if f"{stem}.wscales" in entries else "GPTQ or AWQ"
        raise Refusal(
            f"{entry.file} is quantised by {kind}: it keeps {name} for kernels that Patchloom does not have.",
            "Use a version of the model in GGUF, NF4, NVFP4, int8 or fp8.",
            code="unsupported",
            input="name",
        )


def companions(entries: Mapping[str, Entry]) -> dict[str, dict[str, Place]]:
    """Return what belongs to each weight: name of the weight -> role -> place."""
    found: dict[str, dict[str, Place]] = {}
    for name, entry in entries.items():
        for suffix, role in ROLES.items():
            weight = name.removesuffix(suffix) + WEIGHT
            if name.endswith(suffix) and weight in entries:
                found.setdefault(weight, {})[role] = Place(entry.file, name)
    return found


def told_in_headers(entries: Mapping[str, Entry]) -> dict[str, dict[str, Any]]:
    """Return what headers say of modules: name of the module -> settings."""
    found: dict[str, dict[str, Any]] = {}
    for file in {entry.file for entry in entries.values() if entry.dtype in SMALL}:
        found |= json.loads(read_metadata(file).get("_quantization_metadata", "{}")).get("layers", {})
    return found


def read_text(entry: Entry) -> dict[str, Any]:
    """Return the JSON object that a tensor of bytes holds."""
    try:
        with entry.file.open("rb") as file:
            file.seek(entry.start)
            data = json.loads(file.read(min(entry.nbytes, LARGEST_TEXT)))
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise Refusal(f"{entry.file} describes its quantisation unreadably.", FETCH_AGAIN, code="bad_config")
    return data


def logical(name: str, entry: Entry) -> Entry:
    """Return a weight with the type and shape that it really has."""
    stated = entry.settings.get("format") or entry.settings.get("quant_type")
    kind = KINDS.get(str(stated)) if stated else inferred(entry)
    if kind is None:
        raise Refusal(
            f"{entry.file} keeps {name} as {stated}, which Patchloom cannot read.",
            f"Use a version of the model in one of: {', '.join(KINDS)}, or GGUF.",
            code="unsupported",
            input="name",
        )
    for role in needed(kind, entry, told=bool(stated)):
        if role not in entry.parts:
            raise lacking(name, entry, role)
    shape = entry.shape
    if "shape" in entry.settings:
        shape = tuple(entry.settings["shape"])
    elif kind in ("NVFP4", "I4") and len(shape) == 2:
        shape = (shape[0], 2 * shape[1])  # two numbers a byte
    return replace(entry, dtype=kind, shape=shape)


def needed(kind: str, entry: Entry, *, told: bool) -> tuple[str, ...]:
    """Return the roles that a weight cannot be read without; plain fp8 has no scale, unless told so."""
    if "largest" in entry.parts or (kind.startswith("F8") and not told):
        return ()
    nested = ("nested_absmax", "nested_table") if entry.settings.get("nested_blocksize") else ()
    return (*NEEDED.get(kind, ()), *nested)


def inferred(entry: Entry) -> str:
    """Tell the format of a weight that nothing names, by its own type and by what stands beside it."""
    if entry.dtype == "U8" and "whole_scale" in entry.parts:
        return "NVFP4"
    return entry.dtype


def lacking(name: str, entry: Entry, role: str) -> Refusal:
    stem = name.removesuffix(WEIGHT)
    wanted = next(stem + suffix for suffix, plays in ROLES.items() if plays == role)
    return Refusal(
        f"{entry.file} lacks {wanted}, without which its weight {name} cannot be read.",
        f"The file was converted wrongly, or is not whole. {FETCH_AGAIN}",
        code="missing_keys",
        input="name",
    )

"""Weights that torchao quantised, as diffusers and transformers save them: one entry for each.

A weight `X.weight` lies in `X._weight_qdata`, `X._weight_scale` and the like, and the header says which of
torchao's tensors they make up.

Reference: torchao, https://github.com/pytorch/ao (`prototype/safetensors`, `flatten_tensor_state_dict`)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.checkpoints.entry import Entry, Place
from app.checkpoints.weights import read_metadata
from app.graph.problem import Refusal

DATA = "._weight_qdata"
PART = "._weight_"  # what its other tensors are called, but for the role
ROLES = {"scale": "scale", "zero_point": "zero_point"}
FORMATS = {  # torchao's tensor, its type in the file -> ComfyUI's word for the same
    ("Int8Tensor", "I8"): "int8_tensorwise",
    ("Float8Tensor", "F8_E4M3"): "float8_e4m3fn",
    ("Float8Tensor", "F8_E5M2"): "float8_e5m2",
}


def unflattened(entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """Return all tensors, with those of each weight as one, described in ComfyUI's words.

    Raises:
        Refusal: torchao keeps a weight in a way that Patchloom does not read.
    """
    stems = [name.removesuffix(DATA) for name in entries if name.endswith(DATA)]
    if not stems:
        return dict(entries)
    told: dict[str, str] = {}
    for file in {entries[stem + DATA].file for stem in stems}:
        told |= read_metadata(file)
    weights = {f"{stem}.weight": weight(stem, entries, told) for stem in stems}
    return {name: entry for name, entry in entries.items() if PART not in name} | weights


def weight(stem: str, entries: Mapping[str, Entry], told: Mapping[str, str]) -> Entry:
    """Return one weight, with what belongs to it."""
    data = entries[stem + DATA]
    said = json.loads(told.get(f"{stem}.weight", "{}"))
    kind, details = said.get("_type"), said.get("_data", {})
    if (format := FORMATS.get((kind, data.dtype))) is None:
        raise unread(data, stem, kind)
    parts = {
        role: Place(entries[name].file, name)
        for key, role in ROLES.items()
        if (name := f"{stem}{PART}{key}") in entries
    }
    nbytes = data.nbytes + sum(entries[place.name].nbytes for place in parts.values())
    settings: dict[str, Any] = {
        "format": format,
        "full_precision_matrix_mult": not details.get("act_quant_kwargs"),
    }
    return replace(data, nbytes=nbytes, parts=parts, settings=settings, called=stem + DATA)


def unread(data: Entry, stem: str, kind: str | None) -> Refusal:
    named = f"torchao's {kind}" if kind else "a tensor of torchao that its header does not describe"
    return Refusal(
        f"{data.file} keeps {stem}.weight as {named}, which Patchloom does not read.",
        "Use a file that torchao quantised to int8 or float8 (Int8WeightOnlyConfig, Float8WeightOnlyConfig "
        "or their dynamic kin, version 2), or load the plain model with a precision of Load transformer.",
        code="unsupported",
        input="name",
    )

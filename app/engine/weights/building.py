"""Builds a model from a part of a weight file: the header gives its sizes, the file its weights."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from inspect import signature
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from app.checkpoints.contents import Part
from app.checkpoints.rules import original_name
from app.checkpoints.weights import read_json
from app.engine.networks import network
from app.engine.place import loading_place
from app.engine.weights.packed import Packed
from app.engine.weights.packed_linear import packed_linear
from app.engine.weights.quantising import FORMATS
from app.engine.weights.tensors import read
from app.graph.problem import Refusal

SHOWN = 5  # names in a message
ANOTHER_MODEL = "The file is not whole, or of a variant that Patchloom does not know; fetch it again."
DECODED = ("float32", "bfloat16", "float16")
Precision = Literal[
    "auto",
    "float32",
    "bfloat16",
    "float16",
    "float8_e4m3",
    "float8_e5m2",
    "int8",
    "int8_dynamic",
    "nf4",
    "int4",
]


def build(part: Part, precision: Precision = "auto", told: Mapping[str, Any] | None = None) -> nn.Module:
    """Return the model of a part with its weights, ready to run.

    Args:
        part: What to build.
        precision: How to store and compute; with auto, the weights of blocks stay as packed as in their file.
        told: Arguments of the model's class that no shape tells.
    """
    device, usual = loading_place()
    dtype = usual if precision == "auto" or precision in FORMATS else getattr(torch, precision)
    module = empty(part, told or {})
    refuse_other_names(part, module)
    weights: dict[str, Tensor] = {}
    for name, tensor in read(part):
        owner = module.get_submodule(name.rpartition(".")[0])
        small = isinstance(owner, nn.Linear) and repeated(name) and precision not in DECODED
        stored = to_pack(tensor, precision) if small else tensor
        if small and isinstance(stored, Packed):
            replace_linear(module, name, stored, device, dtype)
            continue
        numbers = stored.decode(dtype) if isinstance(stored, Packed) else stored
        weights[name] = numbers.to(device, kept_dtype(module, name, numbers, dtype))
    module.load_state_dict(weights, strict=False, assign=True)
    tie(module, part.architecture.ties)
    return module.to(device).eval().requires_grad_(False)


def to_pack(tensor: Tensor | Packed, precision: Precision) -> Tensor | Packed:
    """Pack the weight of a block where the user asks for it and the file has not done so."""
    if isinstance(tensor, Packed) or precision not in FORMATS or tensor.ndim != 2:
        return tensor
    return FORMATS[precision].pack(tensor)


def repeated(name: str) -> bool:
    """Whether a tensor belongs to one of many alike blocks, which hold nearly all of a model."""
    return any(word.isdigit() for word in name.split(".")[:-2])


def replace_linear(
    module: nn.Module, name: str, packed: Packed, device: torch.device, dtype: torch.dtype
) -> None:
    owner, _, leaf = name.removesuffix(".weight").rpartition(".")
    parent = module.get_submodule(owner)
    setattr(parent, leaf, packed_linear(getattr(parent, leaf), packed.to(device), dtype))


def kept_dtype(module: nn.Module, name: str, tensor: Tensor, dtype: torch.dtype) -> torch.dtype:
    """Return the precision of a tensor: some models need a few of theirs in full."""
    precise = getattr(module, "_keep_in_fp32_modules", None) or ()
    if not tensor.is_floating_point():
        return tensor.dtype
    return torch.float32 if any(word in name.split(".") for word in precise) else dtype


def stated_config(folder: Path) -> dict[str, Any]:
    """Return what the `config.json` of a folder says of the model's class; nothing where there is none."""
    path = folder / "config.json"
    stated = read_json(path) if path.is_file() else {}
    return {name: value for name, value in stated.items() if not name.startswith("_")}


def empty(part: Part, told: Mapping[str, Any]) -> nn.Module:
    """Build the model without memory for its weights."""
    import diffusers
    import transformers
    from accelerate import init_empty_weights  # type: ignore[import-untyped]

    name = part.architecture.model
    with init_empty_weights(include_buffers=False), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # diffusers warns of imports of its own
        if (kind := network(name) or getattr(diffusers, name, None)) is not None:
            known = signature(kind).parameters
            own = {name: value for name, value in told.items() if name in known}
            module: nn.Module = kind(**{**part.config, **own})
        else:
            kind = getattr(transformers, name)
            module = kind(kind.config_class(**{**part.config, **told}))
    return module


def refuse_other_names(part: Part, module: nn.Module) -> None:
    """Refuse weights that do not fill the model exactly, by the names that the file uses."""
    expected = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    found, pieces, path = part.shapes, part.pieces, part.archive.path
    for name in part.architecture.ties:
        expected.pop(name, None)
    rules = part.layout.rules(part.named)
    if missing := sorted({original_name(name, rules) for name in expected.keys() - found.keys()}):
        raise listed(path, "lacks", missing, "missing_keys")
    if unexpected := sorted({pieces[name].source for name in found.keys() - expected.keys()}):
        raise listed(path, "has, and the model does not know,", unexpected, "unexpected_keys")
    if other := sorted(name for name in found if found[name] != expected[name]):
        shapes = [f"{pieces[name].source} {found[name]} instead of {expected[name]}" for name in other]
        raise listed(path, "has in another shape", shapes, "shape_mismatch")


def listed(path: Path, verb: str, names: list[str], code: str) -> Refusal:
    shown = ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
    return Refusal(f"{path} {verb} {len(names)} of the tensors: {shown}.", ANOTHER_MODEL, code=code)


def tie(module: nn.Module, ties: Mapping[str, str]) -> None:
    """Let parameters that are one share their memory."""
    for name, source in ties.items():
        (owner, _, leaf), (of, _, first) = name.rpartition("."), source.rpartition(".")
        setattr(module.get_submodule(owner), leaf, getattr(module.get_submodule(of), first))

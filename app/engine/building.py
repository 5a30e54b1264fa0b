"""Builds a model from a part of a weight file: the header gives its sizes, the file its weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from app.checkpoints.contents import Part
from app.checkpoints.rules import Piece
from app.engine.place import compute_place
from app.graph.problem import Refusal

SHOWN = 5  # names in a message
ANOTHER_MODEL = "The file is not whole, or of a variant that Patchloom does not know; fetch it again."


def build(part: Part, dtype: torch.dtype | None = None, told: Mapping[str, Any] | None = None) -> nn.Module:
    """Return the model of a part with its weights, ready to run.

    Args:
        part: What to build.
        dtype: Precision; None for what suits the device.
        told: Arguments of the model's class that no shape tells.
    """
    device, usual = compute_place()
    module = empty(part, told or {})
    refuse_other_names(part, module)
    precise = tuple(getattr(module, "_keep_in_fp32_modules", None) or ())
    weights = {}
    for name, tensor in read(part):
        kept = torch.float32 if any(word in name.split(".") for word in precise) else dtype or usual
        weights[name] = tensor.to(device, kept if tensor.is_floating_point() else tensor.dtype)
    module.load_state_dict(weights, strict=False, assign=True)
    tie(module, part.architecture.ties)
    return module.to(device).eval().requires_grad_(False)


def empty(part: Part, told: Mapping[str, Any]) -> nn.Module:
    """Build the model without memory for its weights."""
    import diffusers
    import transformers
    from accelerate import init_empty_weights  # type: ignore[import-untyped]

    arguments = {**part.config, **told}
    name = part.architecture.model
    with init_empty_weights(include_buffers=False):
        if (kind := getattr(diffusers, name, None)) is not None:
            module: nn.Module = kind(**arguments)
        else:
            kind = getattr(transformers, name)
            module = kind(kind.config_class(**arguments))
    return module


def refuse_other_names(part: Part, module: nn.Module) -> None:
    """Refuse weights that do not fill the model exactly, by the names that the file uses."""
    expected = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    found, pieces, path = part.shapes, part.pieces, part.archive.path
    for name in part.architecture.ties:
        expected.pop(name, None)
    if missing := sorted(expected.keys() - found.keys()):
        raise listed(path, "lacks", missing, "missing_keys")
    if unexpected := sorted({pieces[name].source for name in found.keys() - expected.keys()}):
        raise listed(path, "has, and the model does not know,", unexpected, "unexpected_keys")
    if other := sorted(name for name in found if found[name] != expected[name]):
        shapes = [f"{pieces[name].source} {found[name]} instead of {expected[name]}" for name in other]
        raise listed(path, "has in another shape", shapes, "shape_mismatch")


def listed(path: Path, verb: str, names: list[str], code: str) -> Refusal:
    shown = ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
    return Refusal(f"{path} {verb} {len(names)} of the tensors: {shown}.", ANOTHER_MODEL, code=code)


def read(part: Part) -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors of a part by the model's names, file by file."""
    from safetensors import safe_open

    entries = part.archive.entries
    by_file: dict[Path, list[tuple[str, Piece]]] = {}
    for name, piece in part.pieces.items():
        by_file.setdefault(entries[part.prefix + piece.source].file, []).append((name, piece))
    for file, wanted in by_file.items():
        with safe_open(file, "pt") as opened:
            for name, piece in wanted:
                yield name, assemble(opened.get_tensor(part.prefix + piece.source), piece)


def assemble(tensor: Tensor, piece: Piece) -> Tensor:
    """Cut out and put together what `piece` says."""
    if len(piece.rows) == 1:
        (start, end) = piece.rows[0]
        tensor = tensor[start:end].clone()  # a view would keep the whole tensor in memory
    elif piece.rows:
        tensor = torch.cat([tensor[start:end] for start, end in piece.rows])
    return tensor.flatten(1)[:, : tensor.shape[1]] if piece.flat and tensor.ndim > 2 else tensor


def tie(module: nn.Module, ties: Mapping[str, str]) -> None:
    """Let parameters that are one share their memory."""
    for name, source in ties.items():
        (owner, _, leaf), (of, _, first) = name.rpartition("."), source.rpartition(".")
        setattr(module.get_submodule(owner), leaf, getattr(module.get_submodule(of), first))

"""Rows of a batch at noise levels of their own: one call of a transformer, as if each row asked alone.

A family says what its transformer wants for one noise level. Rows that differ are put together from what it
says for each of them, so that no family need know.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from app.engine.families import Family
from app.engine.prediction import ModelInput
from app.graph.problem import Refusal


def apart(given: ModelInput) -> Iterator[ModelInput]:
    """Yield the question of each row by itself."""
    told = given.conditioning
    for row, level in enumerate(given.levels):
        here = slice(row, row + 1)
        pooled = None if told.pooled is None else told.pooled[here]
        conditioning = replace(told, tokens=told.tokens[here], pooled=pooled)
        yield replace(given, latent=given.latent[here], sigma=level, levels=(), conditioning=conditioning)


def arguments(family: Family, module: nn.Module, given: ModelInput) -> dict[str, Any]:
    """Return the keyword arguments of a transformer's forward."""
    whole = family.arguments(module, given)
    if not given.levels:
        return whole
    rows = [family.arguments(module, row) for row in apart(given)]
    return {name: together(value, [row[name] for row in rows]) for name, value in whole.items()}


def denoised(family: Family, given: ModelInput, output: Tensor) -> Tensor:
    """Return the denoised samples that a transformer's output stands for."""
    if not given.levels:
        return family.denoised(given, output)
    rows = enumerate(apart(given))
    return torch.cat([family.denoised(row, output[at : at + 1]) for at, row in rows])


def together(whole: Any, rows: Sequence[Any]) -> Any:
    """Return an argument for all rows from what it is for each; what the batch shares stays as it is."""
    if isinstance(whole, Tensor):
        return tensor_together(whole, rows)
    if isinstance(whole, dict):
        return {name: together(value, [row[name] for row in rows]) for name, value in whole.items()}
    if isinstance(whole, tuple):
        return tuple(together(value, [row[at] for row in rows]) for at, value in enumerate(whole))
    if isinstance(whole, list) and len(whole) == len(rows):
        return [value for row in rows for value in row]
    if any(row != whole for row in rows):
        raise refusal()
    return whole


def tensor_together(whole: Tensor, rows: Sequence[Tensor]) -> Tensor:
    each = (1, *whole.shape[1:])
    if whole.ndim and len(whole) == len(rows) and all(row.shape == each for row in rows):
        return torch.cat(list(rows))
    if any(not torch.equal(row, whole) for row in rows):
        raise refusal()
    return whole


def refusal() -> Refusal:
    return Refusal(
        "This model takes one noise level for all pictures of a batch.",
        "Sample the frames one after the other.",
        code="one_level",
        input="model",
    )

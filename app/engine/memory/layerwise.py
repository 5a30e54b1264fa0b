"""Weights that rest in 8 bits and are cast for the length of a layer's own computation.

By diffusers' layerwise casting: without scales, so a float8 number is the nearest one to the weight itself.
Norms, and what is in no block, stay as they are: models look at the types of some of those weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import torch
from torch import nn

from app.engine.model import Model
from app.engine.prompts.text_encoder import TextEncoder
from app.engine.weights.packed_linear import PackedLinear

Storage = Literal["full", "float8_e4m3", "float8_e5m2"]
FULL = "full"
TYPES = {"float8_e4m3": torch.float8_e4m3fn, "float8_e5m2": torch.float8_e5m2}


SKIPPED = ("norm", r"(^|\.)wo$")  # norms, and the layers whose type T5 looks at before it calls them


def store(module: nn.Module, storage: Storage) -> None:
    """Keep the blocks of a model in 8 bits from now on; layers that are packed already stay as they are."""
    from diffusers.hooks.layerwise_casting import apply_layerwise_casting

    if storage == FULL:
        return
    precise = tuple(getattr(module, "_keep_in_fp32_modules", None) or ())
    for block in blocks_of(module):
        computed = next((tensor.dtype for tensor in block.parameters() if tensor.is_floating_point()), None)
        if computed is not None:
            apply_layerwise_casting(
                block,
                storage_dtype=TYPES[storage],
                compute_dtype=computed,
                skip_modules_pattern=(*SKIPPED, *precise),
                skip_modules_classes=(PackedLinear,),
            )
    let_go_of_the_file(module)


def store_parts(model: Model, text_encoder: TextEncoder | None, storage: Storage) -> None:
    """Keep a transformer and its text encoders in 8 bits from now on."""
    towers = text_encoder.towers.values() if text_encoder else ()
    for module in (model.module, *(tower.module for tower in towers)):
        store(module, storage)


def let_go_of_the_file(module: nn.Module) -> None:
    """Copy what is not cast: a view into the file would keep all that has been read of it in memory."""
    for tensor in (*module.parameters(), *module.buffers()):
        if tensor.device.type == "cpu" and tensor.dtype not in TYPES.values():
            tensor.data = tensor.data.clone()


def blocks_of(module: nn.Module) -> Iterator[nn.Module]:
    """Yield the members of a model's lists of modules, without those that lie within one another."""
    for child in module.children():
        if isinstance(child, nn.ModuleList):
            yield from child
        else:
            yield from blocks_of(child)

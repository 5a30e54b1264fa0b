"""Weights that rest in 8 bits and are cast for the length of a layer's own computation.

As diffusers' layerwise casting does it: without scales, so a float8 number is the nearest one to the weight
itself. Norms, and what is in no block, stay as they are: models look at the types of some of those weights.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Literal

import torch
from torch import nn

from app.checkpoints.sizes import PRECISE
from app.engine.memory.around import Around, put_around
from app.engine.memory.groups import take_buffers_apart
from app.engine.model import Model
from app.engine.prompts.text_encoder import TextEncoder
from app.engine.weights.packed_linear import PackedLinear

Storage = Literal["full", "float8_e4m3", "float8_e5m2"]
FULL = "full"
HOOK = "layerwise_casting"  # as the library calls its own: diffusers asks it for the type of a model
LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Embedding)
TYPES = {"float8_e4m3": torch.float8_e4m3fn, "float8_e5m2": torch.float8_e5m2}


def store(module: nn.Module, storage: Storage) -> None:
    """Keep the blocks of a model in 8 bits from now on; layers that are packed already stay as they are."""
    if storage == FULL:
        return
    for layer in cast_layers(module):
        computed = layer.weight.dtype
        layer.to(TYPES[storage])
        put_around(layer, Around(partial(cast, layer, computed), computed), HOOK)
    let_go_of_the_file(module)


def cast_layers(module: nn.Module) -> Iterator[Any]:
    """Yield the layers of a model's blocks whose weights rest in 8 bits; norms and packed ones do not."""
    skipped = re.compile("|".join((*PRECISE, *(getattr(module, "_keep_in_fp32_modules", None) or ()))))
    for block in blocks_of(module):
        for name, layer in block.named_modules():
            if isinstance(layer, LAYERS) and not isinstance(layer, PackedLinear) and not skipped.search(name):
                yield layer


@contextmanager
def cast(layer: nn.Module, computed: torch.dtype) -> Iterator[None]:
    """Have the weights of a layer in the type that it computes in, with those that rest kept beside them.

    Casting back instead would take time, and put the resting weights somewhere else in memory at each use.
    """
    resting = [(parameter, parameter.data) for parameter in layer.parameters()]
    try:
        for parameter, data in resting:
            parameter.data = data.to(computed)
        yield
    finally:
        for parameter, data in resting:
            parameter.data = data


def store_parts(model: Model, text_encoder: TextEncoder | None, storage: Storage) -> None:
    """Keep a transformer and its text encoders in 8 bits from now on."""
    towers = text_encoder.towers.values() if text_encoder else ()
    for module in (model.module, *(tower.module for tower in towers)):
        store(module, storage)


def let_go_of_the_file(module: nn.Module) -> None:
    """Copy what is not cast: a view into the file would keep all that has been read of it in memory."""
    take_buffers_apart(module)
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

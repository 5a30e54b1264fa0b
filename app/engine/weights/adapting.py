"""Puts LoRAs beside the weights of a model and takes them off again, whatever happens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

from torch import nn

from app.engine.hooks import replaced_forward
from app.engine.weights.low_rank import Adapter, Branch, together


@contextmanager
def adapted(module: nn.Module, adapters: Sequence[Adapter]) -> Iterator[None]:
    """Let a model compute with its adapters for the length of a `with` block."""
    with ExitStack() as stack:
        for name in {name: None for adapter in adapters for name in adapter.updates}:
            if (update := together(adapters, name)) is not None:
                stack.enter_context(replaced_forward(module.get_submodule(name), partial(Branch, update)))
        yield

"""What is to hold for as long as a module computes, below all techniques: a skipped block needs none."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import nn

Circumstance = Callable[[], AbstractContextManager[None]]


class Around:
    """A hook for diffusers' registry that, unlike the library's own, also ends when the module fails.

    Attributes:
        circumstance: Returns what to enter before the module's forward.
        compute_dtype: What diffusers takes for the type of a model whose layers are cast.
        fn_ref: The registry's; it holds the module's own forward.
    """

    _is_stateful = False  # the registry asks

    def __init__(self, circumstance: Circumstance, compute_dtype: torch.dtype | None = None) -> None:
        self.circumstance, self.compute_dtype = circumstance, compute_dtype
        self.fn_ref: Any = None

    def new_forward(self, module: nn.Module, *args: Any, **kwargs: Any) -> Any:
        """Compute under the circumstance."""
        with self.circumstance():
            return self.fn_ref.original_forward(*args, **kwargs)

    def initialize_hook(self, module: nn.Module) -> nn.Module:
        """Do nothing when it is put around a module; the registry calls it."""
        return module

    deinitalize_hook = initialize_hook

    def pre_forward(self, module: nn.Module, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Leave what a module is given as it is; the registry calls it."""
        return args, kwargs

    def post_forward(self, module: nn.Module, output: Any) -> Any:
        """Leave what a module returns as it is; the registry calls it."""
        return output


def put_around(module: nn.Module, hook: Around, name: str) -> None:
    """Let a hook be around a module's forward, outside of those that are there."""
    from diffusers.hooks.hooks import HookRegistry

    registry: Any = HookRegistry.check_if_exists_or_initialize(module)
    registry.register_hook(hook, name)

"""A forward pass without numbers: which tensors would be there at the same time, and what they would take.

The model lies on torch's `meta` device, where operations work out shapes and nothing else. Every storage is
counted from when an operation makes it to when nobody refers to it any more.
"""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.weak import WeakIdKeyDictionary

META = torch.device("meta")


class LiveMemory(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of all storages that live at the same time; those of `weights` are not counted."""

    def __init__(self, weights: Iterable[Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.live = self.peak = 0
        self.known: Any = WeakIdKeyDictionary()
        for tensor in weights:
            self.known[tensor.untyped_storage()] = None

    def __torch_dispatch__(
        self, operation: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        result = shapes_of(operation, args, kwargs or {})
        for made in tree_leaves(result):
            if isinstance(made, Tensor):
                self.count(made.untyped_storage())
        return result

    def count(self, storage: torch.UntypedStorage) -> None:
        if storage not in self.known:
            self.known[storage] = None
            self.live += storage.nbytes()
            self.peak = max(self.peak, self.live)
            weakref.finalize(storage, self.release, storage.nbytes())

    def release(self, nbytes: int) -> None:
        self.live -= nbytes


def shapes_of(operation: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Run an operation; one on numbers and on shapes gives shapes."""
    try:
        return operation(*args, **kwargs)
    except RuntimeError:
        places = {value.device for value in tree_leaves((args, kwargs)) if isinstance(value, Tensor)}
        if len(places) < 2:
            raise
        return operation(*tree_map(on_meta, args), **tree_map(on_meta, kwargs))


class FusedAttention(TorchFunctionMode):
    """Makes nothing but the result of an attention operation, as fused kernels do."""

    def __torch_function__(
        self, function: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if function is scaled_dot_product_attention:
            return attended(*args, **(kwargs or {}))
        return function(*args, **(kwargs or {}))


def attended(query: Tensor, key: Tensor, value: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    return query.new_empty(*query.shape[:-1], value.shape[-1])


@torch.no_grad()
def working_memory(module: nn.Module, call: Callable[..., Any], given: Mapping[str, Any]) -> int:
    """Return what a call takes in memory (bytes), with what it is given, beside the weights of its module.

    Args:
        module: A model on `meta`.
        call: The module, or a method of it.
        given: What it is called with; tensors may lie anywhere.

    Raises:
        RuntimeError: The call looks at numbers, which are not there.
    """
    try:
        return counted(module, call, tree_map(on_meta, given))
    except (RuntimeError, NotImplementedError):  # some look at what they are given, which then must be there
        return counted(module, call, given)


def counted(module: nn.Module, call: Callable[..., Any], given: Mapping[str, Any]) -> int:
    live = LiveMemory((*module.parameters(), *module.buffers()))
    with live, FusedAttention(), META, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # kernels remark on numbers that are not there
        for tensor in tree_leaves(given):
            if isinstance(tensor, Tensor):
                live.count(tensor.untyped_storage())
        call(**given)
    return int(live.peak)


def on_meta(value: Any) -> Any:
    return value.to(META) if isinstance(value, Tensor) else value

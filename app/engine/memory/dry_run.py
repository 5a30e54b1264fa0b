"""A forward pass without numbers: which tensors would be there at the same time, and what they would take.

The model lies on torch's `meta` device, where operations work out shapes and nothing else. Every storage is
counted from when an operation makes it to when nobody refers to it any more, and what is only there while a
module computes (weights that are decoded, or wait elsewhere) from when its forward begins to when it ends.
"""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.weak import WeakIdKeyDictionary

META = torch.device("meta")


class Taken(NamedTuple):
    """The most bytes that a call takes at once.

    Attributes:
        beside: Without weights, those that are decoded for it included.
        offloaded: With the weights that are there, where each group of them comes only while it computes.
    """

    beside: int
    offloaded: int


class LiveMemory(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of all storages that live at the same time; those of `weights` are not counted."""

    def __init__(self, weights: Iterable[Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.live = self.peak = 0
        self.arrived = self.peak_arrived = 0
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
            self.take(storage.nbytes())
            weakref.finalize(storage, self.release, storage.nbytes())

    def take(self, nbytes: int = 0, arrived: int = 0) -> None:
        """Count bytes made beside the weights, and bytes of weights that come."""
        self.live += nbytes
        self.arrived += arrived
        self.peak = max(self.peak, self.live)
        self.peak_arrived = max(self.peak_arrived, self.live + self.arrived)

    def release(self, nbytes: int = 0, arrived: int = 0) -> None:
        self.live -= nbytes
        self.arrived -= arrived


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


@dataclass(frozen=True)
class Arrival:
    """Weights that come from elsewhere when a module computes, and stay until its group is done.

    Attributes:
        bytes: Their size.
        leader: The module whose forward the group is there for.
    """

    bytes: int
    leader: nn.Module


@dataclass(frozen=True)
class Visits:
    """What is only there while modules compute.

    Attributes:
        decoded: Weights in the type that a layer computes in, beside those that it keeps (bytes by layer).
        arriving: Weights that come from elsewhere, where the model is offloaded.
    """

    decoded: Mapping[nn.Module, int] = field(default_factory=dict)
    arriving: Mapping[nn.Module, Arrival] = field(default_factory=dict)

    @contextmanager
    def counted(self, live: LiveMemory) -> Iterator[None]:
        """Count them from when a module's forward begins to when its own, or its group's leader's, ends."""
        there: dict[nn.Module, set[nn.Module]] = {arrival.leader: set() for arrival in self.arriving.values()}

        def begin(module: nn.Module, *_: Any) -> None:
            live.take(self.decoded.get(module, 0))
            if (arrival := self.arriving.get(module)) and module not in there[arrival.leader]:
                there[arrival.leader].add(module)
                live.take(arrived=arrival.bytes)

        def end(module: nn.Module, *_: Any) -> None:
            live.release(self.decoded.get(module, 0))
            for member in there.get(module, ()):
                live.release(arrived=self.arriving[member].bytes)
            there.get(module, set()).clear()

        with ExitStack() as hooks:
            for module in {*self.decoded, *self.arriving, *there}:
                hooks.callback(module.register_forward_pre_hook(begin).remove)
                hooks.callback(module.register_forward_hook(end).remove)
            yield


NOTHING = Visits()


@torch.no_grad()
def working_memory(
    module: nn.Module, call: Callable[..., Any], given: Mapping[str, Any], visits: Visits = NOTHING
) -> Taken:
    """Return what a call takes in memory, with what it is given.

    Args:
        module: A model on `meta`.
        call: The module, or a method of it.
        given: What it is called with; tensors may lie anywhere.
        visits: What is only there while parts of the module compute.

    Raises:
        RuntimeError: The call looks at numbers, which are not there.
    """
    try:
        return counted(module, call, tree_map(on_meta, given), visits)
    except (RuntimeError, NotImplementedError):  # some look at what they are given, which then must be there
        return counted(module, call, given, visits)


def counted(module: nn.Module, call: Callable[..., Any], given: Mapping[str, Any], visits: Visits) -> Taken:
    live = LiveMemory((*module.parameters(), *module.buffers()))
    with live, FusedAttention(), META, visits.counted(live), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # kernels remark on numbers that are not there
        for tensor in tree_leaves(given):
            if isinstance(tensor, Tensor):
                live.count(tensor.untyped_storage())
        call(**given)
    return Taken(live.peak, live.peak_arrived)


def on_meta(value: Any) -> Any:
    return value.to(META) if isinstance(value, Tensor) else value

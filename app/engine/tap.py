"""Where the attention operation inside an attention module is found, without touching anything others share.

A torch function mode sees every torch call on this thread, which costs time for each. Where the module's
processor names the function that it computes attention with, a copy of the processor's code in which that
name is bound to another function takes its place for the run, and the mode is on for this one call only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from types import FunctionType
from typing import Any

from torch import Tensor, nn
from torch.nn import functional
from torch.nn.functional import scaled_dot_product_attention
from torch.overrides import TorchFunctionMode

from app.engine.run import Run
from app.engine.sites import Attention, Heads

SDPA_NAMES = ("query", "key", "value", "attn_mask", "dropout_p", "is_causal")


class AttentionTap(TorchFunctionMode):
    """While it is on, sends softmax attention through the patches; what a patch computes is left alone.

    Attributes:
        found: Whether there was any since this was last set to False.
        idle_mask: Whether the module makes a mask that lets everything through, which is left out.
        narrow: Whether something turns it on where attention is; else it must be on for the whole module.
    """

    def __init__(self, run: Run, site: Attention, *, idle_mask: bool = False) -> None:
        super().__init__()
        self.run, self.site, self.found, self.narrow = run, site, False, False
        self.idle_mask = idle_mask

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is not scaled_dot_product_attention:
            return func(*args, **kwargs)
        given = {**dict(zip(SDPA_NAMES, args, strict=False)), **kwargs}
        if given.get("is_causal") or given.get("dropout_p"):
            return func(*args, **kwargs)  # no transformer family asks for it; counts as not found
        self.found = True
        heads = Heads(*(given.get(name) for name in (*SDPA_NAMES[:4], "scale")))  # type: ignore[arg-type]
        if self.idle_mask:
            heads = replace(heads, mask=None)
        crossing = (self.site.queries, self.site.keys) == ("image", "text")
        if crossing and heads.key.shape[2] != self.run.step.layout.text:
            return func(*args, **kwargs)  # what a vision encoder says of a picture; techniques know of text
        return self.run.around("wrap_attention", (self.site,), heads, attend)

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return `function` with the tap on while it runs."""

        @wraps(function)
        def tapped(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return tapped


def attend(heads: Heads) -> Tensor:
    """Compute an attention operation that all patches have seen, (B, K, N, d)."""
    return heads.attend(heads)


class Functional:
    """`torch.nn.functional` with a tap on attention."""

    def __init__(self, tap: AttentionTap) -> None:
        self.scaled_dot_product_attention = tap.around(scaled_dot_product_attention)

    def __getattr__(self, name: str) -> Any:
        return getattr(functional, name)


@contextmanager
def narrowed(module: nn.Module, tap: AttentionTap) -> Iterator[None]:
    """For the length of a run, let the module's processor turn the tap on, if it is of a kind that can."""
    processor: Any = getattr(module, "processor", None)
    bound = names_bound(processor, tap)
    if not bound or isinstance(processor, nn.Module):
        yield
        return
    module.processor = with_names(processor, bound)
    tap.narrow = True
    try:
        yield
    finally:
        module.processor = processor


def names_bound(processor: Any, tap: AttentionTap) -> dict[str, Any]:
    """Return what the names that a processor computes attention with should be bound to."""
    function = vars(type(processor)).get("__call__")
    if not isinstance(function, FunctionType):
        return {}
    used, known = function.__code__.co_names, function.__globals__
    if "dispatch_attention_fn" in used:
        return {"dispatch_attention_fn": tap.around(known["dispatch_attention_fn"])}
    if "scaled_dot_product_attention" in used and known.get("F") is functional:
        return {"F": Functional(tap)}
    return {}


def with_names(processor: Any, bound: dict[str, Any]) -> Any:
    """Return a processor with the same code and state, in whose code some names are bound otherwise."""
    kind = type(processor)
    call = vars(kind)["__call__"]
    copy = FunctionType(
        call.__code__, {**call.__globals__, **bound}, call.__name__, call.__defaults__, call.__closure__
    )
    copy.__kwdefaults__ = call.__kwdefaults__
    other: Any = object.__new__(type(kind.__name__, (kind,), {"__call__": copy}))
    other.__dict__ = processor.__dict__
    return other

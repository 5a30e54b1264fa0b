"""Quantises the weights of a model in memory, by the formats that a user can choose."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn

from app.engine.model import Model
from app.engine.weights.noise_ranges import RangedLinear
from app.engine.weights.packed import GROUP, Inputs, Packed, pack
from app.engine.weights.packed_linear import PackedLinear, packed_linear
from app.graph.problem import Refusal

FormatName = Literal["float8_e4m3", "float8_e5m2", "int8", "int8_dynamic", "nf4", "int4"]


@dataclass(frozen=True)
class Format:
    """How weights are kept.

    Attributes:
        kind: Type of the numbers.
        group: How many numbers of a row share a scale; 0 for the whole row.
        dynamic: Whether inputs are rounded to 8 bits too, so that whole numbers are multiplied.
    """

    kind: str
    group: int = 0
    dynamic: bool = False

    def pack(self, weight: Tensor) -> Tensor | Packed:
        """Pack a weight (rows, columns); one whose rows cannot be shared out stays as it is."""
        if weight.shape[1] % max(self.group, 2):
            return weight
        return pack(weight, self.kind, self.group, Inputs(dynamic=True) if self.dynamic else None)


FORMATS: dict[str, Format] = {
    "float8_e4m3": Format("F8_E4M3"),
    "float8_e5m2": Format("F8_E5M2"),
    "int8": Format("I8"),
    "int8_dynamic": Format("I8", dynamic=True),
    "nf4": Format("NF4", GROUP),
    "int4": Format("I4", GROUP),
}


def quantized(model: Model, format: str, keep: tuple[str, ...] = ()) -> Model:
    """Return a handle whose block weights are kept in a format; those packed before stay as they are.

    Args:
        model: What to quantise; not modified, and all that is not packed is shared with it.
        format: A name in FORMATS.
        keep: Parts of names whose layers are left alone.
    """

    def choose(name: str, layer: nn.Linear) -> Packed | None:
        packed = FORMATS[format].pack(layer.weight)
        return packed if isinstance(packed, Packed) and not any(part in name for part in keep) else None

    return replace(model, module=with_packed(model.module, choose, model.dtype))


def with_packed(
    module: nn.Module, choose: Callable[[str, nn.Linear], Packed | None], dtype: torch.dtype
) -> nn.Module:
    """Return a module that shares all but the layers for which `choose` returns a packed weight."""

    def made(name: str, layer: nn.Linear) -> nn.Linear | None:
        packed = choose(name, layer)
        return None if packed is None else packed_linear(layer, packed, dtype)

    return with_layers(module, made)


def with_layers(module: nn.Module, choose: Callable[[str, nn.Linear], nn.Linear | None]) -> nn.Module:
    """Return a module that shares all but the plain layers for which `choose` returns another one."""
    refuse_elsewhere(module)
    chosen = {name: made for name, layer in plain_layers(module).items() if (made := choose(name, layer))}
    copied = shared_copy(module)
    for name, layer in chosen.items():
        owner, _, leaf = name.rpartition(".")
        setattr(copied.get_submodule(owner), leaf, layer)
    return copied


def refuse_elsewhere(module: nn.Module) -> None:
    """Refuse a model whose weights are not plainly in memory, since there is little of it."""
    registries = (getattr(part, "_diffusers_hook", None) for part in module.modules())
    if any(registry is not None and registry.hooks for registry in registries):
        raise Refusal(
            "Memory is so short that this model's weights wait elsewhere, or are kept in 8 bits already.",
            "Quantise while loading, with precision of Load transformer, or allow more memory.",
            code="offloaded",
            input="model",
        )


def block_layers(module: nn.Module) -> Mapping[str, nn.Linear]:
    """Return the linear layers of the repeated blocks, by name."""
    whole = tuple(f"{name}." for name, part in module.named_modules() if isinstance(part, RangedLinear))
    return {
        name: layer
        for name, layer in module.named_modules()
        if isinstance(layer, nn.Linear)
        and any(word.isdigit() for word in name.split(".")[:-1])
        and not name.startswith(whole)
    }


def plain_layers(module: nn.Module) -> dict[str, nn.Linear]:
    """Return the layers of the blocks that are not quantised yet."""
    layers = block_layers(module)
    return {name: x for name, x in layers.items() if not isinstance(x, PackedLinear | RangedLinear)}


def shared_copy(module: nn.Module) -> nn.Module:
    """Return a module of the same structure, whose tensors are others in the same memory.

    Where the weights of the one are moved later, those of the other stay.
    """
    parameters = {id(x): nn.Parameter(x.data, requires_grad=False) for x in module.parameters()}
    return copy.deepcopy(module, {**parameters, **{id(x): x.detach() for x in module.buffers()}})

"""Weights that come and go together, so that only those of what computes are on the device.

The groups are those of diffusers' group offloading: each member of a model's lists of blocks, with all that
is outside of the lists as one more group; a model without such lists goes layer by layer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True)
class Group:
    """Weights that are there as long as a module computes.

    Attributes:
        leader: The module.
        tensors: Its parameters and buffers, by their names in the model.
    """

    leader: nn.Module
    tensors: Mapping[str, Tensor]


def groups(module: nn.Module) -> tuple[Group, ...]:
    """Return the groups of a model; without lists of blocks, what it owns itself is in none, and stays."""
    if not has_blocks(module):
        parts = ((name, part) for name, part in module.named_modules() if name)
        found = (Group(part, tensors_of(part, name, deep=False)) for name, part in parts)
        return tuple(group for group in found if group.tensors)
    members = tuple(Group(member, tensors_of(member, name)) for name, member in members_of(module))
    inside = {name for group in members for name in group.tensors}
    outside = {name: tensor for name, tensor in tensors_of(module).items() if name not in inside}
    return *members, Group(module, outside)


def has_blocks(module: nn.Module) -> bool:
    """Whether a model is lists of blocks and little else; others go layer by layer."""
    return any(isinstance(child, nn.ModuleList) for child in module.children())


def members_of(module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Yield the members of a model's own lists, by name."""
    for name, child in module.named_children():
        if isinstance(child, nn.ModuleList | nn.Sequential):
            for index, member in enumerate(child):
                yield f"{name}.{index}", member


def tensors_of(module: nn.Module, prefix: str = "", *, deep: bool = True) -> dict[str, Tensor]:
    """Return a module's parameters and buffers by name, each once; with `deep` those of its parts, too."""
    return {
        **dict(module.named_parameters(prefix, recurse=deep)),
        **dict(module.named_buffers(prefix, recurse=deep)),
    }


def take_buffers_apart(module: nn.Module) -> None:
    """Let no buffer be a view of another tensor, which would stay in memory when the buffer leaves."""
    for part in module.modules():
        for name, buffer in part._buffers.items():
            part._buffers[name] = None if buffer is None else buffer.data

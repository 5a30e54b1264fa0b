"""Which weights of a network are only there while one of its modules computes, told from its header."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from app.checkpoints.sizes import CAST, in_block
from app.engine.memory.dry_run import Arrival, Visits
from app.engine.memory.groups import Group, groups
from app.engine.memory.layerwise import cast_layers
from app.engine.memory.networks import Network
from app.engine.place import compute_place


def visits_of(part: Network, module: nn.Module) -> Visits:
    """Return what comes and goes while a network computes; `module` is the network on the `meta` device."""
    return Visits(decoded(part, module), arriving(part, module))


def decoded(part: Network, module: nn.Module) -> Mapping[nn.Module, int]:
    """Return the bytes of weights that a layer decodes for itself.

    A layer that is cast has them once more in the type that it computes in; one that is packed decodes to
    float32 and casts that.
    """
    itemsize = compute_place()[1].itemsize
    if part.kept.startswith(CAST):
        return {layer: itemsize * numbers(layer) for layer in cast_layers(module)}
    if part.size.bytes >= part.size.parameters * itemsize:
        return {}
    layers = {name: layer for name, layer in module.named_modules() if isinstance(layer, nn.Linear)}
    packed = (layer for name, layer in layers.items() if in_block(f"{name}.weight"))
    return {layer: (torch.float32.itemsize + itemsize) * layer.weight.numel() for layer in packed}


def numbers(layer: nn.Module) -> int:
    return sum(parameter.numel() for parameter in layer.parameters())


def arriving(part: Network, module: nn.Module) -> Mapping[nn.Module, Arrival]:
    """Return the weights that come while a network computes, where it is offloaded."""
    packed = packing(part, module)
    groups_of = on_gpu if compute_place()[0].type == "cuda" else on_cpu
    return groups_of(module, groups(module), packed)


def on_cpu(module: nn.Module, found: Sequence[Group], packed: float) -> Mapping[nn.Module, Arrival]:
    """Let weights come when the layer that owns them computes: what is mapped is there once it is read."""
    coming: dict[nn.Module, Arrival] = {}
    for group in found:
        for name, tensor in group.tensors.items():
            owner = module.get_submodule(name.rpartition(".")[0])
            before = coming[owner].bytes if owner in coming else 0
            coming[owner] = Arrival(before + held(name, tensor, packed), group.leader)
    return coming


def on_gpu(module: nn.Module, found: Sequence[Group], packed: float) -> Mapping[nn.Module, Arrival]:
    """Let whole groups come, each with the next one behind it."""
    bytes = {
        group.leader: sum(held(name, tensor, packed) for name, tensor in group.tensors.items())
        for group in found
    }
    coming = {leader: Arrival(size, leader) for leader, size in bytes.items()}
    for one, next in pairwise(leader for leader in bytes if leader is not module):
        coming[one] = Arrival(bytes[one] + bytes[next], one)
    return coming


def held(name: str, tensor: Tensor, packed: float) -> int:
    """Return the bytes of a tensor; those of blocks are taken to be packed alike."""
    return int(tensor.nbytes * packed) if in_block(name) else tensor.nbytes


def packing(part: Network, module: nn.Module) -> float:
    """Return the share of their full size that the blocks of a network take, by their sum in the header."""
    weights = module.state_dict().items()
    inside = sum(tensor.nbytes for name, tensor in weights if in_block(name))
    outside = sum(tensor.nbytes for name, tensor in weights if not in_block(name))
    return (part.size.bytes - outside) / inside if inside else 1.0

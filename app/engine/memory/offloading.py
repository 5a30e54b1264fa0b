"""Models whose weights wait outside of the device and come in group by group.

On a GPU they wait in the memory of the machine, and the next group comes while the last one computes:
diffusers' group offloading. On a CPU they wait on the disk. The numbers are the same either way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from weakref import WeakKeyDictionary, finalize

import torch
from torch import nn

from app.engine.memory.groups import has_blocks
from app.engine.memory.on_disk import move_to_disk, read_back
from app.engine.memory.process import give_back
from app.engine.place import compute_place

HOOK = "group_offloading"
FURTHER_HOOKS = ("layer_execution_tracker", "lazy_prefetch_group_offloading")


Tied = tuple[nn.Module, str, nn.Parameter]


@dataclass(frozen=True)
class Offloaded:
    """Where an offloaded model computes, and where its weights wait.

    Attributes:
        device: The device that computes.
        folder: Where they wait on the disk; None where they wait in memory.
        forget: Deletes the folder; called when the model goes, or the program ends.
        tied: What stood in for tensors that several modules share: (module, name, the shared tensor).
    """

    device: torch.device
    folder: Path | None
    forget: finalize[..., nn.Module]
    tied: tuple[Tied, ...] = ()


OFFLOADED: WeakKeyDictionary[nn.Module, Offloaded] = WeakKeyDictionary()


def offload(module: nn.Module) -> None:
    """Let the weights of a model wait outside of its device from now on."""
    if module in OFFLOADED:
        return
    device = compute_place()[0]
    tied: tuple[Tied, ...] = ()
    folder = None if device.type == "cuda" else Path(mkdtemp(prefix="patchloom-offloaded-"))
    forget = finalize(module, rmtree, folder or "", ignore_errors=True)
    if folder is not None:
        move_to_disk(module, folder, HOOK)
    else:
        tied = tuple(untie(module))
        move_to_memory(module, device)
    OFFLOADED[module] = Offloaded(device, folder, forget, tied)
    give_back()


def move_to_memory(module: nn.Module, device: torch.device) -> None:
    """Let the weights of a model wait in the memory of the machine, and come to a GPU ahead of their use."""
    from diffusers.hooks.group_offloading import apply_group_offloading

    by_block = has_blocks(module)
    apply_group_offloading(
        module,
        onload_device=device,
        offload_type="block_level" if by_block else "leaf_level",
        num_blocks_per_group=1 if by_block else None,
        use_stream=True,
    )


def bring_back(module: nn.Module) -> None:
    """Keep all weights of a model on its device again."""
    from diffusers.hooks.hooks import HookRegistry

    if module not in OFFLOADED:
        return
    kept = OFFLOADED.pop(module)
    if kept.folder is not None:
        read_back(module, kept.folder)
    registry = HookRegistry.check_if_exists_or_initialize(module)
    for name in (HOOK, *FURTHER_HOOKS):
        registry.remove_hook(name, recurse=True)
    for part, name, shared in kept.tied:
        setattr(part, name, shared)
    module.to(kept.device)
    kept.forget()


def untie(module: nn.Module) -> Iterator[Tied]:
    """Give modules that share a parameter one each; yields what they shared.

    The library sends a shared one away with the first module that is done, though the next may be at work.
    """
    seen: set[nn.Parameter] = set()
    for part in module.modules():
        for name, parameter in list(part._parameters.items()):
            if parameter in seen:
                setattr(part, name, nn.Parameter(parameter.detach().clone(), requires_grad=False))
                yield part, name, parameter
            elif parameter is not None:
                seen.add(parameter)


def place_of(module: nn.Module) -> torch.device:
    """Return the device that a model computes on, wherever its weights are now."""
    kept = OFFLOADED.get(module)
    return kept.device if kept else next(module.parameters()).device


def weight_bytes(module: nn.Module) -> int:
    """Return the memory (bytes) that the weights of a model hold; those that wait on the disk hold none."""
    kept = OFFLOADED.get(module)
    if kept is not None and kept.folder is not None:
        return 0
    return sum(tensor.nbytes for tensor in (*module.parameters(), *module.buffers()))

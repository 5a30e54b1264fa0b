"""Models whose weights wait outside of the device and come in block by block: diffusers' group offloading.

On a GPU they wait in the memory of the machine, and the next block comes while the last one computes. On a
CPU they wait on the disk. The numbers are the same either way.
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
    tied: tuple[Tied, ...]


OFFLOADED: WeakKeyDictionary[nn.Module, Offloaded] = WeakKeyDictionary()


def offload(module: nn.Module) -> None:
    """Let the weights of a model wait outside of its device from now on."""
    from diffusers.hooks.group_offloading import apply_group_offloading

    if module in OFFLOADED:
        return
    device = compute_place()[0]
    on_gpu = device.type == "cuda"
    folder = None if on_gpu else Path(mkdtemp(prefix="patchloom-offloaded-"))
    tied, by_block = tuple(untie(module)), has_blocks(module)
    apply_group_offloading(
        module,
        onload_device=device,
        offload_type="block_level" if by_block else "leaf_level",
        num_blocks_per_group=1 if by_block else None,
        use_stream=on_gpu,
        offload_to_disk_path=str(folder) if folder else None,
    )
    forget = finalize(module, rmtree, folder or "", ignore_errors=True)
    OFFLOADED[module] = Offloaded(device, folder, forget, tied)
    give_back()


def bring_back(module: nn.Module) -> None:
    """Keep all weights of a model on its device again."""
    from diffusers.hooks.hooks import HookRegistry

    if module not in OFFLOADED:
        return
    for part in module.modules():
        if (registry := getattr(part, "_diffusers_hook", None)) is not None:
            hook = registry.get_hook(HOOK)
            if hook is not None and hook.group.onload_leader in (part, None):
                hook.group.onload_()
    registry = HookRegistry.check_if_exists_or_initialize(module)
    for name in (HOOK, *FURTHER_HOOKS):
        registry.remove_hook(name, recurse=True)
    kept = OFFLOADED.pop(module)
    for part, name, shared in kept.tied:
        setattr(part, name, shared)
    module.to(kept.device)
    kept.forget()


def untie(module: nn.Module) -> Iterator[Tied]:
    """Give modules that share a parameter one each; yields what they shared.

    The library writes each of them to a file of its own, the second one after the first has gone.
    """
    seen: set[nn.Parameter] = set()
    for part in module.modules():
        for name, parameter in list(part._parameters.items()):
            if parameter in seen:
                setattr(part, name, nn.Parameter(parameter.detach().clone(), requires_grad=False))
                yield part, name, parameter
            elif parameter is not None:
                seen.add(parameter)


def has_blocks(module: nn.Module) -> bool:
    """Whether a model is a list of blocks and little else; others are offloaded layer by layer."""
    return any(isinstance(child, nn.ModuleList) for child in module.children())


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

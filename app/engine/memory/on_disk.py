"""Weights that wait in files and are mapped into memory for as long as their group computes.

What stands in for them meanwhile takes no memory, so a model holds exactly what has computed in its groups at
work. The library's own offloading to disk puts fresh tensors there instead: small ones lie on used pages of
the heap, which adds up to a fifth of the model.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from app.engine.memory.around import Around, put_around
from app.engine.memory.groups import Group, groups, take_buffers_apart, tensors_of


def move_to_disk(module: nn.Module, folder: Path, name: str) -> None:
    """Write the weights of a model to a folder, from which groups come; `name` is that of the hooks."""
    take_buffers_apart(module)
    paths = {path_of(folder, index): group for index, group in enumerate(groups(module))}
    leaving = {tensor for group in paths.values() for tensor in group.tensors.values()}
    for tensor in set(tensors_of(module).values()) - leaving:
        tensor.data = tensor.data.clone()  # as a view of the model's file, it would keep all of it in memory
    for path, group in paths.items():
        save_file({name: tensor.detach().contiguous() for name, tensor in group.tensors.items()}, path)
    for path, group in paths.items():  # after all are written: groups may share a tensor
        leave(group)
        put_around(group.leader, Around(partial(brought_in, group, path)), name)


def read_back(module: nn.Module, folder: Path) -> None:
    """Read all weights of a model into memory again, where its files can then go."""
    for index, group in enumerate(groups(module)):
        for name, tensor in load_file(path_of(folder, index)).items():
            group.tensors[name].data = tensor.clone()


@contextmanager
def brought_in(group: Group, path: Path) -> Iterator[None]:
    """Have the weights of a group in memory."""
    for name, tensor in load_file(path).items():
        group.tensors[name].data = tensor
    try:
        yield
    finally:
        leave(group)


def leave(group: Group) -> None:
    """Put in the place of a group's weights what takes no memory."""
    for tensor in group.tensors.values():
        tensor.data = stand_in(tensor)


def stand_in(tensor: Tensor) -> Tensor:
    """Return a tensor of the same shape and type that is one number: no number, so that its use is seen."""
    number = float("nan") if tensor.is_floating_point() else 0
    return torch.tensor(number, device=tensor.device).to(tensor.dtype).expand(tensor.shape)


def path_of(folder: Path, index: int) -> Path:
    """Return the file of a group, by its place among the model's groups."""
    return folder / f"group_{index}.safetensors"

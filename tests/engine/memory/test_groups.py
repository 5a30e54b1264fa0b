"""Groups of weights: every tensor is in one, and leaves nothing behind."""

import torch
from torch import Tensor, nn

from app.engine.memory.groups import groups, take_buffers_apart, tensors_of


class Blocks(nn.Module):
    table: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.entrance = nn.Linear(2, 3)
        self.blocks = nn.ModuleList([nn.Linear(3, 3), nn.Linear(3, 3)])
        self.register_buffer("table", torch.zeros(5)[None])


def test_each_block_is_a_group_and_the_rest_is_one() -> None:
    model = Blocks()
    found = groups(model)
    assert [group.leader for group in found] == [*model.blocks, model]
    assert set(found[-1].tensors) == {"entrance.weight", "entrance.bias", "table"}
    assert sum(len(group.tensors) for group in found) == len(tensors_of(model))


def test_without_lists_each_layer_is_a_group() -> None:
    layers = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2))
    assert [group.leader for group in groups(layers)] == [layers[0], layers[2]]


def test_a_buffer_that_leaves_takes_its_memory_along() -> None:
    model = Blocks()
    place = model.table.data_ptr()
    assert model.table._base is not None, "as models make their tables"
    take_buffers_apart(model)
    assert model.table._base is None and model.table.data_ptr() == place

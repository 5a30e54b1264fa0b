"""A pass without numbers counts exactly what would be there at the same time."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from app.engine.memory.dry_run import META, Arrival, Taken, Visits, working_memory
from app.engine.prediction import ModelInput
from tests.tiny.runs import run
from tests.tiny.zoo import ZOO, build, noise, prompt

FLOAT, LENGTHS = 4, 8  # bytes


class Chain(nn.Module):
    """Widens, halves and narrows again: the most is there while both wide tensors are."""

    def __init__(self) -> None:
        super().__init__()
        self.up, self.down = nn.Linear(8, 100), nn.Linear(100, 8)

    def forward(self, x: Tensor) -> Tensor:
        narrow: Tensor = self.down(self.up(x) * 0.5)
        return narrow.view(-1)


class Attend(nn.Module):
    def __init__(self, looks: bool = False) -> None:
        super().__init__()
        self.looks, self.scale = looks, nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        kept = int(lengths.max()) if self.looks else x.shape[2]
        return scaled_dot_product_attention(x[:, :, :kept], x, x)


def test_only_what_lives_is_counted() -> None:
    chain = Chain().to(META)
    rows = 10
    wide, narrow = rows * 100 * FLOAT, rows * 8 * FLOAT
    assert working_memory(chain, chain, {"x": torch.zeros(rows, 8)}).beside == narrow + 2 * wide


def test_attention_is_counted_without_its_scores() -> None:
    attend, x = Attend().to(META), torch.zeros(1, 2, 1000, 4)
    taken = working_memory(attend, attend, {"x": x, "lengths": torch.tensor([7])})
    assert taken.beside == 2 * x.nbytes + LENGTHS


def test_lengths_may_be_looked_at() -> None:
    attend, x = Attend(looks=True).to(META), torch.zeros(1, 2, 1000, 4)
    taken = working_memory(attend, attend, {"x": x, "lengths": torch.tensor([7])})
    assert taken.beside == x.nbytes + x.nbytes * 7 // 1000 + LENGTHS


def test_weights_that_come_are_counted_with_what_lives_beside_them() -> None:
    chain, given = Chain().to(META), {"x": torch.zeros(10, 8)}
    wide, narrow = 10 * 100 * FLOAT, 10 * 8 * FLOAT
    sizes: dict[nn.Module, int] = {chain.up: 5000, chain.down: 500}
    alone = {part: Arrival(size, part) for part, size in sizes.items()}
    together = {part: Arrival(arrival.bytes, chain) for part, arrival in alone.items()}
    beside = narrow + 2 * wide
    assert working_memory(chain, chain, given, Visits({}, alone)) == Taken(beside, narrow + wide + 5000)
    assert working_memory(chain, chain, given, Visits({}, together)) == Taken(beside, beside + 5000)


def test_decoded_weights_go_when_their_layer_is_done() -> None:
    chain, given = Chain().to(META), {"x": torch.zeros(10, 8)}
    wide, narrow = 10 * 100 * FLOAT, 10 * 8 * FLOAT
    taken = working_memory(chain, chain, given, Visits({chain.up: 9000}))
    assert taken.beside == narrow + wide + 9000 == taken.offloaded


@pytest.mark.parametrize("name", ZOO)
def test_every_family_can_be_run_without_numbers(name: str) -> None:
    assert dry(name) > noise(build(name)).nbytes


@pytest.mark.parametrize("name", ["qwen-image", "lumina2", "pixart"])
def test_tables_that_models_keep_are_not_spoilt(name: str) -> None:
    dry(name)
    first = run(build(name))
    dry(name)
    assert torch.equal(run(build(name)), first)


def dry(name: str) -> int:
    model, module = build(name), ZOO[name]().to(META)
    given = ModelInput(noise(model), 0.5, prompt(model))
    named = {**model.family.arguments(model.module, given), "return_dict": False}
    return working_memory(module, module, named).beside

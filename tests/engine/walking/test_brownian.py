"""The Brownian path: torchsde's numbers, and that they do not depend on how it is asked."""

import math

import pytest
import torch

from app.engine.sampling import Sigmas
from app.engine.walking.brownian import BrownianNoise, BrownianTree

LIKE = torch.zeros(1, 1, 2, 2)
# (seed, from, to) -> the increment over (1, 1, 2, 2), as torchsde 0.2.6 gives it for a tree over 0.0291 to 1
TORCHSDE = [
    (0, 0.95, 1.0, [-0.106124252, -0.110562146, -0.0655012131, 0.0725847036]),
    (0, 0.5, 0.8731234, [-0.45447588, 0.785165668, 0.0160233267, -0.386933982]),
    (7, 0.1, 0.333333, [-0.598932505, 1.02141869, 0.665904284, 0.41835168]),
    (2**63 + 5, 0.1, 0.333333, [0.054074809, -0.176090702, -0.318087757, 0.0905729085]),
]


@pytest.mark.parametrize(("seed", "start", "end", "increment"), TORCHSDE)
def test_torchsdes_numbers(seed: int, start: float, end: float, increment: list[float]) -> None:
    made = BrownianTree(LIKE, 0.0291, 1.0, seed).between(start, end)
    assert made.flatten().tolist() == pytest.approx(increment, abs=1e-7)


def test_the_path_is_the_same_however_it_is_asked() -> None:
    tree, fresh = BrownianTree(LIKE, 0.0, 1.0, 3), BrownianTree(LIKE, 0.0, 1.0, 3)
    times = [0.0, 0.2, 0.314159, 0.5, 0.77, 1.0]
    parts = [tree.between(times[i], times[i + 1]) for i in (3, 0, 4, 1, 2)]
    assert torch.equal(parts[0], fresh.between(0.5, 0.77))
    assert torch.allclose(torch.stack(parts).sum(0), fresh.between(0.0, 1.0), atol=1e-5)


def test_noise_of_steps_is_standard_normal_and_new_in_each() -> None:
    sigmas = Sigmas((1.0, 0.8, 0.31, 0.1, 0.0))
    noise = BrownianNoise(1, torch.zeros(1, 1, 128, 128), sigmas, on_device=False)
    drawn = [noise(1.0, 0.8), noise(0.8, 0.31), noise(0.31, 0.1)]
    rows = torch.stack(drawn).flatten(1)
    assert (torch.corrcoef(rows) - torch.eye(3)).abs().max() < 0.03
    assert rows.std(1).tolist() == pytest.approx([1.0] * 3, abs=0.03)
    half = noise(1.0, 0.9) * math.sqrt(0.1) + noise(0.9, 0.8) * math.sqrt(0.1)
    assert torch.allclose(half, drawn[0] * math.sqrt(0.2), atol=1e-5), "halved steps refine the same path"

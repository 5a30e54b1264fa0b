"""The steps that dynamic programming chooses are the best there are."""

from itertools import combinations

import pytest
import torch
from torch import Tensor

from app.engine.reuse.sharing import best_steps, similarities


def error(similarity: Tensor, steps: tuple[int, ...]) -> float:
    total = len(similarity)
    owners = [max(step for step in steps if step <= index) for index in range(total)]
    return sum(float(1 - similarity[owner, index]) for index, owner in enumerate(owners))


@pytest.mark.parametrize("count", [1, 2, 3, 5, 7])
def test_it_equals_brute_force(count: int) -> None:
    similarity = torch.rand(7, 7, generator=torch.Generator().manual_seed(count))
    chosen = best_steps(similarity, count)
    assert len(chosen) == count and chosen[0] == 0
    least = min(error(similarity, (0, *rest)) for rest in combinations(range(1, 7), count - 1))
    assert error(similarity, chosen) == pytest.approx(least)


def test_states_that_point_the_same_way_are_alike() -> None:
    one = torch.randn(2, 5, 8, generator=torch.Generator().manual_seed(0))
    found = similarities([one, one * 3, -one])
    assert torch.allclose(found[0], torch.tensor([1.0, 1.0, -1.0]), atol=1e-5)


def test_steps_that_never_change_need_one_state() -> None:
    assert best_steps(torch.ones(6, 6), 1) == (0,)

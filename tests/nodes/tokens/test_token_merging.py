import pytest
import torch

from app.engine.step import Step
from app.engine.tokens import Layout
from nodes.tokens.token_merging import TokenMerging, group, token_merging
from tests.tiny.recorder import Recorder
from tests.tiny.walks import walk
from tests.tiny.zoo import WITH_SCORES, build


def step(index: int = 0, grid: tuple[int, int, int] = (1, 4, 4)) -> Step:
    return Step(index, 8, 0.5, "cond", 0, Layout(grid, 0))


def test_a_group_goes_in_as_its_mean() -> None:
    image = torch.randn(2, 16, 8)
    groups = group(image, step(), 0.5)
    assert len(groups.active) == 8
    merged = groups.merge(image)
    for at in range(8):
        assert torch.allclose(merged[:, at], image[:, groups.owner == at].mean(1), atol=1e-6)
    assert torch.equal(groups.owner[groups.active], torch.arange(8)), "a target leads its own group"


def test_equal_tokens_find_each_other() -> None:
    tile = torch.tensor([row // 2 * 2 + column // 2 for row in range(4) for column in range(4)])
    image = torch.nn.functional.one_hot(tile, 8).float()[None]
    groups = group(image, step(), 0.5)
    joined = [token for token in range(16) if token not in groups.active]
    for token in joined:
        owner = groups.active[groups.owner[token]]
        assert torch.equal(image[0, token], image[0, owner])


def test_the_place_of_the_target_moves() -> None:
    image = torch.randn(1, 16, 8)
    leads = [set(group(image, step(index), 0.75).active.tolist()) for index in range(4)]
    assert all(len(lead) == 4 for lead in leads) and set.union(*leads) == set(range(16))


@pytest.mark.parametrize("grid", [(1, 1, 9), (2, 3, 5), (1, 7, 1)])
def test_grids_that_two_does_not_divide(grid: tuple[int, int, int]) -> None:
    image = torch.randn(1, grid[0] * grid[1] * grid[2], 8)
    for index in range(4):
        groups = group(image, step(index, grid), 0.25)
        assert len(groups.active) == image.shape[1] - int(0.25 * image.shape[1])


@pytest.mark.parametrize("family", WITH_SCORES)
def test_number_of_computed_tokens(family: str) -> None:
    watcher = Recorder()
    walk(build(family).with_patch(TokenMerging(0.5, 1)), 4, watcher=watcher)
    (report,) = watcher.reports
    total = report["tokens"]
    assert report["tokens_by_call"] == [total - int(0.5 * total)] * 4


def test_tokens_that_are_equal_stay_so() -> None:
    """Merging equal tokens, which also stand at one place, changes nothing; here only one is merged away."""
    plain = walk(build("flux"), 3)
    one = walk(build("flux").with_patch(TokenMerging(1 / 48, 1)), 3)
    many = walk(build("flux").with_patch(TokenMerging(0.7, 1)), 3)
    assert 0 < (one - plain).norm() < (many - plain).norm()


def test_the_node() -> None:
    assert token_merging(build("flux")).patches == (TokenMerging(0.5, 1),)

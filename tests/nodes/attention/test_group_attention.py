import pytest
import torch

from app.engine.tokens import Layout
from nodes.attention.group_attention import GroupAttention, group_attention
from tests.nodes.attention.masked import JOINT, Masked, Place, Sees, at, attend, mask, operands
from tests.tiny.recorder import Recorder
from tests.tiny.runs import close, run
from tests.tiny.zoo import WITH_SCORES, build


def cross(side: int, frames: int, several: bool) -> Sees:
    """`several` says whether the video has more than one group of frames."""

    def sees(here: Place, there: Place) -> bool:
        same_row = here[1] // side == there[1] // side
        same_column = here[2] // side == there[2] // side
        return same_row or same_column or (several and here[0] // frames == there[0] // frames)

    return sees


@pytest.mark.parametrize("family", WITH_SCORES)
def test_groups_equal_the_plain_mask_in_every_family(family: str) -> None:
    model = build(family)
    plain = Masked(cross(3, 2, several=model.family.latent.frames))
    assert close(run(model.with_patch(GroupAttention(3, 2))), run(model.with_patch(plain)))


@pytest.mark.parametrize(
    ("grid", "side", "frames"), [((1, 10, 13), 4, 4), ((5, 6, 7), 3, 2), ((2, 8, 6), 2, 2)]
)
def test_groups_equal_the_plain_mask_on_ragged_grids(
    grid: tuple[int, int, int], side: int, frames: int
) -> None:
    layout, patch = Layout(grid, 7), GroupAttention(side, frames)
    keep = mask(layout, JOINT, cross(side, frames, several=grid[0] > frames))
    memory, heads = patch.new_memory(), operands(len(keep))
    found = patch.wrap_attention(at(layout), memory, JOINT, heads, attend)
    assert close(found, attend(heads.with_mask(keep)))
    assert torch.equal(keep, keep.T), "image tokens see those that see them"
    report = patch.report({"cond": memory})
    assert report and report["density"] == report["computed_pairs"], "no hidden pair is computed"
    assert report["density"] == pytest.approx(keep.float().mean().item())


@pytest.mark.parametrize("radius", [1, 2])
@pytest.mark.parametrize(("grid", "side", "frames"), [((1, 10, 13), 3, 4), ((5, 6, 7), 2, 2)])
def test_groups_around_equal_the_plain_mask(
    grid: tuple[int, int, int], side: int, frames: int, radius: int
) -> None:
    layout, patch, sizes = (
        Layout(grid, 7),
        GroupAttention(side, frames, "block", radius),
        (frames, side, side),
    )

    def near(here: Place, there: Place) -> bool:
        return all(abs(a // n - b // n) <= radius for a, b, n in zip(here, there, sizes, strict=True))

    keep = mask(layout, JOINT, near)
    heads = operands(len(keep))
    found = patch.wrap_attention(at(layout), patch.new_memory(), JOINT, heads, attend)
    assert close(found, attend(heads.with_mask(keep)))


@pytest.mark.parametrize(("side", "radius"), [(3, 2), (2, 3), (4, 1)])
def test_groups_around_that_reach_everywhere_are_dense_bit_by_bit(side: int, radius: int) -> None:
    model = build("flux")  # 6 x 8 tokens
    assert torch.equal(run(model.with_patch(GroupAttention(side, 4, "block", radius))), run(model))
    assert not torch.equal(run(model.with_patch(GroupAttention(side, 4, "block", radius - 1))), run(model))


def test_density_on_a_square_grid() -> None:
    """Of g x g groups each sees 2 g - 1."""
    patch, layout = GroupAttention(2, 4), Layout((1, 12, 12), 0)
    memory = patch.new_memory()
    patch.wrap_attention(at(layout), memory, JOINT, operands(144), attend)
    report = patch.report({"cond": memory})
    assert report and report["density"] == pytest.approx((2 * 6 - 1) / 36)


@pytest.mark.parametrize("side", [6, 8, 99])
def test_one_row_or_column_of_groups_is_dense_bit_by_bit(side: int) -> None:
    model, watcher = build("flux"), Recorder()
    assert torch.equal(run(model.with_patch(GroupAttention(side, 4)), watcher), run(model))
    (report,) = watcher.reports
    assert report["density"] == 1 and "in this picture of 8 x 6 tokens every group sees all" in report["note"]


def test_the_node_has_the_values_of_the_paper() -> None:
    assert group_attention(build("flux")).patches == (GroupAttention(side=8, frames=4),)

import pytest
import torch

from app.engine.tokens import Layout
from nodes.attention.clear_window import ClearWindow, clear_window
from tests.nodes.attention.masked import IMAGE, JOINT, Masked, Place, Sees, at, attend, mask, operands
from tests.tiny.recorder import Recorder
from tests.tiny.runs import close, guided, run
from tests.tiny.zoo import WITH_SCORES, build


def disc(radius: int) -> Sees:
    def sees(here: Place, there: Place) -> bool:
        return (here[1] - there[1]) ** 2 + (here[2] - there[2]) ** 2 < radius**2

    return sees


@pytest.mark.parametrize("family", WITH_SCORES)
def test_tiles_equal_the_plain_mask_in_every_family(family: str) -> None:
    model = build(family)
    assert close(run(model.with_patch(ClearWindow(3))), run(model.with_patch(Masked(disc(3)))))


@pytest.mark.parametrize("order", [("text", "image"), ("image", "text")])
@pytest.mark.parametrize(
    ("grid", "radius"), [((1, 20, 11), 3), ((2, 9, 17), 5), ((1, 1, 30), 4), ((1, 9, 9), 1)]
)
def test_tiles_equal_the_plain_mask_on_ragged_grids(
    grid: tuple[int, int, int], radius: int, order: tuple[str, str]
) -> None:
    layout = Layout(grid, 7, order)  # type: ignore[arg-type]
    patch, keep = ClearWindow(radius), mask(layout, JOINT, disc(radius))
    memory, heads = patch.new_memory(), operands(len(keep))
    found = patch.wrap_attention(at(layout), memory, JOINT, heads, attend)
    assert close(found, attend(heads.with_mask(keep)))
    report = patch.report({"cond": memory})
    assert report and report["density"] == pytest.approx(keep.float().mean().item())
    assert report["density"] <= report["computed_pairs"] <= 1


@pytest.mark.parametrize("shape", [(2, 1, 1, 120), (1, 1, 120, 120), (1, 2, 120, 1)])
@pytest.mark.parametrize("boolean", [True, False])
def test_a_mask_that_was_there_still_counts(shape: tuple[int, ...], boolean: bool) -> None:
    random = torch.randn(shape, generator=torch.Generator().manual_seed(6))
    heads = operands(120, extra=random > -1 if boolean else random)
    patch, layout = ClearWindow(4), Layout((1, 12, 10), 0)
    found = patch.wrap_attention(at(layout), patch.new_memory(), IMAGE, heads, attend)
    expected = attend(heads.with_mask(mask(layout, IMAGE, disc(4))))
    assert close(found.nan_to_num(), expected.nan_to_num())


def test_a_disc_over_the_whole_grid_leaves_the_operation_alone() -> None:
    """Corner to corner of 6 x 8 tokens is the root of 74, between 8 and 9."""
    model, watcher = build("flux"), Recorder()
    assert torch.equal(run(model.with_patch(ClearWindow(9)), watcher), run(model))
    (report,) = watcher.reports
    assert report["density"] == 1 and "within a radius of 9; take a smaller one" in report["note"]
    assert not torch.equal(run(model.with_patch(ClearWindow(8))), run(model))


def test_large_grids_compute_few_pairs() -> None:
    patch, layout = ClearWindow(8), Layout((1, 64, 64), 16)
    memory = patch.new_memory()
    patch.wrap_attention(at(layout), memory, JOINT, operands(64 * 64 + 16, batch=1), attend)
    report = patch.report({"cond": memory})
    assert report and report["density"] < 0.06 and report["computed_pairs"] < 0.13 and "note" not in report


def test_the_report_of_a_guided_run_comes_once() -> None:
    model, watcher = build("flux"), Recorder()
    run(model.with_patch(ClearWindow(2)), watcher, guided(model))
    (report,) = watcher.reports
    assert report["technique"] == "clear_window" and 0 < report["density"] < report["computed_pairs"] == 1
    assert report["note"].startswith("Nothing is saved"), "one tile holds all of 6 x 8 tokens"


def test_the_node() -> None:
    assert clear_window(build("flux")).patches == (ClearWindow(radius=16),)

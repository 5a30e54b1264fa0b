"""Nodes that change how pictures look."""

from __future__ import annotations

from typing import Any, get_args

import pytest
import torch

from app.engine.imaging.colours import Blend, from_lab, to_lab
from app.engine.media import Image
from app.graph.problem import Refusal
from nodes.images.adjust_image import adjust_image
from nodes.images.blend_images import blend_images
from nodes.images.blur_image import blur_image
from nodes.images.canny import canny
from nodes.images.compare_images import compare_images
from nodes.images.draw_text import draw_text
from nodes.images.invert_image import invert_image
from nodes.images.match_colors import match_colors
from nodes.images.sharpen_image import sharpen_image
from nodes.images.soft_edges import soft_edges
from nodes.images.solid_image import solid_image
from tests.tiny.recorder import Recorder

RANDOM = torch.Generator().manual_seed(0)
NOISE = Image(torch.rand(2, 24, 32, 3, generator=RANDOM))
STEP = Image(torch.zeros(1, 24, 32, 3))
STEP.pixels[:, :, 16:] = 1


def test_neutral_values_change_nothing() -> None:
    before = NOISE.pixels.clone()
    for same in (
        adjust_image(NOISE),
        blur_image(NOISE, 0),
        sharpen_image(NOISE, strength=0.0),
        draw_text(NOISE, " "),
        match_colors(NOISE, STEP, strength=0.0),
        blend_images(NOISE, STEP, 0.0),
        invert_image(invert_image(NOISE)),
    ):
        assert torch.allclose(same.pixels, before, atol=1e-6)
    assert torch.equal(NOISE.pixels, before)


def test_adjusting() -> None:
    assert adjust_image(NOISE, brightness=0.0).pixels.max() == 0
    assert torch.allclose(adjust_image(NOISE, contrast=0.0).pixels, torch.full_like(NOISE.pixels, 0.5))
    grey = adjust_image(NOISE, saturation=0.0).pixels
    assert torch.allclose(grey[..., 0], grey[..., 2]) and grey.std() > 0.05
    assert torch.allclose(adjust_image(NOISE, gamma=2.0).pixels, NOISE.pixels.sqrt(), atol=1e-6)


def test_a_blur_keeps_the_mean_and_spreads_a_point_like_a_gaussian() -> None:
    point = torch.zeros(1, 33, 33, 3)
    point[:, 16, 16] = 1
    values = blur_image(Image(point), 10, 0.3).pixels[0, ..., 0]
    at = torch.arange(33.0) - 16
    assert values.sum().item() == pytest.approx(1, abs=1e-5)
    assert (values.sum(0) * at**2).sum().item() == pytest.approx(9, rel=0.02), "sigma is 0.3 * 10 pixels"


def test_sharpening_overshoots_at_an_edge() -> None:
    soft = blur_image(STEP, 4, 0.5)
    assert (sharpen_image(soft, 4, 0.5, 2.0).pixels - STEP.pixels).abs().sum() < (
        soft.pixels - STEP.pixels
    ).abs().sum()


@pytest.mark.parametrize("blend", get_args(Blend))
def test_blends_stay_colours_and_grey_is_told_apart(blend: Any) -> None:
    mixed = blend_images(NOISE, solid_image(32, 24, "#404040"), 1.0, blend).pixels
    assert mixed.min() >= 0 and mixed.max() <= 1 and mixed.isfinite().all()
    black, white = solid_image(4, 4), solid_image(4, 4, "white")
    over_white = blend_images(white, black, 1.0, blend).pixels.mean().item()
    expected = {"normal": 0, "multiply": 0, "darken": 0}
    assert over_white == expected.get(blend, 1)


def test_lab_and_back() -> None:
    assert torch.allclose(from_lab(to_lab(NOISE.pixels)), NOISE.pixels, atol=2e-3)
    white, red = to_lab(torch.tensor([[1.0, 1, 1], [1, 0, 0]]))
    assert white.tolist() == pytest.approx([100, 0, 0], abs=0.01)
    assert red.tolist() == pytest.approx([53.24, 80.09, 67.20], abs=0.05)


@pytest.mark.parametrize("method", ["reinhard", "monge-kantorovich"])
def test_colours_are_matched(method: Any) -> None:
    reference = Image(0.3 + 0.2 * torch.rand(1, 16, 16, 3, generator=RANDOM) * torch.tensor([1.0, 0.4, 0.2]))
    lab, wanted = to_lab(match_colors(NOISE, reference, method).pixels), to_lab(reference.pixels)
    assert torch.allclose(lab.mean((1, 2)), wanted.mean((1, 2)).expand(2, 3), atol=0.2)
    assert torch.allclose(lab.std((1, 2)), wanted.std((1, 2)).expand(2, 3), rtol=0.05)
    if method == "monge-kantorovich":
        assert torch.allclose(
            torch.cov(lab[0].flatten(0, 1).T), torch.cov(wanted[0].flatten(0, 1).T), atol=0.3
        )


def test_canny_draws_one_thin_line_where_the_step_is() -> None:
    lines = canny(STEP).pixels[0, 3:-3, :, 0]
    assert (lines.sum(1) == 1).all() and set(lines.nonzero()[:, 1].tolist()) <= {15, 16}
    assert canny(solid_image(16, 16, "white")).pixels.max() == 0
    faint = Image(STEP.pixels * 0.15)
    assert canny(faint, 0.1, 0.8).pixels.max() == 0, "nothing is steep enough to begin an edge"
    assert canny(faint, 0.1, 0.3).pixels.max() == 1


def test_faint_edges_are_kept_where_they_go_on_from_a_steep_one() -> None:
    rising = STEP.pixels * torch.linspace(0.1, 1, 24)[None, :, None, None]
    alone = canny(Image(rising), 0.8, 0.8).pixels[0, ..., 0].amax(1).sum()
    joined = canny(Image(rising), 0.2, 0.8).pixels[0, ..., 0].amax(1).sum()
    assert joined > alone + 3


def test_soft_edges_peak_at_the_step_and_fade() -> None:
    lines = soft_edges(STEP, 2.0).pixels[0, 12, :, 0]
    assert lines.max() == 1 and lines.argmax().item() in (15, 16) and lines[11] > lines[9] > lines[6]
    assert soft_edges(solid_image(16, 16, "white")).pixels.max() < 1e-3


def test_text_is_written_where_it_is_asked_for() -> None:
    black = solid_image(120, 60)
    written = draw_text(black, "Hi", x=0.25, y=0.5, size=24, outline=0).pixels[0, ..., 0]
    rows, columns = (written > 0.5).nonzero().T
    assert written.max() == 1 and abs(columns.float().mean() - 30) < 4 and abs(rows.float().mean() - 30) < 6
    assert len(draw_text(NOISE, "a").pixels) == 2
    with pytest.raises(Refusal, match="'octarine' is no colour"):
        draw_text(black, "x", color="octarine")


def test_comparing_shows_both_without_keeping_them() -> None:
    context = Recorder()
    compare_images(context, NOISE, STEP)
    assert [(name, temporary) for name, *_, temporary in context.files] == [
        ("compare_before_{n}.png", True),
        ("compare_before_{n}.png", True),
        ("compare_after_{n}.png", True),
    ]

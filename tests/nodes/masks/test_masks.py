from __future__ import annotations

from pathlib import Path
from typing import Any

import PIL.Image
import pytest
import torch

from app.engine.media import Image, Mask
from app.graph.problem import Refusal
from nodes.images.load_image import load_image
from nodes.images.solid_image import solid_image
from nodes.masks.blur_mask import blur_mask
from nodes.masks.combine_masks import combine_masks
from nodes.masks.crop_mask import crop_mask
from nodes.masks.draw_mask import draw_mask
from nodes.masks.feather_mask import feather_mask
from nodes.masks.grow_mask import grow_mask
from nodes.masks.image_to_mask import image_to_mask
from nodes.masks.invert_mask import invert_mask
from nodes.masks.load_mask import load_mask
from nodes.masks.mask_from_color import mask_from_color
from nodes.masks.mask_to_image import mask_to_image
from nodes.masks.preview_mask import preview_mask
from nodes.masks.resize_mask import resize_mask
from nodes.masks.shape_mask import shape_mask
from nodes.masks.solid_mask import solid_mask
from nodes.masks.threshold_mask import threshold_mask
from tests.tiny.recorder import Recorder

BOX = Mask(torch.zeros(1, 20, 30))
BOX.coverage[:, 8:12, 10:20] = 1


@pytest.fixture
def context(tmp_path: Path) -> Recorder:
    """A machine whose input folder holds a picture of which the right half was erased."""
    picture = PIL.Image.new("RGBA", (4, 2), (255, 0, 0, 255))
    picture.paste((0, 0, 255, 0), (2, 0, 4, 2))
    picture.save(tmp_path / "a.png")
    PIL.Image.new("RGB", (4, 2), (0, 128, 255)).save(tmp_path / "b.jpg", quality=100)
    return Recorder(inputs=tmp_path)


def test_what_was_erased_is_the_mask(context: Recorder) -> None:
    image, mask = load_image(context, "a.png", "as stored")
    assert mask.coverage[0].tolist() == [[0, 0, 1, 1]] * 2 and image.pixels[0, 0, 3].tolist() == [0, 0, 1]
    assert load_image(context, "a.png").image.pixels[0, 0, 3].tolist() == [1, 1, 1]
    assert load_image(context, "a.png", "black").image.pixels[0, 0, 3].tolist() == [0, 0, 0]
    assert load_image(context, "b.jpg").mask.coverage.max() == 0
    assert torch.equal(load_mask(context, "a.png").coverage, mask.coverage)
    assert load_mask(context, "a.png", "red").coverage[0, 0].tolist() == [1, 1, 0, 0]


def test_a_painted_mask_takes_the_size_of_the_picture(context: Recorder) -> None:
    image = solid_image(8, 4)
    assert draw_mask(context, image).coverage.shape == (1, 4, 8)
    painted = draw_mask(context, image, "a.png").coverage[0]
    assert painted.shape == (4, 8) and painted[0, 0] > 0.25 and painted[0, 7] == 0


def test_shapes_have_the_area_they_say() -> None:
    area = shape_mask("circle 0.5 0.5 0.25", 200, 100).coverage.sum().item()
    assert area == pytest.approx(3.14159 * 25**2, rel=0.01)
    assert shape_mask("box 0.1, 0.2, 0.6, 0.7", 100, 100).coverage.sum() == 2500
    line = shape_mask("line 0.2 0.5 0.8 0.5 0.1", 100, 100).coverage.sum().item()
    assert line == pytest.approx(60 * 10 + 3.14159 * 25, rel=0.02)
    both = shape_mask("box 0 0 0.5 1\n\nbox 0.5 0 1 1", 10, 10).coverage
    assert both.min() == 1 and shape_mask("", 4, 4).coverage.max() == 0


@pytest.mark.parametrize("line", ["circle 1 2", "star 0 0 1", "box a b c d", "line 1 2 3 4"])
def test_what_is_no_shape_is_refused(line: str) -> None:
    with pytest.raises(Refusal, match="is no shape"):
        shape_mask(line)


def test_masks_from_pictures_and_back() -> None:
    image = Image(torch.cat([solid_image(2, 2, "#00ff00").pixels, solid_image(2, 2, "#02fd02").pixels]))
    assert mask_from_color(image).coverage.flatten(1).sum(1).tolist() == [4, 0]
    assert mask_from_color(image, "#00ff00", 0.01).coverage.min() == 1
    assert (
        image_to_mask(image, "green").coverage[0].min() == 1 and image_to_mask(image).coverage[0].max() == 0
    )
    assert image_to_mask(image, "brightness").coverage[0, 0, 0].item() == pytest.approx(0.587)
    assert torch.equal(image_to_mask(mask_to_image(BOX)).coverage, BOX.coverage)


def test_growing_and_shrinking() -> None:
    grown = grow_mask(BOX, 2).coverage[0]
    assert grown[6:14, 10:20].min() == 1 and grown[6, 9] == 0 and grown[7, 9] == 1, "corners are cut"
    assert grow_mask(BOX, 2, tapered_corners=False).coverage.sum() == 8 * 14
    assert torch.equal(grow_mask(BOX, 0).coverage, BOX.coverage)
    assert grow_mask(BOX, -1).coverage.sum() == 2 * 8 and grow_mask(BOX, -2).coverage.max() == 0


def test_soft_and_hard() -> None:
    soft = blur_mask(BOX, 4)
    assert soft.coverage.sum().item() == pytest.approx(BOX.coverage.sum().item(), rel=1e-4)
    assert 0 < soft.coverage[0, 6, 15] < soft.coverage[0, 9, 15] < 1
    assert set(threshold_mask(soft).coverage.unique().tolist()) == {0, 1}
    assert torch.equal(invert_mask(invert_mask(BOX)).coverage, BOX.coverage)
    full = solid_mask(1.0, 8, 4)
    assert feather_mask(full, left=4).coverage[0, 0].tolist() == [0.25, 0.5, 0.75, 1, 1, 1, 1, 1]
    assert feather_mask(full, right=2, top=2).coverage[0, 0].tolist() == [0.5] * 7 + [0.25]


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("add", [0.3, 1.0, 0.8, 1.0]),
        ("subtract", [0.0, 0.7, 0.0, 0.2]),
        ("multiply", [0.0, 0.3, 0.0, 0.8]),
        ("and", [0.0, 0.0, 0.0, 1.0]),
        ("or", [0.0, 1.0, 1.0, 1.0]),
        ("xor", [0.0, 1.0, 1.0, 0.0]),
    ],
)
def test_combining(operation: Any, expected: list[float]) -> None:
    one, other = Mask(torch.tensor([[[0.0, 1.0, 0.0, 1.0]]])), Mask(torch.tensor([[[0.3, 0.3, 0.8, 0.8]]]))
    assert combine_masks(one, other, operation).coverage[0, 0].tolist() == pytest.approx(expected)


def test_combining_places_and_cuts() -> None:
    whole, part = solid_mask(0.0, 6, 4), solid_mask(1.0, 3, 3)
    placed = combine_masks(whole, part, "add", x=5, y=-1).coverage[0]
    assert placed.sum() == 2 and placed[:2, 5].min() == 1
    assert torch.equal(combine_masks(whole, part, x=50).coverage, whole.coverage)
    assert crop_mask(BOX, 10, 8, 10, 4).coverage.min() == 1
    with pytest.raises(Refusal, match="lies outside"):
        crop_mask(BOX, 30, 0)
    assert resize_mask(BOX, 60, 0, "nearest").coverage.shape == (1, 40, 60) and BOX.coverage.sum() == 40


def test_a_preview_is_temporary() -> None:
    context = Recorder()
    preview_mask(context, BOX)
    assert [(name, *rest) for name, _, *rest in context.files] == [("mask_{n}.png", 30, 20, True)]

"""Nodes that change the size or place of pictures."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from app.engine.imaging.resizing import METHODS
from app.engine.media import Image
from app.graph.problem import Refusal
from nodes.images.batch_images import batch_images
from nodes.images.composite_image import composite_image
from nodes.images.crop_image import crop_image
from nodes.images.flip_image import flip_image
from nodes.images.image_from_batch import image_from_batch
from nodes.images.image_size import image_size
from nodes.images.match_size import match_size
from nodes.images.pad_image import pad_image
from nodes.images.repeat_image import repeat_image
from nodes.images.resize_image import resize_image
from nodes.images.rotate_image import rotate_image
from nodes.images.scale_for_kontext import scale_for_kontext
from nodes.images.scale_image import scale_image
from nodes.images.scale_to_megapixels import scale_to_megapixels
from nodes.images.scale_to_multiple import scale_to_multiple
from nodes.images.scale_to_side import scale_to_side
from nodes.images.solid_image import solid_image
from nodes.images.split_batch import split_batch
from nodes.images.stitch_images import stitch_images
from nodes.masks.solid_mask import solid_mask

WIDE = Image(torch.rand(2, 20, 40, 3, generator=torch.Generator().manual_seed(0)))


def size(image: Image) -> tuple[int, int]:
    return image.width, image.height


@pytest.mark.parametrize("method", METHODS)
def test_a_plain_picture_stays_plain_at_any_size(method: Any) -> None:
    grey = solid_image(30, 20, "#336699", 2)
    for width, height in ((60, 40), (7, 5)):
        resized = resize_image(grey, width, height, "stretch", method)
        assert size(resized) == (width, height) and resized.pixels.dtype == torch.float32
        assert torch.allclose(resized.pixels, grey.pixels[:, :1, :1].expand(2, height, width, 3), atol=1e-5)


def test_nearest_repeats_pixels() -> None:
    doubled = scale_image(WIDE, 2.0, "nearest")
    assert torch.equal(doubled.pixels, WIDE.pixels.repeat_interleave(2, 1).repeat_interleave(2, 2))


def test_sizes_keep_proportions() -> None:
    assert size(resize_image(WIDE, 0, 10)) == (20, 10) and size(resize_image(WIDE, 80, 0)) == (80, 40)
    assert torch.equal(resize_image(WIDE, 0, 0).pixels, WIDE.pixels)
    assert size(scale_to_megapixels(WIDE, 0.5, 16)) == (1024, 512)
    sides = {"longest": (60, 30), "shortest": (120, 60), "width": (60, 30), "height": (120, 60)}
    assert {side: size(scale_to_side(WIDE, 60, side)) for side in sides} == sides  # type: ignore[arg-type]
    assert size(scale_to_multiple(WIDE, 16)) == (32, 16) and size(scale_to_multiple(WIDE, 64)) == (40, 20)
    assert size(match_size(WIDE, solid_image(8, 16))) == (8, 16)
    assert size(scale_for_kontext(WIDE)) == (1456, 720)


def test_bars_fill_what_is_left_free() -> None:
    padded = resize_image(WIDE, 40, 40, "pad", "nearest", "white")
    assert torch.equal(padded.pixels[:, 10:30], WIDE.pixels)
    assert padded.pixels[:, :10].min() == 1 and padded.pixels[:, 30:].min() == 1


def test_a_size_that_is_too_large_is_refused() -> None:
    with pytest.raises(Refusal, match="16384 pixels a side"):
        scale_image(WIDE, 1000.0)


def test_crop_takes_what_is_there() -> None:
    assert torch.equal(crop_image(WIDE, 4, 2, 8, 6).pixels, WIDE.pixels[:, 2:8, 4:12])
    assert size(crop_image(WIDE, 30, 15, 100, 100)) == (10, 5)
    with pytest.raises(Refusal, match="lies outside of 40 x 20"):
        crop_image(WIDE, 40, 0)


def test_padding_marks_what_is_new() -> None:
    image, mask = pad_image(WIDE, left=8, bottom=4, feather=5)
    assert size(image) == (48, 24) == (mask.width, mask.height)
    assert torch.equal(image.pixels[:, :20, 8:], WIDE.pixels)
    assert mask.coverage[0, :, :8].min() == 1 and mask.coverage[0, 20:].min() == 1
    fading = mask.coverage[0, 5, 8:14].tolist()
    assert fading == pytest.approx([1, 0.64, 0.36, 0.16, 0.04, 0], abs=1e-6)
    assert mask.coverage[0, 0, 30] == 0, "the upper edge got no border, so nothing fades there"


def test_quarter_turns_are_exact_and_clockwise() -> None:
    once = rotate_image(WIDE, 90.0).pixels
    assert torch.equal(once[:, 0, -1], WIDE.pixels[:, 0, 0]), "the upper left corner goes to the upper right"
    assert torch.equal(rotate_image(WIDE, -270.0).pixels, once)
    assert torch.equal(rotate_image(WIDE, 180.0).pixels, WIDE.pixels.flip(1, 2))
    assert torch.equal(rotate_image(WIDE, 360.0).pixels, WIDE.pixels)


def test_other_turns_keep_all_of_the_picture() -> None:
    white = solid_image(40, 20, "white")
    turned = rotate_image(white, 30.0)
    assert size(turned) == (45, 38)
    assert turned.pixels.sum().item() == pytest.approx(white.pixels.sum().item(), rel=0.01)
    assert turned.pixels[0, 0, 0].max() == 0 and rotate_image(white, 30.0, "#ff0000").pixels[0, 0, 0, 0] == 1
    marked = white.pixels.clone()
    marked[:, :4, :4] = 0
    dark = (rotate_image(Image(marked), 30.0, "white").pixels[0, ..., 0] < 0.5).nonzero().float().mean(0)
    assert dark[0] < 5 and 8 < dark[1] < 16, "clockwise, the upper left corner goes to the top"


def test_flips() -> None:
    assert torch.equal(flip_image(WIDE).pixels[:, :, 0], WIDE.pixels[:, :, -1])
    assert torch.equal(flip_image(flip_image(WIDE, "up-down"), "up-down").pixels, WIDE.pixels)


def test_stitching() -> None:
    red, blue = solid_image(10, 20, "red"), solid_image(5, 5, "blue")
    right = stitch_images(red, blue, gap=3, color="black")
    assert size(right) == (10 + 3 + 20, 20) and right.pixels[0, 0, 11].sum() == 0
    assert right.pixels[0, 0, 0, 0] == 1 and right.pixels[0, 0, -1, 2] == 1
    above = stitch_images(red, blue, "up", match_size=False)
    assert size(above) == (10, 25) and above.pixels[0, 0, 5, 2] == 1 and above.pixels[0, 0, 0].min() == 1
    assert stitch_images(red) is red and len(stitch_images(WIDE, blue).pixels) == 2


def test_batches() -> None:
    both = batch_images([WIDE, solid_image(10, 10)])
    assert both.pixels.shape == (3, 20, 40, 3) and both.pixels[2].max() == 0
    assert torch.equal(image_from_batch(both, 1, 9).pixels, both.pixels[1:])
    assert torch.equal(image_from_batch(both, -1).pixels, both.pixels[2:])
    assert torch.equal(image_from_batch(both, 99).pixels, both.pixels[2:])
    assert torch.equal(repeat_image(WIDE, 2).pixels[2:], WIDE.pixels)
    assert [len(part.pixels) for part in split_batch(both, 2)] == [2, 1]
    assert image_size(both) == (40, 20, 3)
    with pytest.raises(Refusal, match="no picture"):
        batch_images([])


def test_composite_places_cuts_and_mixes() -> None:
    black, white = solid_image(10, 8), solid_image(6, 6, "white")
    laid = composite_image(black, white, x=-3, y=5).pixels[0, ..., 0]
    assert laid[5:, :3].min() == 1 and laid.sum() == 9
    half = composite_image(black, white, solid_mask(0.5, 2, 2), opacity=0.5).pixels
    assert half[0, 0, 0, 0] == 0.25 and half[0, 7, 9, 0] == 0
    assert torch.equal(composite_image(WIDE, white, opacity=0.0).pixels, WIDE.pixels)
    assert torch.equal(composite_image(WIDE, black, x=100).pixels, WIDE.pixels)
    assert composite_image(black, white, resize_overlay=True).pixels.min() == pytest.approx(1)
    inverted = composite_image(WIDE, solid_image(40, 20, "white"), blend="difference").pixels
    assert torch.allclose(inverted, 1 - WIDE.pixels)
    with pytest.raises(Refusal, match="overlay has 2 entries, and 3 are needed"):
        composite_image(repeat_image(black, 3), WIDE)

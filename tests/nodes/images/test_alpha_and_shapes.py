"""Transparency, compositing, morphology, noise and grids."""

from io import BytesIO
from pathlib import Path
from typing import get_args

import numpy as np
import PIL.Image
import pytest
import torch

from app.engine.imaging.encoding import PictureFormat, encoded
from app.engine.imaging.pictures import read_picture
from app.engine.media import Image, Mask
from nodes.images.add_noise_to_image import add_noise_to_image
from nodes.images.image_grid import image_grid
from nodes.images.join_alpha import join_alpha
from nodes.images.load_image import load_image
from nodes.images.morphology import Operation, morphology
from nodes.images.porter_duff_composite import SHARES, Rule, porter_duff_composite
from nodes.images.split_alpha import split_alpha
from tests.tiny.recorder import Recorder

RANDOM = torch.Generator().manual_seed(1)
PICTURE = Image(torch.rand(1, 24, 32, 3, generator=RANDOM))
OTHER = Image(torch.rand(1, 24, 32, 3, generator=RANDOM))
HALF = Mask(torch.cat([torch.zeros(1, 24, 16), torch.ones(1, 24, 16)], dim=2))
NOTHING, ALL = Mask(torch.zeros(1, 24, 32)), Mask(torch.ones(1, 24, 32))


def test_alpha_joined_is_alpha_split() -> None:
    joined = join_alpha(PICTURE, HALF)
    image, mask = split_alpha(joined)
    assert torch.equal(image.pixels, PICTURE.pixels) and torch.equal(mask.coverage, HALF.coverage)
    assert joined.nbytes > PICTURE.nbytes and image.transparency is None
    assert not split_alpha(PICTURE).mask.coverage.any()
    larger = join_alpha(PICTURE, Mask(torch.ones(3, 6, 8)))
    assert larger.pixels.shape == (3, 24, 32, 3) and larger.transparency is not None


@pytest.mark.parametrize("format", get_args(PictureFormat))
def test_files_keep_transparency_where_they_can(format: PictureFormat) -> None:
    (data,) = encoded(join_alpha(PICTURE, HALF), format, 100, "{}")
    with PIL.Image.open(BytesIO(data)) as file:
        if format == "jpeg":
            assert np.array(file)[:, 20:].mean() > 250, "JPEG has white there"
            return
        alpha = file.convert("RGBA").getchannel("A")
    assert alpha.getpixel((2, 2)) == 255 and alpha.getpixel((30, 2)) == 0
    read = read_picture(data, "a").pixels
    assert torch.allclose(read[:, :, :16], PICTURE.pixels[:, :, :16], atol=0.1 if format == "avif" else 0.01)
    assert (read[:, :, 18:] > 0.99).all()


def test_a_saved_transparent_picture_loads_with_its_mask(tmp_path: Path) -> None:
    (data,) = encoded(join_alpha(PICTURE, HALF), "png", 90, "{}")
    (tmp_path / "a.png").write_bytes(data)
    image, mask = load_image(Recorder(inputs=tmp_path), "a.png", "as stored")
    assert torch.allclose(image.pixels, PICTURE.pixels, atol=0.005)
    assert torch.equal(mask.coverage, HALF.coverage)


@pytest.mark.parametrize("rule", get_args(Rule))
def test_every_rule_gives_a_picture_and_a_shape(rule: Rule) -> None:
    image, mask = porter_duff_composite(PICTURE, HALF, OTHER, NOTHING, rule)
    assert image.pixels.isfinite().all() and 0 <= mask.coverage.min() <= mask.coverage.max() <= 1


def test_over_and_its_mirror() -> None:
    over, shape = porter_duff_composite(PICTURE, HALF, OTHER, NOTHING, "over")
    assert torch.allclose(over.pixels[:, :, :16], PICTURE.pixels[:, :, :16])
    assert torch.allclose(over.pixels[:, :, 16:], OTHER.pixels[:, :, 16:]) and not shape.coverage.any()
    mirrored, _ = porter_duff_composite(OTHER, NOTHING, PICTURE, HALF, "below")
    assert torch.allclose(mirrored.pixels, over.pixels)
    nothing, gone = porter_duff_composite(PICTURE, NOTHING, OTHER, NOTHING, "clear")
    assert not nothing.pixels.any() and torch.equal(gone.coverage, ALL.coverage)


def test_two_opaque_pictures_blend_as_by_w3c() -> None:
    multiplied, _ = porter_duff_composite(PICTURE, NOTHING, OTHER, NOTHING, "multiply")
    assert torch.allclose(multiplied.pixels, PICTURE.pixels * OTHER.pixels, atol=1e-6)
    screened, _ = porter_duff_composite(PICTURE, NOTHING, OTHER, NOTHING, "screen")
    assert torch.allclose(1 - screened.pixels, (1 - PICTURE.pixels) * (1 - OTHER.pixels), atol=1e-6)
    darker, _ = porter_duff_composite(PICTURE, NOTHING, OTHER, NOTHING, "darken")
    assert torch.allclose(darker.pixels, torch.minimum(PICTURE.pixels, OTHER.pixels), atol=1e-6)


def test_opposite_rules_share_a_picture_out() -> None:
    assert set(SHARES) < set(get_args(Rule))
    inside, outside = (
        porter_duff_composite(PICTURE, NOTHING, OTHER, HALF, rule)[1].coverage for rule in ("in", "out")
    )
    assert torch.equal(inside + outside, torch.ones_like(inside))


def test_morphology_of_a_dot_and_a_hole() -> None:
    dot = Image(torch.zeros(1, 9, 9, 3))
    dot.pixels[:, 4, 4] = 1
    square = morphology(dot, "dilate", 3).pixels
    assert square.sum() == 27 and square[:, 3:6, 3:6].all()
    assert torch.equal(morphology(Image(square), "erode", 3).pixels, dot.pixels)
    assert not morphology(dot, "open", 3).pixels.any(), "a speck goes"
    hole = Image(1 - dot.pixels)
    assert morphology(hole, "close", 3).pixels.all()
    assert torch.equal(morphology(dot, "top hat", 3).pixels, dot.pixels)
    assert torch.equal(morphology(hole, "bottom hat", 3).pixels, dot.pixels)
    assert morphology(Image(square), "gradient", 3).pixels[:, 4, 4].sum() == 0


@pytest.mark.parametrize("operation", get_args(Operation))
@pytest.mark.parametrize("size", [3, 4])
def test_morphology_of_one_colour_is_that_colour_or_nothing(operation: Operation, size: int) -> None:
    grey = Image(torch.full((1, 8, 8, 3), 0.5))
    found = morphology(grey, operation, size).pixels.unique()
    assert len(found) == 1 and found.item() in (0.0, 0.5)


def test_noise_has_its_strength_and_its_seed() -> None:
    grey = Image(torch.full((2, 64, 64, 3), 0.5))
    noisy = add_noise_to_image(grey, 3, 0.1).pixels
    assert noisy.std().item() == pytest.approx(0.1, rel=0.05)
    assert torch.equal(noisy, add_noise_to_image(grey, 3, 0.1).pixels)
    assert not torch.equal(noisy[0], noisy[1]) and add_noise_to_image(grey, 3, 0.0) is grey


def test_a_grid_holds_every_picture() -> None:
    batch = Image(torch.stack([torch.full((4, 6, 3), value / 10) for value in range(1, 6)]))
    sheet = image_grid(batch, gap=2)
    assert sheet.pixels.shape == (1, 10, 22, 3), "three beside each other, two below"
    assert sheet.pixels[0, 1, 9, 0].item() == pytest.approx(0.2) and (sheet.pixels[0, 7, 18] == 1).all()
    assert image_grid(batch, columns=1, gap=0).pixels.shape == (1, 20, 6, 3)
    assert torch.equal(image_grid(Image(batch.pixels[:1]), gap=9).pixels, batch.pixels[:1])

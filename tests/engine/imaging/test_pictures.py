from io import BytesIO
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch

from app.engine.imaging.pictures import open_picture, png
from app.engine.imaging.resizing import resize
from app.engine.latents.preview import fit, jpeg, principal_colours
from app.engine.media import Image
from app.graph.problem import Refusal


def saved(path: Path, picture: PIL.Image.Image, **options: object) -> Path:
    picture.save(path, **options)  # type: ignore[arg-type]
    return path


def test_transparent_parts_become_white(tmp_path: Path) -> None:
    picture = PIL.Image.new("RGBA", (2, 1), (255, 0, 0, 255))
    picture.putpixel((1, 0), (0, 0, 0, 0))
    pixels = open_picture(saved(tmp_path / "a.png", picture)).pixels
    assert pixels[0, 0].tolist() == [[1, 0, 0], [1, 1, 1]]


def test_a_turned_photograph_stands_upright(tmp_path: Path) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # orientation: to be turned by 90 degrees
    path = saved(tmp_path / "a.png", PIL.Image.new("RGB", (8, 4)), exif=exif)
    image = open_picture(path)
    assert (image.width, image.height) == (4, 8)


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "LA"])
def test_other_colour_modes_open(mode: str, tmp_path: Path) -> None:
    suffix = "tif" if mode == "CMYK" else "png"
    image = open_picture(saved(tmp_path / f"a.{suffix}", PIL.Image.new("RGB", (3, 2), "white").convert(mode)))
    assert image.pixels.shape == (1, 2, 3, 3) and image.pixels.min() == 1


def test_sixteen_bits_keep_their_brightness(tmp_path: Path) -> None:
    grey = PIL.Image.fromarray(np.full((2, 2), 32896, dtype=np.uint16))
    assert open_picture(saved(tmp_path / "a.png", grey)).pixels.mean().item() == pytest.approx(128 / 255)


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n" + bytes(20)])
def test_what_is_no_picture_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(Refusal, match=r"a\.png cannot be read as a picture") as refusal:
        open_picture(tmp_path / "a.png")
    assert refusal.value.input == "name"


def test_a_cut_off_picture_is_refused(tmp_path: Path) -> None:
    noise = PIL.Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8))
    path = saved(tmp_path / "a.png", noise)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(Refusal, match="cannot be read"):
        open_picture(path)


def test_a_missing_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"b\.png is missing"):
        open_picture(tmp_path / "b.png")


def test_a_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path / "a.png", PIL.Image.new("RGB", (30, 30)))
    for limit in (100, 500):  # Pillow warns above its limit and raises above twice its limit
        monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", limit)
        with pytest.raises(Refusal, match="too large"):
            open_picture(path)


def test_png_and_back_is_exact_in_eight_bits(tmp_path: Path) -> None:
    levels = torch.arange(256, dtype=torch.float32).reshape(1, 16, 16, 1).expand(2, -1, -1, 3) / 255
    files = list(png(Image(levels.contiguous()), {"key": "value"}))
    (tmp_path / "a.png").write_bytes(files[1])
    assert len(files) == 2 and torch.equal(open_picture(tmp_path / "a.png").pixels, levels[:1])
    with PIL.Image.open(BytesIO(files[0])) as picture:
        assert picture.info["key"] == "value"


def test_crop_keeps_proportions_and_stretch_keeps_everything() -> None:
    pixels = torch.zeros(1, 8, 16, 3)
    pixels[:, :, 4:12] = 1  # the middle half is white
    cropped, stretched = (resize(Image(pixels), 8, 8, crop=crop) for crop in (True, False))
    assert cropped.pixels.min() == 1 and stretched.pixels[0, 0, 0, 0] < 0.1
    assert (cropped.width, stretched.height) == (8, 8) and stretched.pixels.max() <= 1


def test_preview_colours_are_found_where_they_are_linear() -> None:
    random = torch.Generator().manual_seed(0)
    latents = torch.randn(2, 5, 8, 8, generator=random)
    weights, bias = torch.randn(5, 3, generator=random) / 20, torch.tensor([0.5, 0.4, 0.6])
    colours = latents.movedim(1, -1) @ weights + bias
    pixels = colours.repeat_interleave(4, 1).repeat_interleave(4, 2)
    found = fit(latents, pixels)
    assert torch.allclose(found.weights, weights, atol=1e-5) and torch.allclose(found.bias, bias, atol=1e-5)
    assert torch.allclose(found.colours(latents[1]), colours[1].clamp(0, 1), atol=1e-5)


@pytest.mark.parametrize("channels", [1, 2, 16])
def test_without_known_colours_shapes_still_show(channels: int) -> None:
    cells = torch.zeros(channels, 8, 8)
    cells[:, 2:6, 2:6] = 1
    colours = principal_colours(cells)
    assert colours.shape == (8, 8, 3) and (colours[4, 4] - colours[0, 0]).abs().max() > 0.2
    assert principal_colours(torch.zeros(channels, 4, 4)).isfinite().all()


def test_a_preview_of_a_video_is_its_first_frame_and_never_huge() -> None:
    with PIL.Image.open(BytesIO(jpeg(torch.randn(1, 4, 3, 100, 200), None, 8))) as picture:
        assert picture.size == (512, 256)

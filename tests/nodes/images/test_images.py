import json
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import PIL.Image
import pytest
import torch

from app.engine.imaging.encoding import encoded
from app.engine.media import Image
from app.interop.carriers import carried_by
from nodes.images.load_image import load_image
from nodes.images.preview_image import preview_image
from nodes.images.resize_image import resize_image
from nodes.images.save_image import file_name, save_image
from tests.tiny.recorder import Recorder

TWO = Image(torch.rand(2, 4, 6, 3, generator=torch.Generator().manual_seed(0)))


def test_every_picture_of_a_batch_is_saved_with_its_document() -> None:
    context = Recorder()
    save_image(context, TWO, "my picture")
    assert [(name, *rest) for name, _, *rest in context.files] == [("my picture_{n}.png", 6, 4, False)] * 2
    with PIL.Image.open(BytesIO(context.files[1][1])) as picture:
        text = picture.info["patchloom"]
        assert text.isascii() and json.loads(text) == context.document()


@pytest.mark.parametrize(
    ("prefix", "name"),
    [
        ("../../etc/passwd", "etc_passwd"),
        ("a/b\\c", "a_b_c"),
        ("{n}", "n"),
        ("..", "picture"),
        ("", "picture"),
        ("Bäume 2", "Bäume 2"),
        ("con:tra*st?", "con_tra_st"),
    ],
)
def test_a_prefix_stays_in_the_output_folder(prefix: str, name: str) -> None:
    assert file_name(prefix) == name


def test_a_preview_is_temporary_and_carries_no_document() -> None:
    context = Recorder()
    preview_image(context, TWO)
    assert [(name, *rest) for name, _, *rest in context.files] == [("preview_{n}.png", 6, 4, True)] * 2
    with PIL.Image.open(BytesIO(context.files[0][1])) as picture:
        assert "patchloom" not in picture.info


def test_a_saved_picture_loads_again(tmp_path: Path) -> None:
    context = Recorder(inputs=tmp_path)
    save_image(context, TWO)
    (tmp_path / "again.png").write_bytes(context.files[0][1])
    again = load_image(context, "again.png").image.pixels
    assert torch.equal(again, (TWO.pixels[:1] * 255).floor() / 255), "cut off as ComfyUI does: 0.25 is 63"


@pytest.mark.parametrize(
    ("format", "suffix", "carries"),
    [
        ("png", "png", True),
        ("png 16-bit", "png", True),
        ("webp", "webp", True),
        ("jpeg", "jpg", True),
        ("avif", "avif", False),
    ],
)
def test_formats(format: Any, suffix: str, carries: bool, tmp_path: Path) -> None:
    smooth = Image(torch.linspace(0, 1, 64).expand(1, 32, 64)[..., None].repeat(1, 1, 1, 3))
    context = Recorder(inputs=tmp_path)
    save_image(context, smooth, format=format, quality=95)
    name, data, *_ = context.files[0]
    assert name == f"picture_{{n}}.{suffix}"
    (tmp_path / f"a.{suffix}").write_bytes(data)
    again = load_image(context, f"a.{suffix}").image
    assert again.pixels.shape == smooth.pixels.shape
    assert (again.pixels - smooth.pixels).abs().max() < (0.004 if suffix == "png" else 0.03)
    if carries:
        assert json.loads(carried_by(data).best()[1]) == context.document()


def test_sixteen_bits_keep_what_eight_would_round(tmp_path: Path) -> None:
    steps = torch.arange(256.0) / 65535
    context = Recorder()
    save_image(context, Image(steps.reshape(1, 16, 16, 1).repeat(1, 1, 1, 3)), format="png 16-bit")
    frame = next(av.open(BytesIO(context.files[0][1])).decode(video=0))
    assert frame.format.name == "rgb48be"
    assert torch.equal(
        torch.from_numpy(frame.to_ndarray().astype("int32"))[..., 0].flatten(), torch.arange(256)
    )


def test_webp_of_full_quality_loses_nothing(tmp_path: Path) -> None:
    context = Recorder(inputs=tmp_path)
    save_image(context, TWO, format="webp", quality=100)
    (tmp_path / "a.webp").write_bytes(context.files[0][1])
    again = load_image(context, "a.webp").image.pixels
    assert (again - TWO.pixels[:1]).abs().max() <= 1 / 255


def test_a_document_too_long_for_a_jpeg_is_left_out() -> None:
    (data,) = encoded(Image(torch.zeros(1, 8, 8, 3)), "jpeg", 90, "x" * 70_000)
    assert len(data) < 2000


def test_resizing_does_not_touch_its_input() -> None:
    before = TWO.pixels.clone()
    assert resize_image(TWO, 3, 8, "stretch").pixels.shape == (2, 8, 3, 3)
    assert resize_image(TWO, 3, 8).pixels.shape == (2, 8, 3, 3)
    assert torch.equal(TWO.pixels, before)

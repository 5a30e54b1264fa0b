import json
from io import BytesIO
from pathlib import Path

import PIL.Image
import pytest
import torch

from app.engine.media import Image
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
    assert torch.allclose(
        load_image(context, "again.png").image.pixels, TWO.pixels[:1], atol=0.5 / 255 + 1e-6
    )


def test_resizing_does_not_touch_its_input() -> None:
    before = TWO.pixels.clone()
    assert resize_image(TWO, 3, 8, "stretch").pixels.shape == (2, 8, 3, 3)
    assert resize_image(TWO, 3, 8).pixels.shape == (2, 8, 3, 3)
    assert torch.equal(TWO.pixels, before)

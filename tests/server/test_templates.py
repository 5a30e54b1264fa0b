"""Templates: example workflows with a picture each, found also where the base folder has none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from app.config import Settings
from app.template_pictures import CAMERA, PICTURES, SIZE, card
from tests.server.conftest import ROOT

EXAMPLES = sorted((ROOT / "workflows").glob("*.json"))


def test_ones_own_folder_goes_before_what_comes_along(tmp_path: Path) -> None:
    assert Settings(tmp_path).templates == ROOT / "workflows"
    own = tmp_path / "workflows"
    own.mkdir()
    assert Settings(tmp_path).templates == ROOT / "workflows", "an empty folder offers nothing"
    (own / "mine.json").write_text("{}")
    assert Settings(tmp_path).templates == own


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_that_runs_by_itself_has_a_picture(path: Path) -> None:
    assert json.loads(path.read_text())["tags"]
    picture = PICTURES / f"{path.stem}.webp"
    assert picture.exists() == (path.stem != CAMERA), "run: python -m app.template_pictures"
    if picture.exists():
        assert picture.stat().st_size < 16_000
        with Image.open(picture) as image:
            assert image.size == SIZE


def test_every_picture_has_its_example() -> None:
    assert {path.stem for path in PICTURES.iterdir()} <= {path.stem for path in EXAMPLES}


def test_results_are_shown_whole_beside_each_other() -> None:
    red, blue = Image.new("RGB", (100, 100), "red"), Image.new("RGB", (400, 100), "blue")
    both = card([red, blue])
    assert both.size == SIZE
    assert both.getpixel((80, 120)) == (255, 0, 0) and both.getpixel((240, 120)) == (0, 0, 255)
    four = card([red, blue, blue, red])
    assert four.getpixel((80, 60)) == four.getpixel((240, 180)) == (255, 0, 0)
    assert four.getpixel((240, 60)) == (0, 0, 255)

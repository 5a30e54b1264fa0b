"""Whatever somebody does, the server has what the canvas shows: a short run of the random editing."""

from __future__ import annotations

import pytest

from tests.browser.monkey import play
from tests.browser.sheet import Sheet


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_random_editing_loses_nothing(sheet: Sheet, seed: int) -> None:
    play(sheet, seed, steps=8)

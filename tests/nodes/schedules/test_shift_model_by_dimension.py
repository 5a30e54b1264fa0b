import pytest
import torch

from app.engine.media import Latent
from nodes.schedules.basic_schedule import basic_schedule
from nodes.schedules.shift_model import shift_model
from nodes.schedules.shift_model_by_dimension import shift_model_by_dimension
from tests.tiny.zoo import build


def shift(*shape: int, base: int = 4096) -> float:
    latent = Latent(torch.zeros(2, *shape), "dit-dh")
    return shift_model_by_dimension(build("dit-dh"), latent, base).schedule_shift


def test_the_shift_is_the_root_of_how_many_more_numbers_there_are() -> None:
    assert shift(768, 16, 16) == pytest.approx(6.93, abs=0.005), "as the paper gives it"
    assert shift(768, 32, 32) == pytest.approx(2 * shift(768, 16, 16))
    assert shift(768, 16, 16) == build("dit-dh").schedule_shift, "what the family is shifted by at 256 pixels"
    assert shift(16, 16, 16, base=1024) == 2


def test_as_many_numbers_as_the_base_shift_nothing() -> None:
    assert shift(4, 32, 32) == 1
    even = basic_schedule(shift_model(build("dit-dh"), 1.0), steps=4)
    latent = Latent(torch.zeros(1, 4, 32, 32), "dit-dh")
    assert basic_schedule(shift_model_by_dimension(build("dit-dh"), latent), steps=4) == even


def test_the_schedule_moves_as_the_formula_says() -> None:
    """t' = a t / (1 + (a - 1) t)."""
    model = build("dit-dh")
    even, moved = basic_schedule(shift_model(model, 1.0), steps=5), basic_schedule(model, steps=5)
    a = model.schedule_shift
    expected = [a * t / (1 + (a - 1) * t) for t in even.values]
    assert moved.values == pytest.approx(expected, abs=2e-3)

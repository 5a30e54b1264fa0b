"""FLUX.2's noise levels, against values of the authors' formula worked out by hand."""

from math import exp

import pytest

from nodes.schedules.flux2_schedule import flux2_schedule, log_shift


def test_the_shift_lies_on_the_line_between_ten_and_two_hundred_steps() -> None:
    assert log_shift(4096, 10) == pytest.approx(8.73809524e-05 * 4096 + 1.89833333)
    assert log_shift(4096, 200) == pytest.approx(0.00016927 * 4096 + 0.45666666)
    assert log_shift(8192, 10) == log_shift(8192, 99) == pytest.approx(0.00016927 * 8192 + 0.45666666)


def test_levels() -> None:
    values = flux2_schedule(4, 1024, 1024).values
    mu = log_shift(4096, 4)
    assert values[0] == 1 and values[-1] == 0 and len(values) == 5
    assert values[2] == pytest.approx(exp(mu) / (exp(mu) + 1))

"""Every schedule: the levels its formula gives, falling from noise to picture, for any strength."""

import math
from collections.abc import Callable
from itertools import pairwise

import pytest
import torch

from app.engine.media import Latent
from app.engine.sampling import Sigmas
from app.engine.schedules.quantiles import distribution, quantile
from app.graph.problem import Refusal
from nodes.schedules.beta import beta
from nodes.schedules.curve_schedule import curve_schedule
from nodes.schedules.dynamic_shift import dynamic_shift
from nodes.schedules.exponential import exponential
from nodes.schedules.flow_schedule import flow_schedule
from nodes.schedules.join_sigmas import join_sigmas
from nodes.schedules.karras import karras
from nodes.schedules.kl_optimal import kl_optimal
from nodes.schedules.linear_quadratic import gone, linear_quadratic
from nodes.schedules.manual_sigmas import manual_sigmas
from nodes.schedules.scm_schedule import scm_schedule
from nodes.schedules.set_first_sigma import set_first_sigma
from nodes.schedules.split_sigmas import split_sigmas
from nodes.schedules.split_sigmas_by_strength import split_sigmas_by_strength
from tests.tiny.zoo import build


def dynamic(steps: int = 20, strength: float = 1.0) -> Sigmas:
    model = build("flux")
    latent = Latent(torch.zeros(1, model.channels, 64, 96), "flux")
    return dynamic_shift(model, latent, steps, strength=strength)


Schedule = Callable[..., Sigmas]
SCHEDULES = [karras, exponential, kl_optimal, linear_quadratic, beta, dynamic]
CURVES = [kl_optimal, linear_quadratic, beta, dynamic]


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("steps", [1, 2, 3, 20, 101, 1000])
def test_levels_fall_from_noise_to_picture(schedule: Schedule, steps: int) -> None:
    sigmas = schedule(steps=steps)
    assert sigmas.steps == steps and sigmas.values[0] == 1 and sigmas.values[-1] == 0


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_strength(schedule: Schedule) -> None:
    assert schedule(strength=0.0).values == (0.0,)
    starts = [schedule(strength=share / 20).values[0] for share in range(1, 21)]
    assert starts == sorted(set(starts)), "more strength starts from more noise"
    assert schedule(strength=0.3).steps == 20 and schedule(strength=0.3).values[-1] == 0
    assert schedule(steps=1000, strength=0.01).steps == 1000


@pytest.mark.parametrize("schedule", CURVES)
def test_strength_half_is_the_second_half_of_twice_the_steps(schedule: Schedule) -> None:
    whole = schedule(steps=20).values
    assert schedule(steps=10, strength=0.5).values == pytest.approx(whole[10:], abs=1e-12)


@pytest.mark.parametrize("schedule", [karras, exponential])
def test_strength_is_the_first_level(schedule: Schedule) -> None:
    assert schedule(strength=0.4).values == pytest.approx([0.4 * sigma for sigma in schedule().values])


@pytest.mark.parametrize("sigma_min", [0.001, 0.02, 0.5])
def test_karras(sigma_min: float) -> None:
    roots = [sigma ** (1 / 5) for sigma in karras(9, sigma_min, 5.0).values[:-1]]
    widths = [after - before for before, after in pairwise(roots)]
    assert widths == pytest.approx([(sigma_min ** (1 / 5) - 1) / 8] * 8)
    assert karras(9, sigma_min, 5.0).values[-2] == pytest.approx(sigma_min)
    assert karras(3, 0.2, 1.0).values == pytest.approx((1, 0.6, 0.2, 0))


def test_exponential() -> None:
    values = exponential(4, 0.027).values
    assert values == pytest.approx((1, 0.3, 0.09, 0.027, 0))


def test_kl_optimal() -> None:
    assert kl_optimal(2).values == pytest.approx((1, 0.5, 0))
    angles = [math.atan(sigma / (1 - sigma)) for sigma in kl_optimal(10).values[1:]]
    assert angles == pytest.approx([math.pi / 2 * (1 - step / 10) for step in range(1, 11)])


def test_linear_quadratic() -> None:
    values = linear_quadratic(20, 0.025).values
    assert values[:11] == pytest.approx([1 - 0.0025 * step for step in range(11)])
    steps = [before - after for before, after in pairwise(values)]
    growth = [after - before for before, after in pairwise(steps[10:])]
    assert growth == pytest.approx([growth[0]] * 9), "the second half is a parabola"
    assert linear_quadratic(8, 0.5).values == pytest.approx(flow_schedule(8).values)
    slopes = [(gone(0.5 + width, 0.1) - gone(0.5, 0.1)) / width for width in (-1e-6, 1e-6)]
    assert slopes == pytest.approx([0.2, 0.2], abs=1e-5), "without a kink"


@pytest.mark.parametrize("share", [0.0, 0.001, 0.2, 0.5, 0.9, 0.999, 1.0])
def test_beta_quantiles_that_have_a_formula(share: float) -> None:
    assert quantile(share, 1, 1) == pytest.approx(share)
    assert quantile(share, 0.5, 0.5) == pytest.approx(math.sin(math.pi * share / 2) ** 2)
    assert quantile(share, 0.3, 1) == pytest.approx(share ** (1 / 0.3))
    assert quantile(share, 1, 4) == pytest.approx(1 - (1 - share) ** 0.25)
    x = quantile(share, 2, 2)
    assert 3 * x**2 - 2 * x**3 == pytest.approx(share)


@pytest.mark.parametrize(("a", "b"), [(0.3, 0.3), (0.6, 0.6), (0.3, 5.0), (5.0, 0.3), (5.0, 5.0), (2.5, 1.5)])
def test_beta_distribution(a: float, b: float) -> None:
    """Against the integral of the density, over a stretch where it is smooth."""
    x = torch.linspace(0.2, 0.7, 20_001, dtype=torch.float64)
    logs = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    density = x ** (a - 1) * (1 - x) ** (b - 1) * math.exp(logs)
    share = distribution(0.7, a, b) - distribution(0.2, a, b)
    assert share == pytest.approx(torch.trapezoid(density, x).item(), rel=1e-7)
    for level in (0.01, 0.3, 0.77):
        assert quantile(distribution(level, a, b), a, b) == pytest.approx(level)
    assert beta(1000, a, b).steps == 1000, "the levels stay apart"


def test_beta_is_dense_at_both_ends() -> None:
    values = beta(20).values
    assert values == pytest.approx([1 - value for value in reversed(values)], abs=1e-12)
    assert 3 * (values[0] - values[1]) < values[10] - values[11]
    assert beta(7, 1.0, 1.0).values == pytest.approx(flow_schedule(7).values)


@pytest.mark.parametrize(
    ("height", "width", "mu"), [(32, 32, 0.5), (128, 128, 1.15), (32, 64, 0.5 + 0.65 / 15)]
)
def test_dynamic_shift(height: int, width: int, mu: float) -> None:
    model = build("flux")
    latent = Latent(torch.zeros(2, model.channels, height, width), "flux")
    values = dynamic_shift(model, latent, 10).values
    even = [1 - step / 10 for step in range(1, 10)]
    assert values[1:-1] == pytest.approx([math.exp(mu) / (math.exp(mu) + 1 / sigma - 1) for sigma in even])
    assert values == pytest.approx(flow_schedule(10, math.exp(mu)).values)


def test_dynamic_shift_counts_the_tokens_of_the_family() -> None:
    model = build("wan")
    latent = Latent(torch.zeros(1, model.channels, 4, 32, 32), "wan")
    grid = model.family.latent.grid(latent.samples)
    shift = math.exp(0.5 + 0.65 * (math.prod(grid) - 256) / 3840)
    assert grid == (4, 16, 16)
    assert dynamic_shift(model, latent, 10).values == pytest.approx(flow_schedule(10, shift).values)


@pytest.mark.parametrize(
    "text", ["1, 0.5, 0", "1 .5 0", "1.0;5e-1;0.0", "\n1,\n0.5,\n0\n", "1,0.5,0,", "1\t0.5\t0"]
)
def test_manual_sigmas(text: str) -> None:
    assert manual_sigmas(text).values == (1, 0.5, 0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1, half, 0", "'half' is not a number"),
        ("1, 0.5.1", "'0.5.1' is not a number"),
        ("", "There are no noise levels. Give at least two"),
        ("1", "One noise level, 1, makes no step. Type at least two"),
        ("0, 0.5, 1", "cannot begin at noise level 0. Begin just above"),
        ("1, 0.5, 0.5, 0", "must fall, but 0.5 is followed by 0.5"),
        ("1, 0.2, 0.5, 0", "must fall, but 0.2 is followed by 0.5"),
        ("14.6, 3, 0", "of 14.6 lies outside of 1 .*14.6 is sigma / .1 . sigma."),
        ("1; 0,5; 0", "of 5 lies outside of 1 .*decimals have a point"),
        ("1, nan, 0", "'nan' is not a number"),
        ("inf, 0", "'inf' is not a number"),
        ("1, 0, -1", "of -1 lies outside"),
    ],
)
def test_manual_sigmas_that_cannot_be(text: str, message: str) -> None:
    with pytest.raises(Refusal, match=message) as refusal:
        manual_sigmas(text)
    assert refusal.value.input == "sigmas" and refusal.value.code == "bad_sigmas"


@pytest.mark.parametrize("text", ["nan", "1.5", "-0.5"])
def test_a_single_level_must_be_a_level(text: str) -> None:
    with pytest.raises(Refusal):
        manual_sigmas(text)


def test_the_time_grid_of_lumina_is_a_shift() -> None:
    """Lumina-Next's t / (t + f - f * t), with t from noise 0 to picture 1, needs no node of its own."""
    times = [step / 10 for step in range(11)]
    grid = [1 - t / (t + 4 - 4 * t) for t in times]
    assert flow_schedule(10, 4.0).values == pytest.approx(grid)


def test_curve_schedule() -> None:
    assert curve_schedule("[[0, 1], [0.5, 0.8], [1, 0]]", 4).values == pytest.approx((1, 0.9, 0.8, 0.4, 0))
    assert curve_schedule(steps=7).values == pytest.approx(flow_schedule(7).values)
    for bad in (
        "[[0, 1], [0.5, 0]]",
        "[[0, 1]]",
        "1",
        "no",
        "[[0, 1], [0, 0.5], [1, 0]]",
        "[[0, 1, 2], [1, 0]]",
    ):
        with pytest.raises(Refusal, match="no curve from 0 to 1"):
            curve_schedule(bad)
    with pytest.raises(Refusal, match="cannot begin at noise level 0"):
        curve_schedule("[[0, 0], [1, 1]]")


def test_scm_schedule() -> None:
    """TrigFlow's noise-to-picture ratio is the tangent of its angle."""
    values = scm_schedule(2).values
    assert values[0] == 1 and values[1] / (1 - values[1]) == pytest.approx(math.tan(1.3)) and values[2] == 0
    four = scm_schedule(4).values
    assert [math.atan(x / (1 - x)) for x in four[1:-1]] == pytest.approx(
        [1.5708 * s for s in (0.75, 0.5, 0.25)]
    )
    assert scm_schedule(1).values == (1, 0)


def test_cutting_and_joining() -> None:
    whole = flow_schedule(10, 3.0)
    high, low = split_sigmas(whole, 4)
    assert (high.steps, low.steps) == (4, 6) and high.values[-1] == low.values[0]
    assert join_sigmas(high, low) == whole and split_sigmas(whole, 99).low.steps == 0
    assert split_sigmas_by_strength(whole, 0.3).low.values == whole.values[7:]
    assert (
        split_sigmas_by_strength(whole, 0.0).high == whole
        and split_sigmas_by_strength(whole, 1.0).low == whole
    )
    assert set_first_sigma(Sigmas((0.9, 0.5, 0.0)), 0.95).values == (0.95, 0.5, 0.0)
    with pytest.raises(Refusal, match="must fall"):
        set_first_sigma(whole, 0.1)
    with pytest.raises(Refusal, match="must fall"):
        join_sigmas(low, high)

"""Samplers without noise: their order, their cost, and what they have in common."""

import math

import pytest
import torch
from torch import Tensor

from app.engine.sampling import Sampler, Sigmas
from nodes.samplers.ddim import Ddim, ddim
from nodes.samplers.dpm_2 import Dpm2, dpm_2
from nodes.samplers.dpm_2_ancestral import Dpm2Ancestral
from nodes.samplers.dpmpp_2m import Dpmpp2M, dpmpp_2m
from nodes.samplers.dpmpp_2m_sde import Dpmpp2MSde
from nodes.samplers.dpmpp_2s_ancestral import Dpmpp2SAncestral
from nodes.samplers.dpmpp_3m_sde import Dpmpp3MSde
from nodes.samplers.dpmpp_sde import DpmppSde
from nodes.samplers.er_sde import ErSde
from nodes.samplers.euler import Euler
from nodes.samplers.gradient_estimation import GradientEstimation, gradient_estimation
from nodes.samplers.heun import Heun
from nodes.samplers.lms import Lms, lms, weights
from nodes.samplers.res_multistep import ResMultistep, lead, res_multistep
from nodes.samplers.rf_solver import RfSolver, rf_solver
from nodes.samplers.sa_solver import SaSolver
from nodes.samplers.uni_pc import UniPc, uni_pc
from tests.nodes.samplers.closed_form import Denoiser, even, mixture, noise, normal, order, path, walk

# sampler, its order between noise levels 0.95 and 0.2, that from 1 to 0, its evaluations in 8 steps
MEASURED = [
    (Euler(), 1, 1, 8),
    (Heun(), 2, 2, 15),
    (Dpm2(), 2, 1.85, 15),
    (RfSolver(), 2, 2, 16),
    (Dpmpp2M(), 1.92, 1.7, 8),
    (Dpmpp2SAncestral(0.0, 0), 2, 1.9, 14),
    (ResMultistep(), 1.96, 1.7, 8),
    (UniPc(), 3, 2.05, 8),
    (UniPc(1, "bh1"), 2, 1.85, 8),
    (UniPc(3), 4, 2.05, 8),
    (Ddim(0.0, 0), 1, 1, 8),
    (Dpm2Ancestral(0.0, 0), 2, 1.8, 15),
    (Dpmpp2MSde(0.0, 0, "per picture", "heun"), 1.96, 1.7, 8),
    (GradientEstimation(1.5), 2, 2.05, 8),
    (GradientEstimation(2.0), 1, 1, 8),
    (Lms(2), 2, 2.05, 8),
    (Lms(3), 2, 2, 8),
    (Lms(4), 2, 2.05, 8),
    (DpmppSde(0.0, 0), 2, 1.9, 14),
    (Dpmpp3MSde(0.0, 0), 2.1, 2.05, 8),
    (ErSde(1, "none", 0), 1, 1, 8),
    (ErSde(2, "none", 0), 2, 1.8, 8),
    (ErSde(3, "none", 0), 2, 1.8, 8),
    (SaSolver(1, 0.0, 0), 2, 1.8, 8),
    (SaSolver(2, 0.0, 0), 3, 2, 8),
    (SaSolver(3, 0.0, 0), 3, 2, 8),
]
SAMPLERS = [sampler for sampler, *_ in MEASURED]


@pytest.mark.parametrize(("sampler", "inside", "whole"), [row[:3] for row in MEASURED], ids=str)
def test_error_falls_with_the_order_of_the_method(sampler: Sampler, inside: float, whole: float) -> None:
    assert order(sampler) == pytest.approx(inside, abs=0.1)
    assert order(sampler, 1.0, 0.0) == pytest.approx(whole, abs=0.12)


@pytest.mark.parametrize("sampler", SAMPLERS, ids=str)
def test_normal_data_end_where_they_should(sampler: Sampler) -> None:
    errors = [
        (walk(sampler, normal, noise(), even(steps)) - path(noise(), 0.0)).abs().max() for steps in (32, 256)
    ]
    assert errors[1] < 0.01 and errors[1] < errors[0] / 6.5


@pytest.mark.parametrize(("sampler", "evaluations"), [(row[0], row[3]) for row in MEASURED], ids=str)
def test_evaluations_and_steps(sampler: Sampler, evaluations: int) -> None:
    asked: list[float] = []
    done: list[int] = []

    def denoise(latent: Tensor, sigma: float) -> Tensor:
        asked.append(sigma)
        return normal(latent, sigma)

    sampler(denoise, noise(), even(8), lambda step, denoised: done.append(step))
    assert len(asked) == evaluations and done == list(range(8))
    assert all(0 < sigma <= 1 for sigma in asked), "no model knows noise level 0"


@pytest.mark.parametrize("sampler", SAMPLERS, ids=str)
@pytest.mark.parametrize("sigmas", [(1.0, 0.0), (0.6, 0.3), (0.5,), (1.0, 0.9, 0.899, 0.2, 0.0)])
def test_odd_schedules(sampler: Sampler, sigmas: tuple[float, ...]) -> None:
    latent = noise(2)
    result = walk(sampler, normal, latent, Sigmas(sigmas))
    assert result.shape == latent.shape and result.isfinite().all()
    assert len(sigmas) > 1 or torch.equal(result, latent)


@pytest.mark.parametrize("sampler", SAMPLERS, ids=str)
def test_a_batch_of_two_is_two_of_one_and_inputs_stay(sampler: Sampler) -> None:
    batch, before = noise(2), noise(2)
    together = walk(sampler, mixture, batch, even(6))
    apart = [walk(sampler, mixture, row[None], even(6)) for row in batch]
    assert torch.equal(batch, before)
    assert torch.allclose(together, torch.cat(apart), rtol=1e-12)
    assert torch.equal(together, walk(sampler, mixture, batch, even(6)))


@pytest.mark.parametrize("sampler", [GradientEstimation(1.0), Dpmpp2M(), ResMultistep(), UniPc()], ids=str)
def test_the_first_step_is_eulers(sampler: Sampler) -> None:
    sigmas = Sigmas((1.0, 0.7))
    assert torch.equal(walk(sampler, mixture, noise(), sigmas), walk(Euler(), mixture, noise(), sigmas))


def test_neutral_settings_are_the_plain_method_bit_by_bit() -> None:
    def same(one: Sampler, other: Sampler) -> bool:
        return torch.equal(walk(one, mixture, noise(), even(9)), walk(other, mixture, noise(), even(9)))

    assert same(GradientEstimation(1.0), Euler())
    assert same(Dpmpp2MSde(0.0, 5), Dpmpp2M())
    assert same(Ddim(0.0, 5), Euler())
    assert same(Dpm2Ancestral(0.0, 5), Dpm2())
    assert torch.allclose(
        walk(Lms(1), mixture, noise(), even(9)), walk(Euler(), mixture, noise(), even(9)), rtol=1e-12
    )


def test_rf_solver_is_a_taylor_step() -> None:
    def velocity(latent: Tensor, sigma: float) -> Tensor:
        return (latent - mixture(latent, sigma)) / sigma

    latent, width = noise(), -0.2
    first = velocity(latent, 0.9)
    middle = velocity(latent + width / 2 * first, 0.9 + width / 2)
    taylor = latent + width * first + width**2 / 2 * (middle - first) / (width / 2)
    assert torch.allclose(walk(RfSolver(), mixture, latent, Sigmas((0.9, 0.7))), taylor, rtol=1e-12)


@pytest.mark.parametrize("sampler", [RfSolver(), Heun(), Dpm2()], ids=str)
@pytest.mark.parametrize("power", [0, 1])
def test_velocities_linear_in_time_are_exact(sampler: Sampler, power: int) -> None:
    """The geometric middle of dpm_2 is not the mean, so it is exact for constant velocities only."""

    def denoise(latent: Tensor, sigma: float) -> Tensor:
        return latent - sigma * sigma**power

    end = noise() - 0.9 ** (power + 1) / (power + 1) + 0.5 ** (power + 1) / (power + 1)
    exact = torch.allclose(walk(sampler, denoise, noise(), even(3, 0.9, 0.5)), end, atol=1e-12)
    assert exact or (isinstance(sampler, Dpm2) and power == 1)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_multistep_weights_integrate_polynomials(count: int) -> None:
    visited, following = [0.9, 0.7, 0.62, 0.4][:count], 0.3
    parts = weights(visited, following)
    for power in range(count):
        integral = (following ** (power + 1) - visited[-1] ** (power + 1)) / (power + 1)
        assert sum(part * sigma**power for part, sigma in zip(parts, visited, strict=True)) == pytest.approx(
            integral
        )
    if count == 2:
        assert weights([0.6, 0.5], 0.4) == pytest.approx([0.05, -0.15]), "Adams and Bashforth's"


def test_exponential_weights() -> None:
    """For a denoised sample linear in time, the step's mean lies `lead` after its start."""
    for width in (1e-4, 0.5, 2.0, 40.0):
        times = torch.linspace(0, width, 200_001, dtype=torch.float64)
        weight = torch.exp(times - width)
        mean = torch.trapezoid(weight * times, times) / torch.trapezoid(weight, times)
        assert lead(width) == pytest.approx(mean.item(), rel=1e-5)
    assert lead(math.inf) == math.inf


def linear_in_clock(latent: Tensor, sigma: float) -> Tensor:
    return torch.full_like(latent, 3 + 2 * math.log((1 - sigma) / sigma))


def quadratic_in_clock(latent: Tensor, sigma: float) -> Tensor:
    clock = math.log((1 - sigma) / sigma)
    return torch.full_like(latent, 3 + 2 * clock + 0.7 * clock**2)


@pytest.mark.parametrize(
    ("sampler", "denoise", "exact"),
    [
        (ResMultistep(), linear_in_clock, True),
        (ResMultistep(), quadratic_in_clock, False),
        (Dpmpp2M(), linear_in_clock, False),
    ],
    ids=["res", "res beyond its order", "2m approximates"],
)
def test_exactness_of_one_multistep(sampler: Sampler, denoise: Denoiser, exact: bool) -> None:
    """After a first step, the second of RES is exact for denoised samples linear in log-SNR."""
    levels = Sigmas((0.8, 0.6, 0.35))
    middle = walk(sampler, denoise, noise(), Sigmas(levels.values[:2]))
    end = walk(sampler, denoise, noise(), levels)
    fine = walk(RfSolver(), denoise, middle, even(4000, 0.6, 0.35))
    assert torch.allclose(end, fine, atol=1e-6) == exact


def test_nodes() -> None:
    assert (dpmpp_2m(), dpm_2(), rf_solver(), res_multistep()) == (
        Dpmpp2M(),
        Dpm2(),
        RfSolver(),
        ResMultistep(),
    )
    assert ddim() == Ddim(0.0, 0) and uni_pc(3, "bh1") == UniPc(3, "bh1")
    assert (uni_pc(), gradient_estimation(), lms()) == (UniPc(), GradientEstimation(2.0), Lms(2))

"""Samplers with fresh noise: the distribution they reach, and that a seed settles everything."""

import pytest
import torch

from app.engine.sampling import Sampler
from app.engine.walking.noise import FreshNoise, lowered, renoised, stream
from nodes.samplers.ddim import Ddim
from nodes.samplers.dpm_2_ancestral import Dpm2Ancestral
from nodes.samplers.dpmpp_2m import Dpmpp2M
from nodes.samplers.dpmpp_2m_sde import Dpmpp2MSde, dpmpp_2m_sde
from nodes.samplers.dpmpp_2s_ancestral import Dpmpp2SAncestral, dpmpp_2s_ancestral
from nodes.samplers.dpmpp_3m_sde import Dpmpp3MSde, dpmpp_3m_sde
from nodes.samplers.dpmpp_sde import DpmppSde, dpmpp_sde
from nodes.samplers.er_sde import ErSde, er_sde
from nodes.samplers.euler import Euler
from nodes.samplers.euler_ancestral import EulerAncestral, euler_ancestral
from nodes.samplers.interpolant_sde import InterpolantSde, interpolant_sde
from nodes.samplers.lcm import Lcm, lcm
from nodes.samplers.sa_solver import SaSolver, sa_solver
from tests.nodes.samplers.closed_form import MEAN, SPREAD, consistency, even, mixture, noise, normal, walk

# sampler, relative error of the standard deviation that is allowed after 100 steps
DISTRIBUTIONS = [
    (EulerAncestral(1.0, 3), 0.05),
    (EulerAncestral(0.5, 3), 0.04),
    (EulerAncestral(1.0, 3, "ComfyUI"), 0.05),
    (Ddim(1.0, 3), 0.05),
    (Dpm2Ancestral(1.0, 3), 0.01),
    (Dpmpp2SAncestral(1.0, 3), 0.01),
    (Dpmpp2SAncestral(0.5, 3), 0.01),
    (Dpmpp2MSde(1.0, 3), 0.015),
    (Dpmpp2MSde(0.5, 3), 0.01),
    (Dpmpp2MSde(1.0, 3, "per picture", "heun"), 0.015),
    (Dpmpp2MSde(1.0, 3, "ComfyUI"), 0.015),
    (InterpolantSde("sigma", 1.0, 3), 0.01),
    (InterpolantSde("sigma", 2.0, 3), 0.01),
    (InterpolantSde("middle", 1.0, 3), 0.015),
    (InterpolantSde("constant", 0.5, 3), 0.02),
    (InterpolantSde("early", 1.0, 3), 0.015),
    (DpmppSde(1.0, 3), 0.04),
    (Dpmpp3MSde(1.0, 3), 0.015),
    (Dpmpp3MSde(0.5, 3), 0.015),
    (ErSde(1, "er-sde-5", 3), 0.05),
    (ErSde(3, "er-sde-5", 3), 0.015),
    (SaSolver(3, 1.0, 3), 0.015),
    (SaSolver(2, 0.5, 3), 0.015),
]
SAMPLERS = [*(sampler for sampler, _ in DISTRIBUTIONS), Lcm(3)]
LARGE = torch.randn(1, 1, 180, 180, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("sampler", "tolerance"), DISTRIBUTIONS, ids=str)
def test_mean_and_spread_come_out_right(sampler: Sampler, tolerance: float) -> None:
    result = walk(sampler, normal, LARGE, even(100))
    assert result.mean().item() == pytest.approx(MEAN, abs=0.01)
    assert result.std().item() == pytest.approx(SPREAD, rel=tolerance)


@pytest.mark.parametrize("steps", [1, 2, 4])
def test_lcm_samples_exactly_from_a_perfect_consistency_model(steps: int) -> None:
    result = walk(Lcm(3), consistency, LARGE, even(steps))
    assert result.mean().item() == pytest.approx(MEAN, abs=0.01)
    assert result.std().item() == pytest.approx(SPREAD, rel=0.01)


@pytest.mark.parametrize("sampler", SAMPLERS, ids=str)
def test_the_same_seed_gives_the_same_result(sampler: Sampler) -> None:
    first, second = (walk(sampler, mixture, noise(2), even(6)) for _ in range(2))
    assert torch.equal(first, second)
    other = type(sampler)(**{**vars(sampler), "seed": 4})
    assert not torch.allclose(first, walk(other, mixture, noise(2), even(6)))


def own_noise(sampler: object) -> bool:
    return getattr(sampler, "noise", "per picture") == "per picture"


@pytest.mark.parametrize("sampler", [sampler for sampler in SAMPLERS if own_noise(sampler)], ids=str)
def test_a_picture_is_the_same_in_any_batch(sampler: Sampler) -> None:
    batch = noise(3)
    whole = walk(sampler, mixture, batch, even(6))
    for count in (1, 2):
        assert torch.allclose(walk(sampler, mixture, batch[:count], even(6)), whole[:count], rtol=1e-12)


def test_rows_get_noise_of_their_own() -> None:
    fresh = FreshNoise(0, torch.zeros(2, 1, 128, 128))
    first, second = fresh(), fresh()
    start = torch.randn(1, 1, 128, 128, generator=torch.Generator().manual_seed(0))
    rows = torch.stack([*first, *second, *start]).flatten(1)
    assert (torch.corrcoef(rows) - torch.eye(5)).abs().max() < 0.03, "and none repeats the start of the run"
    assert first.std().item() == pytest.approx(1, abs=0.02)


def test_streams_differ() -> None:
    seeds = {stream(seed, row) for seed in (0, 1, 2**64 - 1) for row in range(100)}
    assert len(seeds) == 300 and all(0 <= seed < 2**63 for seed in seeds)


def test_without_noise_the_plain_methods_remain_bit_by_bit() -> None:
    plain = walk(Euler(), mixture, noise(), even(9))
    for sampler in (EulerAncestral(0.0, 1), InterpolantSde("sigma", 0.0, 1)):
        assert torch.equal(walk(sampler, mixture, noise(), even(9)), plain)
    assert torch.equal(
        walk(Dpmpp2MSde(0.0, 1), mixture, noise(), even(9)), walk(Dpmpp2M(), mixture, noise(), even(9))
    )


@pytest.mark.parametrize("sampler", SAMPLERS, ids=str)
def test_the_last_step_adds_no_noise(sampler: Sampler) -> None:
    latent = noise()
    result = walk(sampler, normal, latent, even(1, 0.3, 0.0))
    assert torch.allclose(result, normal(latent, 0.3), rtol=1e-12)


@pytest.mark.parametrize("sigma", [1.0, 0.7, 0.3])
def test_walking_down_and_noising_up_keeps_the_level(sigma: float) -> None:
    """Where the picture is known, a step of any eta leaves (1 - s) * picture + s * normal noise."""
    following, picture = sigma / 2, 2.0
    latent = (1 - sigma) * picture + sigma * LARGE
    for eta in (0.0, 0.5, 1.0):
        low = lowered(sigma, following, eta)
        assert 0 <= low <= following and (eta > 0) == (low < following)
        down = latent + (low - sigma) * (latent - picture) / sigma
        up = renoised(down, low, following, FreshNoise(1, LARGE))
        assert up.mean().item() == pytest.approx((1 - following) * picture, abs=0.005)
        assert up.std().item() == pytest.approx(following, rel=0.01)


def test_eta_one_is_the_posterior_of_the_forward_process() -> None:
    sigma, following = 0.6, 0.4
    low = lowered(sigma, following, 1.0)
    ratio, ratio_next = sigma / (1 - sigma), following / (1 - following)
    assert low / (1 - low) == pytest.approx(ratio_next**2 / ratio)
    assert lowered(1.0, 0.5, 1.0) == 0, "from pure noise all of the picture is drawn anew"


def test_nodes() -> None:
    assert euler_ancestral() == EulerAncestral(1.0, 0) and dpmpp_2s_ancestral() == Dpmpp2SAncestral(1.0, 0)
    assert dpmpp_2m_sde(0.5, 7) == Dpmpp2MSde(0.5, 7) and lcm(4) == Lcm(4)
    assert dpmpp_sde() == DpmppSde(1.0, 0) and dpmpp_3m_sde() == Dpmpp3MSde(1.0, 0)
    assert er_sde() == ErSde(3, "er-sde-5", 0) and sa_solver() == SaSolver(3, 1.0, 0)
    assert interpolant_sde() == InterpolantSde("sigma", 1.0, 0)

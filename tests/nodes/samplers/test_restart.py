"""Restart: which levels are visited, that the distribution stays, and that it mends errors."""

import pytest
import torch
from torch import Tensor

from app.engine.sampling import Sampler, Sampling, Sigmas
from nodes.guidance.no_guidance import NoGuidance
from nodes.samplers.dpmpp_2m import Dpmpp2M
from nodes.samplers.euler import Euler
from nodes.samplers.euler_ancestral import EulerAncestral
from nodes.samplers.heun import Heun
from nodes.samplers.restart import Restart, restart
from tests.nodes.samplers.closed_form import MEAN, SPREAD, even, mixture, noise, normal, walk
from tests.tiny.patches import Witness
from tests.tiny.recorder import Recorder
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import build, prompt
from tests.tiny.zoo import noise as noisy

LARGE = torch.randn(1, 1, 180, 180, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def test_levels_and_steps() -> None:
    asked: list[float] = []
    done: list[int] = []

    def denoise(latent: Tensor, sigma: float) -> Tensor:
        asked.append(sigma)
        return normal(latent, sigma)

    sampler, sigmas = restart(Euler(), 2, 0.6, 0.25), Sigmas((1.0, 0.8, 0.6, 0.4, 0.2, 0.0))
    sampler(denoise, noise(), sigmas, lambda step, denoised: done.append(step))
    assert asked == [1.0, 0.8, 0.6, 0.6, 0.6, 0.4, 0.2]
    assert done == list(range(7)) and Restart(Euler(), 2, 0.6, 0.25, 0).steps_through(sigmas) == 7


@pytest.mark.parametrize("sampler", [Euler(), Heun(), Dpmpp2M(), EulerAncestral(1.0, 4)], ids=str)
def test_no_restart_is_the_sampler_alone_bit_by_bit(sampler: Sampler) -> None:
    plain = walk(sampler, mixture, noise(), even(9))
    assert torch.equal(walk(restart(sampler, 0), mixture, noise(), even(9)), plain)
    assert torch.equal(walk(restart(sampler, 3, 0.3, 0.29), mixture, noise(), even(9)), plain)
    assert not torch.allclose(walk(restart(sampler, 1), mixture, noise(), even(9)), plain)


def test_the_distribution_stays() -> None:
    result = walk(restart(Heun(), 3, 0.9, 0.1), normal, LARGE, even(40))
    assert result.mean().item() == pytest.approx(MEAN, abs=0.01)
    assert result.std().item() == pytest.approx(SPREAD, rel=0.02)


def test_errors_of_the_way_so_far_fade() -> None:
    """A latent that starts with far too much noise ends close to the data all the same."""
    spreads = [
        abs(walk(restart(Euler(), times, 0.9, 0.3), normal, 3 * LARGE, even(40)).std().item() - SPREAD)
        for times in (0, 1, 3)
    ]
    assert spreads[0] > 0.9 and max(spreads[1:]) < 0.03


def test_parts_draw_noise_of_their_own_and_batches_stay_apart() -> None:
    sampler = restart(EulerAncestral(1.0, 4), 1, 0.7, 0.2, 5)
    together = walk(sampler, mixture, noise(2), even(8))
    assert torch.allclose(walk(sampler, mixture, noise(2)[:1], even(8)), together[:1], rtol=1e-12)
    assert torch.equal(walk(sampler, mixture, noise(2), even(8)), together)


def test_techniques_see_every_step() -> None:
    model, watcher = build("flux").with_patch(Witness()), Recorder()
    sampling = Sampling(model, NoGuidance(prompt(model)), restart(Euler(), 1, 0.8, 0.3), even(4))
    sampling.walk(noisy(model), watcher)
    (report,) = watcher.reports
    assert [row[0] for row in report["cond"]] == list(range(5))
    assert watcher.steps[-1] == (5, 5)

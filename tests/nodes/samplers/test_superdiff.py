"""SuperDiff on data that are known exactly, and on tiny models."""

import math
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.media import Latent
from app.engine.model import Model
from app.engine.sampling import Denoise, Sigmas
from app.engine.walking.noise import FreshNoise
from app.graph.problem import Refusal
from nodes.samplers.superdiff import Densities, Mode, SuperDiff, superdiff
from nodes.schedules.flow_schedule import flow_schedule
from tests.nodes.samplers.closed_form import even, noise
from tests.tiny import zoo
from tests.tiny.patches import Witness
from tests.tiny.recorder import Recorder
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here

SPREAD = 0.5


def around(mean: float, latent: Tensor, sigma: float) -> Tensor:
    """The denoised sample for data of one normal distribution."""
    keep = 1 - sigma
    return mean + keep * SPREAD**2 / (keep**2 * SPREAD**2 + sigma**2) * (latent - keep * mean)


def world(means: tuple[float, float, float]) -> Denoise:
    """Three prompts, each for data around a mean of its own."""

    def denoise(latent: Tensor, sigma: float) -> Tensor:
        parts = zip(means, latent.chunk(3), strict=True)
        return torch.cat([around(mean, part, sigma) for mean, part in parts])

    return denoise


def solve(
    sampler: SuperDiff, means: tuple[float, float, float], steps: int = 200
) -> tuple[Tensor, Densities]:
    thrice = noise(4).repeat(3, 1, 1, 1)
    return sampler.solve(world(means), thrice, even(steps, 0.99), lambda step, denoised: None)


@pytest.mark.parametrize("lift", [0.0, 40.0])
def test_and_keeps_both_densities_apart_by_the_lift(lift: float) -> None:
    picture, risen = solve(SuperDiff("and", 1.5, 1.0, lift, 3), (-1.0, 1.0, 0.0))
    difference = (risen.second - risen.first).flatten()
    assert difference == pytest.approx(torch.full((4,), lift), abs=0.02 * max(lift, 20))
    if lift == 0:
        assert picture.mean().item() == pytest.approx(0, abs=0.15), "half-way between the prompts' data"


def test_the_densities_are_those_of_the_data() -> None:
    """With one prompt for all, the estimated rise is the true one: between noise and the end of the walk."""
    start, end = 0.99, 0.02
    sampler = SuperDiff("and", 1.0, 1.0, 0.0, 3)
    thrice = noise(4).repeat(3, 1, 1, 1)
    sigmas = Sigmas(tuple(start * (end / start) ** (step / 3000) for step in range(3001)))
    picture, risen = sampler.solve(world((0.7,) * 3), thrice, sigmas, lambda step, denoised: None)

    def log_density(scaled: Tensor, sigma: float) -> Tensor:
        variance = SPREAD**2 + (sigma / (1 - sigma)) ** 2
        each = -((scaled - 0.7) ** 2) / (2 * variance) - 0.5 * torch.tensor(2 * torch.pi * variance).log()
        return each.sum((1, 2, 3))

    true = log_density(picture / (1 - end), end) - log_density(noise(4) / (1 - start), start)
    estimate = risen.first.flatten()
    assert torch.equal(risen.first, risen.second)
    assert (estimate - true).abs().max() < 0.05 * true.abs().max()


def test_or_takes_a_side() -> None:
    picture, _ = solve(SuperDiff("or", 1.0, 5.0, 0.0, 3), (-1.0, 1.0, 0.0))
    sides = picture.mean((1, 2, 3))
    assert (sides.abs() > 0.7).all(), "each picture belongs to one of the prompts"
    mixed, _ = solve(SuperDiff("or", 1.0, 0.0, 0.0, 3), (-1.0, 1.0, 0.0))
    assert mixed.mean().item() == pytest.approx(0, abs=0.15), "temperature 0 is half of each"


def test_the_second_prompt_may_have_a_model_of_its_own() -> None:
    model, twin, tuned = (
        replace(zoo.build("flux"), module=deepcopy(zoo.build("flux").module)) for _ in "abc"
    )
    tuned.module.load_state_dict({name: 1.1 * value for name, value in model.module.state_dict().items()})
    one, two, none = (zoo.prompt(model, seed=seed) for seed in (2, 3, 4))
    latent = Latent(torch.zeros_like(zoo.noise(model)), "flux")

    reports: list[list[set[str]]] = []

    def run(second_model: Model | None) -> Tensor:
        watcher, sigmas = Recorder(), flow_schedule(6)
        made = superdiff(watcher, model, one, two, none, sigmas, latent, seed=1, second_model=second_model)
        reports.append([set(report) for report in watcher.reports])
        return made.samples

    assert torch.equal(run(twin), run(None)), "twice the same model is one model"
    assert not torch.allclose(run(tuned), run(None))
    run(tuned.with_patch(Witness()))
    assert reports[-1] == [{"technique", "second"}]
    with pytest.raises(Refusal, match="the same weights"):
        run(model.with_patch(Witness()))
    with pytest.raises(Refusal, match="The models are flux with 4 channels and sd3"):
        run(zoo.build("sd3"))


@dataclass(frozen=True)
class Reverse:
    """The reverse equation under one prompt, by Euler and Maruyama, written out on its own."""

    guidance_scale: float
    seed: int

    def __call__(self, asks: tuple[float, float], latent: Tensor, levels: Sequence[float]) -> Tensor:
        fresh, scaled = FreshNoise(self.seed, latent), latent / (1 - levels[0])
        for sigma, following in pairwise(levels):
            prompted, empty = (around(mean, (1 - sigma) * scaled, sigma) for mean in asks)
            guided = empty + self.guidance_scale * (prompted - empty)
            here, ahead = sigma / (1 - sigma), following / (1 - following)
            slope = (scaled - guided) / here
            if following == 0:
                scaled = scaled - here * slope
            else:
                scaled = scaled - 2 * (here - ahead) * slope + math.sqrt(2 * (here - ahead) * here) * fresh()
        return (1 - levels[-1]) * scaled


@pytest.mark.parametrize("guidance_scale", [1.0, 4.0])
@pytest.mark.parametrize("mode", ["and", "or"])
def test_the_same_prompt_twice_is_guidance_by_one(mode: Mode, guidance_scale: float) -> None:
    """What takes the place of a neutral value: whatever the mode, the lift and the temperature."""
    results = [
        solve(SuperDiff(mode, guidance_scale, temperature, lift, 3), (0.7, 0.7, 0.1), 12)[0]
        for temperature, lift in ((0.0, 0.0), (5.0, 40.0))
    ]
    assert torch.equal(*results)
    alone = Reverse(guidance_scale, 3)((0.7, 0.1), noise(4), even(12, 0.99).values)
    assert torch.allclose(results[0], alone, rtol=1e-9)


@pytest.mark.parametrize("mode", ["and", "or"])
def test_a_batch_of_two_is_two_of_one(mode: Mode) -> None:
    """Rows draw noise by their number, so each picture stands first once."""
    sampler, latent, denoise = SuperDiff(mode, 2.0, 3.0, 10.0, 3), noise(2), world((-1.0, 1.0, 0.0))

    def first(pictures: Tensor) -> tuple[Tensor, Tensor]:
        end, risen = sampler.solve(
            denoise, pictures.repeat(3, 1, 1, 1), even(9, 0.99), lambda step, denoised: None
        )
        return end[:1], risen.second[:1]

    for pictures in (latent, latent.flip(0)):
        for together, alone in zip(first(pictures), first(pictures[:1]), strict=True):
            assert torch.allclose(together, alone, rtol=1e-12)


@pytest.mark.parametrize("mode", ["and", "or"])
def test_whole_runs(mode: Mode) -> None:
    model = zoo.build("flux")
    one, two, empty = (zoo.prompt(model, seed=seed) for seed in (2, 3, 4))
    latent = Latent(torch.zeros_like(zoo.noise(model, batch=2)), "flux")

    def run(first: Conditioning, second: Conditioning, empty: Conditioning, seed: int = 1) -> Tensor:
        sigmas = flow_schedule(8)
        return superdiff(Recorder(), model, first, second, empty, sigmas, latent, mode, seed=seed).samples

    first = run(one, two, empty)
    assert first.shape == latent.samples.shape and first.isfinite().all()
    assert torch.equal(first, run(one, two, empty)) and not torch.allclose(
        first, run(one, two, empty, seed=2)
    )
    assert run(one, one, empty).isfinite().all(), "equal prompts divide nothing by 0"

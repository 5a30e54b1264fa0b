"""Restart: go back up to a noisier level with fresh noise and walk down again, which mends what went wrong.

Each part of the way is sampled by the given sampler, which begins anew there; one that draws noise gets
another seed in each part.

Reference: Xu et al., Restart Sampling for Improving Generative Processes (2023), https://arxiv.org/abs/2306.14878
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any

from torch import Tensor

from app.engine.sampling import Denoise, OnStep, Sampler, Sigmas
from app.engine.walking.noise import FreshNoise, renoised
from app.graph.node import node
from app.graph.widgets import Number, Seed, Slider


@dataclass(frozen=True)
class Restart:
    """The sampler's own evaluations, once more for each time and each step of the part that is repeated."""

    sampler: Sampler
    times: int
    high: float
    low: float
    seed: int

    def __call__(self, denoise: Denoise, latent: Tensor, sigmas: Sigmas, on_step: OnStep) -> Tensor:
        noise, done = FreshNoise(self.seed, latent), 0
        before: Sigmas | None = None
        for number, part in enumerate(self.parts(sigmas)):
            if before is not None and part.values[0] > before.values[-1]:
                latent = renoised(latent, before.values[-1], part.values[0], noise)

            def on_part(step: int, denoised: Tensor, done: int = done) -> None:
                on_step(done + step, denoised)

            latent = reseeded(self.sampler, number)(denoise, latent, part, on_part)
            before, done = part, done + part.steps
        return latent

    def steps_through(self, sigmas: Sigmas) -> int:
        """Return how many steps it takes in all."""
        return sum(part.steps for part in self.parts(sigmas))

    def parts(self, sigmas: Sigmas) -> Iterator[Sigmas]:
        """Yield the schedule down to the low level, the part above it as often as wanted, and the rest."""
        inside = [at for at, sigma in enumerate(sigmas.values) if self.high >= sigma >= max(self.low, 1e-9)]
        if self.times == 0 or len(inside) < 2:
            yield sigmas
            return
        first, last = inside[0], inside[-1]
        yield replace(sigmas, values=sigmas.values[: last + 1])
        for _ in range(self.times):
            yield replace(sigmas, values=sigmas.values[first : last + 1])
        if last < sigmas.steps:
            yield replace(sigmas, values=sigmas.values[last:])


def reseeded(sampler: Any, number: int) -> Sampler:
    """Return a sampler with noise of its own for each part, if it draws any."""
    own: Sampler = replace(sampler, seed=sampler.seed + number) if hasattr(sampler, "seed") else sampler
    return own


@node()
def restart(
    sampler: Sampler,
    times: Annotated[int, Number(0, 20)] = 1,
    high: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 0.6,
    low: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 0.2,
    seed: Annotated[int, Seed()] = 0,
) -> Sampler:
    """Let a sampler walk through a part of the schedule more than once, with fresh noise in between.

    Args:
        sampler: How to walk; one without noise of its own is usual.
        times: How often to go back; 0 is the sampler alone.
        high: The level to go back up to, or the next one of the schedule below it.
        low: The level to go back from, or the next one of the schedule above it.
        seed: Which fresh noise to add. It is drawn apart from the noise that the run starts from.
    """
    return Restart(sampler, times, high, low, seed)

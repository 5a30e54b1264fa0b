"""A Brownian path that depends on its seed only, whatever is asked of it and in which order.

The path over an interval is halved again and again, down to steps of a millionth: a half's increment follows
from the whole's by Levy's bridge, with noise from a seed that says which half of which half it is. That gives
the numbers of torchsde's BrownianTree, which k-diffusion's samplers of stochastic equations draw from.

Reference: Li et al., Scalable Gradients for Stochastic Differential Equations (2020), https://arxiv.org/abs/2001.01328
Reference: Kidger et al., Efficient and Accurate Gradients for Neural SDEs (2021), https://arxiv.org/abs/2105.13493
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from app.engine.sampling import Sigmas
from app.engine.walking.noise import FreshNoise

SdeNoise = Literal["per picture", "ComfyUI", "ComfyUI, GPU"]
"""A stream for each picture of a batch, or noise and steps of ComfyUI's samplers, or of its `_gpu` ones."""
StepNoise = Callable[[float, float], Tensor]
"""(noise level, the following one) -> standard normal noise for that step."""
DIGITS = 6  # of a time; halving ends there
POOL = 24  # words of entropy that seeds are mixed from


def step_noise(noise: SdeNoise, seed: int, latent: Tensor, sigmas: Sigmas) -> StepNoise:
    """Return what draws noise like `latent` (B, ...) for steps through a schedule."""
    if noise == "per picture":
        fresh = FreshNoise(seed, latent)
        return lambda sigma, following: fresh()
    return BrownianNoise(seed, latent, sigmas, on_device=noise == "ComfyUI, GPU")


@dataclass(frozen=True)
class Span:
    """A part of the path: its ends, its number among those of its depth, how often the path was halved."""

    start: float
    end: float
    number: int = 0
    depth: int = 0

    def halves(self) -> tuple[Span, Span]:
        middle, depth = round(0.5 * (self.end + self.start), DIGITS), self.depth + 1
        return Span(self.start, middle, 2 * self.number, depth), Span(
            middle, self.end, 2 * self.number + 1, depth
        )


class BrownianTree:
    """The path of a seed from `start` to `end`, for tensors like `like` (B, ...) on its device."""

    def __init__(self, like: Tensor, start: float, end: float, seed: int) -> None:
        self.like, self.seed = like, seed
        self.whole = Span(round(start, DIGITS), round(end, DIGITS))
        first = np.random.SeedSequence(entropy=seed, pool_size=POOL).generate_state(3)[0]
        self.increments = {self.whole: self.noise(first) * sqrt(end - start)}

    def between(self, start: float, end: float) -> Tensor:
        """Return how far the path goes from one time to a later one; keeps what it needed for that."""
        start, end = round(start, DIGITS), round(end, DIGITS)
        kept = {self.whole: self.increments[self.whole]}
        parts = list(self.parts(self.whole, start, end, kept))
        self.increments = kept
        return sum(parts[1:], parts[0])

    def parts(self, span: Span, start: float, end: float, kept: dict[Span, Tensor]) -> Iterator[Tensor]:
        """Yield the increments of the largest parts of `span` that make up the time asked for."""
        if (start, end) == (span.start, span.end):
            yield kept[span]
            return
        left, right = span.halves()
        if left not in kept:
            kept[left] = self.left_increment(span, left.end, kept[span])
            kept[right] = kept[span] - kept[left]
        if start < left.end:
            yield from self.parts(left, start, min(end, left.end), kept)
        if end > left.end:
            yield from self.parts(right, max(start, left.end), end, kept)

    def left_increment(self, span: Span, middle: float, increment: Tensor) -> Tensor:
        """Return the increment of a part's first half: its share of the whole one, and noise of its own."""
        left = span.halves()[0]
        if left in self.increments:
            return self.increments[left]
        before, after, whole = middle - span.start, span.end - middle, 1 / (span.end - span.start)
        seeds = np.random.SeedSequence(
            entropy=self.seed, spawn_key=(span.number, span.depth), pool_size=POOL
        ).generate_state(4)
        return before * increment * whole + sqrt(before * after * whole) * self.noise(seeds[0])

    def noise(self, seed: int) -> Tensor:
        random = torch.Generator(self.like.device).manual_seed(int(seed))
        return torch.randn(self.like.shape, generator=random, device=self.like.device)


class BrownianNoise:
    """Standard normal noise for a step: the increment of a path over noise levels, by the root of its length.

    Steps that overlap have noise in common, and halving the steps refines the same path.
    """

    def __init__(self, seed: int, latent: Tensor, sigmas: Sigmas, *, on_device: bool) -> None:
        levels = [sigma for sigma in sigmas.values if sigma > 0] or [0.0]
        self.latent = latent
        like = torch.empty(latent.shape, device=latent.device if on_device else "cpu")
        self.tree = BrownianTree(like, single(levels[-1]), single(levels[0]), seed % 2**64)

    def __call__(self, sigma: float, following: float) -> Tensor:
        """Return noise like the latent for a step from a level to a lower one."""
        start, end = single(following), single(sigma)
        return -self.tree.between(start, end).to(self.latent) / sqrt(end - start)


def single(value: float) -> float:
    """Return a number as precise as single precision has it: times of the path are counted so."""
    return float(np.float32(value))

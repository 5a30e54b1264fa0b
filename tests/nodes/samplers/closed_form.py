"""Denoisers that are known exactly, so that samplers can be held against the exact result."""

import math
from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

from app.engine.sampling import Sampler, Sigmas
from nodes.samplers.rf_solver import RfSolver

MEAN, SPREAD = 2.0, 0.5
Denoiser = Callable[[Tensor, float], Tensor]


def normal(latent: Tensor, sigma: float) -> Tensor:
    """The denoised sample for data of one normal distribution."""
    keep = 1 - sigma
    return MEAN + keep * SPREAD**2 / (keep**2 * SPREAD**2 + sigma**2) * (latent - keep * MEAN)


def path(noise: Tensor, sigma: float) -> Tensor:
    """Where the flow of `normal` carries noise to."""
    return (1 - sigma) * MEAN + math.sqrt((1 - sigma) ** 2 * SPREAD**2 + sigma**2) * noise


def consistency(latent: Tensor, sigma: float) -> Tensor:
    """What a perfectly distilled model answers for the data of `normal`: the end of the latent's path."""
    return path((latent - (1 - sigma) * MEAN) / math.sqrt((1 - sigma) ** 2 * SPREAD**2 + sigma**2), 0.0)


def mixture(latent: Tensor, sigma: float) -> Tensor:
    """The denoised sample for data of two normal distributions: nothing cancels by chance."""
    keep = 1 - sigma
    parts = []
    for mean, spread, share in ((-1.0, 0.5, 0.4), (1.5, 0.7, 0.6)):
        variance = keep**2 * spread**2 + sigma**2
        weight = share / math.sqrt(variance) * torch.exp(-((latent - keep * mean) ** 2) / (2 * variance))
        parts.append((weight, mean + keep * spread**2 / variance * (latent - keep * mean)))
    return sum(weight * denoised for weight, denoised in parts) / sum(weight for weight, _ in parts)


def even(steps: int, start: float = 1.0, end: float = 0.0) -> Sigmas:
    return Sigmas(tuple(start + (end - start) * step / steps for step in range(steps + 1)))


def noise(pictures: int = 1, seed: int = 0) -> Tensor:
    """(B, 1, 8, 8) standard normal."""
    return torch.randn(pictures, 1, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def walk(sampler: Sampler, denoise: Denoiser, latent: Tensor, sigmas: Sigmas) -> Tensor:
    return sampler(denoise, latent, sigmas, lambda step, denoised: None)


@cache
def fine(start: float, end: float) -> Tensor:
    """The end of the flow of `mixture`, from steps so small that they count as exact."""
    return walk(RfSolver(), mixture, noise(), even(2000, start, end))


def order(sampler: Sampler, start: float = 0.95, end: float = 0.2, steps: int = 64) -> float:
    """Measure how the error falls when the steps are halved: 1 for half, 2 for a quarter."""
    errors = [
        (walk(sampler, mixture, noise(), even(count, start, end)) - fine(start, end))
        .pow(2)
        .mean()
        .sqrt()
        .item()
        for count in (steps, 2 * steps)
    ]
    return math.log2(errors[0] / errors[1])

"""Fresh noise for samplers that add some while they walk, and how much of it a step takes."""

from __future__ import annotations

from hashlib import blake2b
from math import sqrt

import torch
from torch import Tensor


def starting_noise(samples: Tensor, seed: int, *, row_seeds: bool = False) -> Tensor:
    """Return the noise (B, ...) that a run of latents like `samples` starts from.

    It is drawn on the CPU, so it is the same on every machine: in one go for the whole batch, or with
    `row_seeds` from the seeds seed, seed + 1, ... so that each picture is that of a single run.
    """
    if row_seeds:
        return torch.cat([starting_noise(samples[:1], seed + row) for row in range(len(samples))])
    random = torch.Generator("cpu").manual_seed(seed % 2**64)
    return torch.randn(samples.shape, generator=random)


class FreshNoise:
    """Draws standard normal noise like `latent` (B, ...), one tensor a call.

    Every picture of the batch has a stream of its own, which depends on the seed and its row only: a picture
    stays the same whatever the size of the batch, and no stream repeats the noise that a run starts from.
    """

    def __init__(self, seed: int, latent: Tensor) -> None:
        self.latent = latent
        self.streams = [torch.Generator("cpu").manual_seed(stream(seed, row)) for row in range(len(latent))]

    def __call__(self) -> Tensor:
        rows = [torch.randn(self.latent.shape[1:], generator=random) for random in self.streams]
        return torch.stack(rows).to(self.latent)


def stream(seed: int, row: int) -> int:
    """Return the seed of one row's stream; close seeds give unrelated ones."""
    return int.from_bytes(blake2b(f"fresh noise {seed} {row}".encode(), digest_size=7).digest())


def lowered(sigma: float, following: float, eta: float) -> float:
    """Return the noise level to walk down to before `renoised` leads up to `following`.

    With x = (1 - sigma) * picture + sigma * noise and r = sigma / (1 - sigma), the lower level keeps
    r_low^2 = r_f^2 - eta^2 * r_f^2 * (1 - r_f^2 / r^2): eta 1 is the posterior of the forward process, eta 0
    adds no noise.
    """
    if eta == 0 or following == 0:
        return following
    ratio = following / (1 - following)
    fall = ratio * (1 - sigma) / sigma
    low = ratio * sqrt(1 - eta**2 * (1 - fall**2))
    return low / (1 + low)


def renoised(latent: Tensor, low: float, following: float, noise: FreshNoise) -> Tensor:
    """Bring a latent from noise level `low` up to `following` by adding fresh noise."""
    if low == following:
        return latent
    keep = (1 - following) / (1 - low)
    return keep * latent + sqrt(max(0.0, following**2 - (keep * low) ** 2)) * noise()

"""Fresh noise for samplers that add some while they walk, and how much of it a step takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b
from math import sqrt
from typing import Literal

import torch
from torch import Tensor

Noise = Literal["per picture", "ComfyUI"]
"""A stream for each picture of a batch, or the noise and the steps of ComfyUI."""
Draw = Callable[[], Tensor]


def fresh_noise(noise: Noise, seed: int, latent: Tensor) -> Draw:
    """Return what draws standard normal noise like `latent` (B, ...), one tensor a call."""
    return FreshNoise(seed, latent) if noise == "per picture" else BatchNoise(seed, latent)


def starting_noise(
    samples: Tensor, seed: int, *, row_seeds: bool = False, rows: Sequence[int] = ()
) -> Tensor:
    """Return the noise (B, ...) that a run of latents like `samples` starts from.

    It is drawn on the CPU, so it is the same on every machine: in one go for the whole batch, or with
    `row_seeds` from the seeds seed, seed + 1, ... so that each picture is that of a single run. With `rows`
    the pictures get the noise of these pictures of a batch.
    """
    rows = list(rows or range(len(samples)))
    if row_seeds:
        return torch.cat([starting_noise(samples[:1], seed + row) for row in rows])
    random = torch.Generator("cpu").manual_seed(seed % 2**64)
    return torch.randn((max(rows) + 1, *samples.shape[1:]), generator=random)[rows]


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


class BatchNoise:
    """Draws standard normal noise like `latent` (B, ...) as k-diffusion's samplers get it in ComfyUI.

    The whole batch shares one stream of the latent's device. On the CPU its seed is one higher, since the
    seed itself has made the noise that the run starts from.
    """

    def __init__(self, seed: int, latent: Tensor) -> None:
        self.latent = latent
        own = seed + 1 if latent.device.type == "cpu" else seed
        self.stream = torch.Generator(latent.device).manual_seed(own % 2**64)

    def __call__(self) -> Tensor:
        return torch.randn(
            self.latent.shape, generator=self.stream, device=self.latent.device, dtype=self.latent.dtype
        )


def stream(seed: int, row: int) -> int:
    """Return the seed of one row's stream; close seeds give unrelated ones."""
    return int.from_bytes(blake2b(f"fresh noise {seed} {row}".encode(), digest_size=7).digest())


def lowered(sigma: float, following: float, eta: float, noise: Noise = "per picture") -> float:
    """Return the noise level to walk down to before `renoised` leads up to `following`.

    ComfyUI's rule for flow models lowers the level itself, by eta times the share that the step takes of it.
    Ours is that of DDIM: with x = (1 - sigma) * picture + sigma * noise and r = sigma / (1 - sigma), the
    lower level keeps r_low^2 = r_f^2 - eta^2 * r_f^2 * (1 - r_f^2 / r^2): eta 1 is the posterior of the
    forward process, eta 0 adds no noise.
    """
    if eta == 0 or following == 0:
        return following
    if noise == "ComfyUI":
        return following * (1 + (following / sigma - 1) * eta)
    ratio = following / (1 - following)
    fall = ratio * (1 - sigma) / sigma
    low = ratio * sqrt(1 - eta**2 * (1 - fall**2))
    return low / (1 + low)


def renoised(latent: Tensor, low: float, following: float, noise: Draw) -> Tensor:
    """Bring a latent from noise level `low` up to `following` by adding fresh noise."""
    if low == following:
        return latent
    keep = (1 - following) / (1 - low)
    return keep * latent + sqrt(max(0.0, following**2 - (keep * low) ** 2)) * noise()

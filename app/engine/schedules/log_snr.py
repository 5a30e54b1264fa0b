"""The clock of the DPM family of samplers: half the logarithm of the signal-to-noise ratio.

On x = (1 - sigma) * picture + sigma * noise it is log((1 - sigma) / sigma): minus infinity at pure noise and
infinity at the picture. Between two levels the exact path is
x_to = (s_to / s_from) * x_from + (1 - s_to / s_from) * D for a constant denoised sample D, at both ends too.
"""

from __future__ import annotations

from math import exp, inf, log
from typing import Literal

from torch import Tensor

Clock = Literal["signal-to-noise", "noise level"]


def time_at(sigma: float, clock: Clock) -> float:
    """Return the time at a noise level: half the log-SNR, or minus the logarithm of the level itself.

    The second is right for x = picture + sigma * noise; ComfyUI uses it for some samplers on every path.
    """
    if clock == "signal-to-noise":
        return log_snr(sigma)
    return -log(sigma) if sigma > 0 else inf


def log_snr(sigma: float) -> float:
    """Return the clock at a noise level from 1 to 0."""
    if sigma >= 1:
        return -inf
    return log((1 - sigma) / sigma) if sigma > 0 else inf


def sigma_at(clock: float) -> float:
    """Return the noise level at a time of the clock."""
    return 1 / (1 + exp(clock)) if clock < 700 else 0.0


def constant_step(latent: Tensor, denoised: Tensor, sigma: float, following: float) -> Tensor:
    """Go from one noise level to the next as if the denoised sample stayed as it is: Euler's step."""
    return latent + (following - sigma) * (latent - denoised) / sigma

"""The difference between what two runs of a document made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log10
from statistics import fmean

from app.engine.imaging import metrics
from app.measure.trial import Trial
from app.measure.variants import NothingToCompare


@dataclass(frozen=True)
class Quality:
    """How near a run came to another one: PSNR (dB), SSIM (1 is equal), latent error (0 is equal)."""

    psnr: float
    ssim: float
    latent_error: float

    @staticmethod
    def mean(of: Sequence[Quality]) -> Quality:
        """Return the mean; of PSNR by its error, so that one perfect picture does not hide the others."""
        errors = fmean(10 ** (-entry.psnr / 10) for entry in of)
        psnr = inf if errors == 0 else -10 * log10(errors)
        return Quality(psnr, fmean(entry.ssim for entry in of), fmean(entry.latent_error for entry in of))


def quality(trial: Trial, reference: Trial) -> Quality:
    """Compare the pictures and sampled latents of two runs of the same document."""
    latents = [
        metrics.latent_error(one.samples, other.samples)
        for one, other in zip(trial.latents, reference.latents, strict=True)
    ]
    pictures = list(zip(trial.images, reference.images, strict=True))
    if not latents or not pictures:
        raise NothingToCompare(
            "the workflow samples no latent or shows no picture; add a sample and a decode node."
        )
    return Quality.mean(
        [
            Quality(metrics.psnr(one, other), metrics.ssim(one, other), fmean(latents))
            for one, other in pictures
        ]
    )

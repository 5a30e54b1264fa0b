"""The sampling loop: noise, steps, guidance branches, progress and previews."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from time import monotonic
from typing import Any, Protocol

import torch
from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.installation import open_run
from app.engine.media import Latent
from app.engine.model import Model
from app.engine.prediction import ModelInput
from app.engine.preview import jpeg
from app.engine.run import Run
from app.graph.problem import Refusal

PREVIEW_PAUSE = 0.1  # seconds between previews: more often than anybody can see costs time

Denoise = Callable[[Tensor, float], Tensor]
"""(noisy latent, sigma) -> denoised sample."""
OnStep = Callable[[int, Tensor], None]
"""(index of the step just done, its denoised sample) -> nothing."""


@dataclass(frozen=True)
class Sigmas:
    """A schedule: the noise levels to visit, from noise (1 at most) to picture (0), one more than steps."""

    values: tuple[float, ...]

    def __post_init__(self) -> None:
        falling = all(before > after for before, after in pairwise(self.values))
        if not self.values or not falling or self.values[0] > 1 or self.values[-1] < 0:
            shown = ", ".join(f"{value:g}" for value in self.values)
            raise Refusal(
                f"Sigmas must fall, from 1 at most to 0 at least; these are: {shown}.",
                "Make them with a schedule node.",
                code="bad_sigmas",
                input="sigmas",
            )

    @property
    def steps(self) -> int:
        return len(self.values) - 1

    def pairs(self) -> Iterator[tuple[int, float, float]]:
        """Yield (step, sigma, following sigma)."""
        for index, (sigma, following) in enumerate(pairwise(self.values)):
            yield index, sigma, following


class Sampler(Protocol):
    """Walks from noise to picture; a frozen dataclass whose fields are its parameters."""

    def __call__(self, denoise: Denoise, latent: Tensor, sigmas: Sigmas, on_step: OnStep) -> Tensor:
        """Return the latent at the last sigma. Calls `on_step` once at the end of each step."""


class Branch(Protocol):
    """Asks the transformer; the name keeps what techniques remember for one branch apart from the others."""

    def __call__(self, latent: Tensor, sigma: float, conditioning: Conditioning, name: str) -> Tensor:
        """Return the denoised sample under `conditioning`."""


class Guider(Protocol):
    """Combines branches into one denoised sample; a frozen dataclass that holds their conditionings."""

    def __call__(self, branch: Branch, latent: Tensor, sigma: float) -> Tensor:
        """Return the guided denoised sample."""


class Watcher(Protocol):
    """Whoever wants to know how far a run is; a node's Context is one."""

    def progress(self, step: int, steps: int) -> None:
        """Take note that `step` of `steps` are done; may raise `Cancelled`."""

    def preview(self, jpeg: bytes) -> None:
        """Take a picture of the work so far."""

    def report(self, report: Mapping[str, Any]) -> None:
        """Take what a technique did."""


@dataclass(frozen=True, eq=False)
class Sampling:
    """One sampling run, described."""

    model: Model
    guider: Guider
    sampler: Sampler
    sigmas: Sigmas

    def run(self, latent: Latent, seed: int, watcher: Watcher) -> Latent:
        """Mix `latent` with noise as far as the first sigma says, and sample from there."""
        self.refuse_foreign(latent)
        clean = latent.samples.float()
        random = torch.Generator("cpu").manual_seed(seed)  # on the CPU: the same noise on every machine
        noise = torch.randn(clean.shape, generator=random)
        start = self.sigmas.values[0]
        return Latent(self.walk((1 - start) * clean + start * noise, watcher), latent.family)

    @torch.no_grad()
    def walk(self, noisy: Tensor, watcher: Watcher) -> Tensor:
        """Sample from a latent as noisy as the first sigma says. Techniques report even when cancelled."""
        with open_run(self.model) as run:
            walk = Walk(self, run, watcher)
            try:
                samples = self.sampler(walk.denoise, noisy.to(self.model.device), self.sigmas, walk.on_step)
            finally:
                for report in run.reports():
                    watcher.report(report)
        watcher.progress(self.sigmas.steps, self.sigmas.steps)
        return samples.cpu()

    def refuse_foreign(self, latent: Latent) -> None:
        family, channels = self.model.family.name, self.model.channels
        if latent.family != family or latent.samples.shape[1] != channels:
            raise Refusal(
                f"The latent is for {latent.family} with {latent.samples.shape[1]} channels; "
                f"the model is {family} and needs {channels}.",
                "Connect an Empty latent for the same model.",
                code="family_mismatch",
                input="latent",
            )


class Walk:
    """Where a sampling run is: counts steps and evaluations, so that samplers and techniques need not."""

    def __init__(self, sampling: Sampling, run: Run, watcher: Watcher) -> None:
        self.sampling, self.run, self.watcher = sampling, run, watcher
        self.index = self.evaluation = 0
        self.previewed = monotonic() - PREVIEW_PAUSE

    def denoise(self, latent: Tensor, sigma: float) -> Tensor:
        """Answer the sampler: the guided denoised sample. Stops here when the user cancelled."""
        self.watcher.progress(self.index, self.sampling.sigmas.steps)
        denoised = self.sampling.guider(self.branch, latent, sigma)
        self.evaluation += 1
        return denoised

    def branch(self, latent: Tensor, sigma: float, conditioning: Conditioning, name: str) -> Tensor:
        """Answer the guider: what the patched transformer says in one branch."""
        refuse_foreign_text(conditioning, self.sampling.model)
        given = ModelInput(latent, sigma, conditioning.for_batch(len(latent)))
        total = self.sampling.sigmas.steps
        return self.run(given, index=self.index, total=total, evaluation=self.evaluation, branch=name)

    def on_step(self, index: int, denoised: Tensor) -> None:
        self.index, self.evaluation = index + 1, 0
        now = monotonic()
        if now - self.previewed >= PREVIEW_PAUSE or self.index == self.sampling.sigmas.steps:
            model = self.sampling.model
            self.watcher.preview(jpeg(denoised, model.preview, model.family.latent.downscale))
            self.previewed = now


def refuse_foreign_text(conditioning: Conditioning, model: Model) -> None:
    if conditioning.family != model.family.name:
        raise Refusal(
            f"The prompt was encoded for {conditioning.family}, the model is {model.family.name}.",
            "Encode it with the text encoder that comes with the model.",
            code="family_mismatch",
            input="guider",
        )

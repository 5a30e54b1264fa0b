"""The sampling loop: noise, steps, guidance branches, progress and previews."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import pairwise
from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.installation import open_run
from app.engine.latents.inpainting import Inpainting, inpainting
from app.engine.media import Latent
from app.engine.model import Model
from app.engine.step import Place
from app.engine.walking.noise import starting_noise
from app.engine.walking.savepoint import Journal, Savepoint
from app.engine.walking.walk import Walk
from app.graph.problem import Refusal

Denoise = Callable[[Tensor, float], Tensor]
"""(noisy latent, sigma) -> denoised sample."""
OnStep = Callable[[int, Tensor], None]
"""(index of the step just done, its denoised sample) -> nothing."""
NEARLY_NOISE = 1e-4  # share of a schedule after which levels count as below pure noise


@dataclass(frozen=True)
class Sigmas:
    """A schedule: the noise levels to visit, from noise (1 at most) to picture (0), one more than steps.

    Attributes:
        values: The levels, falling; or rising, from above 0, for a walk from a picture to its noise.
        shift: How far the model's own schedule is moved towards noise; the run sets it.
    """

    values: tuple[float, ...]
    shift: float = 1.0

    def __post_init__(self) -> None:
        if fault := self.fault():
            raise Refusal(*fault, code="bad_sigmas", input="sigmas")

    def fault(self) -> tuple[str, str] | None:
        """Return what is wrong with the levels and what to do about it."""
        if not self.values:
            return "There are no noise levels.", "Give at least two, such as 1, 0.5, 0."
        outside = [value for value in self.values if not 0 <= value <= 1]
        if outside:
            return (
                f"A noise level of {outside[0]:g} lies outside of 1 (noise) to 0 (picture).",
                "A sigma of models that begin at 14.6 is sigma / (1 + sigma) here; decimals have a point.",
            )
        if self.rising and self.values[0] == 0:
            return (
                "A walk from a picture to its noise cannot begin at noise level 0.",
                "Begin just above, at 0.0001, or turn a falling schedule round with Flip sigmas.",
            )
        wrong = [] if self.rising else [pair for pair in pairwise(self.values) if pair[0] <= pair[1]]
        if wrong:
            return (
                f"Noise levels must fall, but {wrong[0][0]:g} is followed by {wrong[0][1]:g}.",
                "Leave out the levels that do not fall, or make them with a schedule node.",
            )
        return None

    @property
    def steps(self) -> int:
        return len(self.values) - 1

    @property
    def rising(self) -> bool:
        """Whether it leads from picture to noise."""
        return self.steps > 0 and all(before < after for before, after in pairwise(self.values))

    def level_at(self, share: float) -> float:
        """Return the noise level after a share of the model's own schedule, 0 (noise) to 1 (picture)."""
        return self.shift * (1 - share) / (1 + (self.shift - 1) * (1 - share))

    def below_noise(self) -> Sigmas:
        """Return it with a first level just below pure noise, for clocks that have no time there."""
        if self.steps == 0 or self.values[0] < 1:
            return self
        return replace(self, values=(self.level_at(NEARLY_NOISE), *self.values[1:]))

    def pairs(self) -> Iterator[tuple[int, float, float]]:
        """Yield (step, sigma, following sigma)."""
        for index, (sigma, following) in enumerate(pairwise(self.values)):
            yield index, sigma, following


class Sampler(Protocol):
    """Walks from noise to picture; a frozen dataclass whose fields are its parameters."""

    def __call__(self, denoise: Denoise, latent: Tensor, sigmas: Sigmas, on_step: OnStep) -> Tensor:
        """Return the latent at the last sigma. Calls `on_step` once at the end of each step."""


@runtime_checkable
class Repeating(Protocol):
    """A sampler that goes through the schedule, or a part of it, more than once; its steps count on."""

    def steps_through(self, sigmas: Sigmas) -> int:
        """Return how many steps it takes in all."""


@runtime_checkable
class Reversible(Protocol):
    """A sampler that walks from picture to noise as well, when the schedule rises."""

    @property
    def both_ways(self) -> bool: ...


class Branch(Protocol):
    """Asks the transformer; the name keeps what techniques remember for one branch apart from the others.

    Attributes:
        place: The step and evaluation under way.
        memory: What the guider keeps from step to step, under names of its own; empty when a run starts.
    """

    @property
    def place(self) -> Place: ...

    @property
    def memory(self) -> dict[str, Tensor]: ...

    def __call__(self, latent: Tensor, sigma: float, conditioning: Conditioning, name: str) -> Tensor:
        """Return the denoised sample under `conditioning`."""


class Guider(Protocol):
    """Combines branches into one denoised sample; a frozen dataclass that holds their conditionings."""

    def __call__(self, branch: Branch, latent: Tensor, sigma: float) -> Tensor:
        """Return the guided denoised sample."""


@runtime_checkable
class Patching(Protocol):
    """A guider one of whose branches runs a patched model; its patches look at `step.branch`."""

    def patched(self, model: Model) -> Model:
        """Return the model with the guider's own patches."""


class Watcher(Protocol):
    """Whoever wants to know how far a run is; a node's Context is one."""

    def progress(self, step: int, steps: int) -> None:
        """Take note that `step` of `steps` are done; may raise `Cancelled`."""

    def preview(self, jpeg: bytes) -> None:
        """Take a picture of the work so far."""

    def report(self, report: Mapping[str, Any]) -> None:
        """Take what a technique did."""

    def savepoint(self) -> Savepoint | None:
        """Return where a run may leave what it has done so far, for the case that the process dies."""


class Sampled(NamedTuple):
    """What a run made: the latent at its last noise level, and the denoised sample of its last step."""

    samples: Tensor
    denoised: Tensor


@dataclass(frozen=True, eq=False)
class Sampling:
    """One sampling run, described."""

    model: Model
    guider: Guider
    sampler: Sampler
    sigmas: Sigmas

    def run(self, latent: Latent, seed: int, watcher: Watcher) -> Latent:
        """Mix `latent` with the noise of a seed as far as the first sigma says, and sample from there."""
        noise = starting_noise(latent.samples, seed, rows=latent.noise_rows)
        return self.start(latent, noise, watcher)[0]

    def start(self, latent: Latent, noise: Tensor, watcher: Watcher) -> tuple[Latent, Latent]:
        """Mix `latent` with `noise` as far as the first sigma says; return (result, denoised sample).

        A result above sigma 0 is divided by 1 - sigma, so that a run without noise goes on from it:
        with noise 0 it multiplies by just that.
        """
        self.refuse_foreign(latent)
        first, last = self.sigmas.values[0], self.sigmas.values[-1]
        noise = noise.to(self.model.device)
        noisy = (1 - first) * latent.samples.to(noise) + first * noise
        inside = inpainting(latent, noise, (first, last), self.model.family.level_per_token)
        samples, denoised = self.sampled(noisy, watcher, inside)
        if 0 < last < 1 and self.sigmas.steps:
            samples = samples / (1 - last)
        return replace(latent, samples=samples), replace(latent, samples=denoised)

    def walk(self, noisy: Tensor, watcher: Watcher) -> Tensor:
        """Sample from a latent as noisy as the first sigma says. Techniques report even when cancelled."""
        return self.sampled(noisy, watcher).samples

    @torch.no_grad()
    def sampled(self, noisy: Tensor, watcher: Watcher, inside: Inpainting | None = None) -> Sampled:
        """Sample from a noisy latent, within a mask if there is one."""
        model = self.guider.patched(self.model) if isinstance(self.guider, Patching) else self.model
        noisy = noisy.to(model.device)
        self.refuse_rising()
        with open_run(model) as run:
            journal = Journal(watcher.savepoint(), self.key(noisy), run)
            resumed = journal.open()
            walk = Walk(self.guider, self.steps, watcher, journal, inside)
            try:
                samples = self.sampler(walk.denoise, noisy, self.model_sigmas, walk.on_step)
            finally:
                for report in (*run.reports(), *journal.reports(resumed)):
                    watcher.report(report)
        journal.close()
        watcher.progress(self.steps, self.steps)
        denoised = samples if walk.denoised is None else walk.denoised
        return Sampled(samples.cpu(), denoised.cpu())

    @property
    def steps(self) -> int:
        """Steps of the whole run."""
        sampler = self.sampler
        return sampler.steps_through(self.sigmas) if isinstance(sampler, Repeating) else self.sigmas.steps

    @property
    def model_sigmas(self) -> Sigmas:
        """The schedule, which now knows of the model's."""
        return replace(self.sigmas, shift=self.model.schedule_shift)

    def key(self, noisy: Tensor) -> str:
        """Return what tells this run from others that begin in the same place."""
        start = noisy.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes()
        return blake2b(start + repr((self.sampler, self.sigmas.values)).encode(), digest_size=16).hexdigest()

    def refuse_rising(self) -> None:
        if self.sigmas.rising and not isinstance(self.sampler, Reversible):
            raise Refusal(
                "The schedule leads from picture to noise, the sampler from noise to picture.",
                "Use Euler, Heun, DPM2 or RF-Solver, or leave out Flip sigmas.",
                code="one_way_sampler",
                input="sampler",
            )

    def refuse_foreign(self, latent: Latent) -> None:
        family, channels = self.model.family.name, self.model.channels
        if not latent.suits(family) or latent.samples.shape[1] != channels:
            raise Refusal(
                f"The latent is for {latent.family} with {latent.samples.shape[1]} channels; "
                f"the model is {family} and needs {channels}.",
                f"Connect an Empty latent for this model, or choose {family} in the Load VAE that made it.",
                code="family_mismatch",
                input="latent",
            )

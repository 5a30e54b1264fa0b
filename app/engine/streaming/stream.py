"""Stream batch: each frame of a video at another step of its way, all in one call of the transformer.

With S steps a call works on S frames: the newest takes its first step, the one before its second, and so on.
One frame comes in and one is finished a call, S - 1 calls after it came.

Reference: Kodaira et al., StreamDiffusion (2023), https://arxiv.org/abs/2312.12491
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.installation import open_run
from app.engine.latents.beside import suited
from app.engine.model import Model, Patch
from app.engine.prediction import ModelInput
from app.engine.run import Run
from app.engine.sampling import Sigmas
from app.engine.step import Place
from app.engine.walking.noise import FreshNoise, starting_noise
from app.engine.walking.watch import refuse_ruins
from app.graph.problem import Refusal

Negative = Literal["none", "self-negative", "onetime-negative", "full"]


@dataclass(frozen=True, eq=False)
class StreamGuidance:
    """What the frames become.

    Attributes:
        positive: What they should show.
        negative: What they should not show.
        scale: How strictly; 1 ignores the negative side.
        kind: What stands for the answer to the negative prompt: with `self-negative` a noise that leads to
            the frame itself, with `onetime-negative` one that leads to the answer in the frame's first step,
            with `full` the answer in every step.
        delta: How much of that noise counts.
    """

    positive: Conditioning
    negative: Conditioning | None = None
    scale: float = 1.0
    kind: Negative = "none"
    delta: float = 1.0

    def check(self, family: str) -> None:
        """Refuse prompts that rows of different noise cannot be told, foreign ones, and a missing one."""
        if self.kind in ("onetime-negative", "full") and self.negative is None:
            raise Refusal(
                f"{self.kind} guidance asks about a negative prompt, and there is none.",
                "Connect a negative prompt, or choose self-negative.",
                code="no_prompt",
                input="negative",
            )
        refuse_prompt(self.positive, family, "positive")
        if self.negative is not None:
            refuse_prompt(self.negative, family, "negative")


def refuse_prompt(prompt: Conditioning, family: str, input: str) -> None:
    if prompt.family != family:
        raise Refusal(
            f"The prompt was encoded for {prompt.family}, the model is {family}.",
            "Encode it with the text encoder that comes with the model.",
            code="family_mismatch",
            input=input,
        )
    if not prompt.everywhere or prompt.references or len(prompt.tokens) != 1:
        raise Refusal(
            "A stream takes one prompt for the whole picture, all steps, and all frames.",
            "Remove areas, masks, ranges of steps, references, and further prompts.",
            code="unsupported",
            input=input,
        )


@dataclass(frozen=True, eq=False)
class StreamBatch:
    """A stream, described.

    Attributes:
        model: The transformer.
        guidance: What the frames become.
        sigmas: The noise levels that each frame visits; the first says how much of it is kept.
        seed: Which noise every frame gets: the same one, so that what stands still stays as it is.
        renew_noise: Whether each step jumps to the picture and adds noise of the next level again, as for
            models distilled to few steps; otherwise it is a step of Euler's method.
    """

    model: Model
    guidance: StreamGuidance
    sigmas: Sigmas
    seed: int = 0
    renew_noise: bool = False

    @property
    def nbytes(self) -> int:
        prompts = (self.guidance.positive, self.guidance.negative)
        return sum(prompt.nbytes for prompt in prompts if prompt is not None)

    @contextmanager
    def opened(self, like: Tensor) -> Iterator[Stream]:
        """Open the stream for latents like one of (1, C, h, w), or (1, C, F, h, w)."""
        self.guidance.check(self.model.family.name)
        refuse_remembering(self.model)
        if not self.sigmas.steps or self.sigmas.values[-1] != 0:
            raise Refusal(
                "The frames of a stream go all the way: their noise levels end at 0.",
                "Use a schedule of one step or more that ends at 0.",
                code="bad_sigmas",
                input="sigmas",
            )
        with open_run(self.model) as run:
            yield Stream(self, run, like)


@dataclass
class Row:
    """A frame on its way: its noisy latent (1, C, ...), its next step, and where its negative side leads."""

    latent: Tensor
    anchor: Tensor
    stage: int = 0


class Stream:
    """Takes frames one by one and gives them back finished, in their order.

    Attributes:
        frames: How many it has taken.
        calls: How often the transformer was called.
        computed: Rows of all these calls.
    """

    def __init__(self, batch: StreamBatch, run: Run, like: Tensor) -> None:
        self.batch, self.run = batch, run
        self.levels = batch.sigmas.values
        place = like.to(run.device, torch.float32)
        self.noise = starting_noise(like, batch.seed).to(place)
        fresh = FreshNoise(batch.seed, place)
        self.renewals = [fresh() for _ in self.levels[1:-1]]
        self.rows: list[Row] = []
        self.frames = self.calls = self.computed = 0

    def push(self, frame: Tensor) -> Tensor | None:
        """Take the clean latent of the next frame; return the one that is finished now, if there is any."""
        clean = frame.to(self.noise)
        level = self.levels[0]
        self.rows.insert(0, Row((1 - level) * clean + level * self.noise, clean))
        self.frames += 1
        return self.advance()

    def rest(self) -> Iterator[Tensor]:
        """Finish the frames that are still on their way."""
        while self.rows:
            finished = self.advance()
            if finished is not None:
                yield finished

    @torch.no_grad()
    def advance(self) -> Tensor | None:
        """Let every frame take its next step; return the one that has taken its last."""
        answers = self.guided()
        for at, row in enumerate(self.rows):
            row.latent = self.moved(row, answers[at : at + 1])
            row.stage += 1
        if self.rows[-1].stage == self.batch.sigmas.steps:
            return self.rows.pop().latent.cpu()
        return None

    def moved(self, row: Row, denoised: Tensor) -> Tensor:
        """Return a latent at the next noise level."""
        sigma, following = self.levels[row.stage : row.stage + 2]
        if following == 0:
            return denoised
        if self.batch.renew_noise:
            return (1 - following) * denoised + following * self.renewals[row.stage]
        return row.latent + (following - sigma) * (row.latent - denoised) / sigma

    def guided(self) -> Tensor:
        """Return what the guidance makes of the model's answers for all rows."""
        guidance = self.batch.guidance
        cond = self.ask(self.rows, guidance.positive, "cond")
        if guidance.scale == 1 or guidance.kind == "none":
            return cond
        uncond = self.unprompted()
        return uncond + guidance.scale * (cond - uncond)

    def unprompted(self) -> Tensor:
        """Return the answer to the negative prompt, or what the residual noise makes of it.

        That noise points from the anchor to the latent: (latent - anchor) / sigma as velocity.
        """
        guidance = self.batch.guidance
        if guidance.kind == "full":
            assert guidance.negative is not None
            return self.ask(self.rows, guidance.negative, "uncond")
        return torch.cat([self.residual(row) for row in self.rows])

    def residual(self, row: Row) -> Tensor:
        """Return a row's latent along the residual noise, or the one answer that a frame asks for."""
        guidance = self.batch.guidance
        if guidance.kind == "onetime-negative" and row.stage == 0:
            assert guidance.negative is not None
            row.anchor = self.ask([row], guidance.negative, "uncond")
            return row.anchor
        return row.latent - guidance.delta * (row.latent - row.anchor)

    def ask(self, rows: list[Row], prompt: Conditioning, branch: str) -> Tensor:
        """Ask the transformer about rows at their own noise levels."""
        levels = tuple(self.levels[row.stage] for row in rows)
        latent = torch.cat([row.latent for row in rows])
        conditioning = suited(self.run.model, prompt.for_batch(len(rows)), latent)
        given = ModelInput(latent, max(levels), conditioning, levels)
        denoised = self.run(given, index=0, total=1, evaluation=0, branch=branch)
        refuse_ruins(denoised, max(levels), Place(0, 1))
        self.calls += 1
        self.computed += len(rows)
        return denoised


def refuse_remembering(model: Model) -> None:
    """Refuse techniques that remember something from call to call: a row holds another frame each time."""
    kinds = {type(patch) for patch in model.patches}
    names = {kind.__name__ for kind in kinds if kind.new_memory is not Patch.new_memory}
    if names:
        raise Refusal(
            f"{', '.join(sorted(names))} cannot work in a stream, where every call brings other frames.",
            "Take the model without it.",
            code="unsupported",
            input="model",
        )

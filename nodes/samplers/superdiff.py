"""SuperDiff: sample what is equally likely under two prompts (AND), or likely under either (OR).

Along the reverse equation the log-densities of the sample under both prompts are summed up; the weight kappa
of the second prompt is chosen at every step so that they rise alike (AND) or by which one leads (OR).
No setting makes it plain sampling, which has one prompt; the same prompt twice is that prompt's guidance.

Reference: Skreta et al., The Superposition of Diffusion Models Using the Ito Density Estimator (2024), https://arxiv.org/abs/2412.17762
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from math import sqrt
from typing import Annotated, Literal, NamedTuple

import torch
from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.guidance.projection import dot
from app.engine.installation import open_run
from app.engine.media import Latent
from app.engine.model import Model
from app.engine.prediction import ModelInput
from app.engine.run import Run
from app.engine.sampling import Branch, Denoise, OnStep, Sampling, Sigmas
from app.engine.walking.noise import FreshNoise, starting_noise
from app.graph.node import Context, node
from app.graph.problem import Refusal
from app.graph.widgets import Seed, Slider

Mode = Literal["and", "or"]
NOISIEST = 0.999  # where the walk begins: at pure noise the noise-to-picture ratio is infinite


class Densities(NamedTuple):
    """How much the log-densities under both prompts have risen, (B, 1, ...) each."""

    first: Tensor
    second: Tensor


@dataclass(frozen=True, eq=False)
class ThreePrompts:
    """Asks each prompt about its third of a batch, the second one in a run of another model if any."""

    first: Conditioning
    second: Conditioning
    empty: Conditioning
    other: Run | None = None

    def __call__(self, branch: Branch, latent: Tensor, sigma: float) -> Tensor:
        first, second, empty = latent.chunk(3)
        answers = (
            branch(first, sigma, self.first, "cond"),
            self.asked_second(branch, second, sigma),
            branch(empty, sigma, self.empty, "uncond"),
        )
        return torch.cat(answers)

    def asked_second(self, branch: Branch, latent: Tensor, sigma: float) -> Tensor:
        if self.other is None:
            return branch(latent, sigma, self.second, "second")
        given = ModelInput(latent.to(self.other.device), sigma, self.second.for_batch(len(latent)))
        place = branch.place
        answer = self.other(
            given, index=place.index, total=place.total, evaluation=place.evaluation, branch="second"
        )
        return answer.to(latent)


@dataclass(frozen=True)
class SuperDiff:
    """Euler-Maruyama on x / (1 - sigma) over the noise-to-picture ratio; the batch holds pictures thrice."""

    mode: Mode
    guidance_scale: float
    temperature: float
    lift: float
    seed: int

    def __call__(self, denoise: Denoise, latent: Tensor, sigmas: Sigmas, on_step: OnStep) -> Tensor:
        return self.solve(denoise, latent, sigmas, on_step)[0].repeat(3, *[1] * (latent.ndim - 1))

    def solve(
        self, denoise: Denoise, latent: Tensor, sigmas: Sigmas, on_step: OnStep
    ) -> tuple[Tensor, Densities]:
        """Return (pictures, how much their log-densities have risen)."""
        picture = latent.chunk(3)[0]
        noise, levels = FreshNoise(self.seed, picture), [min(sigma, NOISIEST) for sigma in sigmas.values]
        scaled = picture / (1 - levels[0])
        risen = Densities(torch.zeros_like(dot(picture, picture)), torch.zeros_like(dot(picture, picture)))
        for step, _, following in sigmas.pairs():
            sigma = levels[step]
            here, ahead = (level / (1 - level) for level in (sigma, min(following, NOISIEST)))
            asked = ((1 - sigma) * scaled).repeat(3, *[1] * (latent.ndim - 1))
            answers = denoise(asked, sigma).chunk(3)
            noises = [(scaled - answer) / here for answer in answers]
            pushed = sqrt(2 * (here - ahead) * here) * noise() if following > 0 else torch.zeros_like(scaled)
            kappa = self.kappa(noises, (here, ahead, 1 / sigmas.steps), pushed, risen)
            change = 2 * (ahead - here) * self.mixed(noises, kappa) + pushed
            if following == 0:
                change = change / 2  # without noise the flow needs one half only
            risen = risings(risen, noises, (here, ahead), change)
            scaled = scaled + change
            on_step(step, answers[0])
        return (1 - levels[-1]) * scaled, risen

    def mixed(self, noises: list[Tensor], kappa: Tensor) -> Tensor:
        """Return the guided noise with a share `kappa` (B, 1, ...) of the second prompt."""
        first, second, empty = noises
        return empty + self.guidance_scale * (first - empty + kappa * (second - first))

    def kappa(
        self, noises: list[Tensor], step: tuple[float, float, float], pushed: Tensor, risen: Densities
    ) -> Tensor:
        """Return the second prompt's share for a step (ratio here, ratio ahead, share of the run)."""
        if self.mode == "or":
            return torch.sigmoid(self.temperature * (risen.second - risen.first))
        here, ahead, share = step
        first, second, _ = noises
        apart, width = second - first, here - ahead
        drift = -2 * width * self.mixed(noises, torch.zeros_like(risen.first)) + pushed
        wanted = (
            width * (dot(first, first) - dot(second, second)) - dot(drift, apart) - here * self.lift * share
        )
        slope = -2 * width * self.guidance_scale * dot(apart, apart)
        return torch.where(slope == 0, 0.5, wanted / slope.where(slope != 0, 1.0))


def risings(risen: Densities, noises: list[Tensor], step: tuple[float, float], change: Tensor) -> Densities:
    """Add what a step adds to the log-densities, by Ito's rule."""
    here, ahead = step
    first, second = (
        before - (here - ahead) / here * dot(eps, eps) - dot(change, eps) / here
        for before, eps in zip(risen, noises[:2], strict=True)
    )
    return Densities(first, second)


@node(title="SuperDiff")
def superdiff(
    context: Context,
    model: Model,
    first: Conditioning,
    second: Conditioning,
    empty: Conditioning,
    sigmas: Sigmas,
    latent: Latent,
    mode: Mode = "and",
    guidance_scale: Annotated[float, Slider(1.0, 20.0, step=0.1)] = 4.0,
    temperature: Annotated[float, Slider(0.0, 10.0, step=0.1)] = 1.0,
    lift: Annotated[float, Slider(-1000.0, 1000.0, step=1.0)] = 0.0,
    seed: Annotated[int, Seed()] = 0,
    second_model: Model | None = None,
) -> Latent:
    """Make a picture that shows two prompts in one, or one of them. Three calls of the model a step.

    Args:
        model: The diffusion transformer, with the techniques on its wire.
        first: One prompt.
        second: Another prompt.
        empty: An encoded empty prompt.
        sigmas: The noise levels to visit; it needs more steps than usual, 50 or so.
        latent: Where to start, usually an empty latent.
        mode: "and" for pictures that both prompts find equally likely, "or" for those of either.
        guidance_scale: How strictly to follow the prompts.
        temperature: How firmly "or" keeps to the prompt that leads; 0 mixes both evenly.
        lift: How much likelier "and" makes the picture under the second prompt, in log-density.
        seed: Which noise to start from, and which to add on the way.
        second_model: Another model of the family, with weights of its own, to ask for the second prompt.
    """
    if second_model is not None:
        refuse_unlike(model, second_model)
    start = sigmas.values[0]
    noise = starting_noise(latent.samples, seed, rows=latent.noise_rows)
    noisy = (1 - start) * latent.samples + start * noise
    thrice = noisy.repeat(3, *[1] * (noisy.ndim - 1))
    sampler = SuperDiff(mode, guidance_scale, temperature, lift, seed)
    with nullcontext() if second_model is None else open_run(second_model) as other:
        guider = ThreePrompts(first, second, empty, other)
        samples = Sampling(model, guider, sampler, sigmas).walk(thrice, context).chunk(3)[0]
        for report in other.reports() if other else ():
            context.report(report)
    return Latent(samples, latent.family)


def refuse_unlike(model: Model, other: Model) -> None:
    if (model.family.name, model.channels) != (other.family.name, other.channels):
        raise Refusal(
            f"The models are {model.family.name} with {model.channels} channels and "
            f"{other.family.name} with {other.channels}.",
            "Take two models of one family, which share an autoencoder.",
            code="family_mismatch",
            input="second_model",
        )
    if model.module is other.module:
        raise Refusal(
            "Both models use the same weights in memory, and a run has them to itself.",
            "Leave the second model out, or load one from a file of its own.",
            code="same_weights",
            input="second_model",
        )

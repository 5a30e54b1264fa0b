"""Blend several prompts into one picture by giving the word to one of them at each step.

In the mode "black_scholes" each prompt is an asset whose price is how well the picture agrees with it, and
the word goes to the prompt whose call option is worth least, the one that lags. The authors price by CLIP;
here it is the model: a prompt agrees with the picture as far as it would leave it as it is. Strike price and
direction are our own choice: the prompts' mean price at first, and the lowest.

Reference: Kothandaraman et al., Prompt Mixing in Diffusion Models using the Black Scholes Algorithm (2024), https://arxiv.org/abs/2405.13685
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erf, exp, log, sqrt
from typing import Annotated, Literal

import torch
from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.sampling import Branch, Guider
from app.graph.node import node
from app.graph.problem import Refusal
from app.graph.widgets import Slider

Mode = Literal["alternate", "in_turn", "fade", "black_scholes"]
CALMEST = 1e-3  # least volatility; a price that never moved has none
DIGITS = 4  # to which worths are compared: two prompts are worth the same at first, but for rounding


@dataclass(frozen=True, eq=False)
class BlendPrompts:
    """Classifier-free guidance with a cond made of several prompts."""

    prompts: tuple[Conditioning, ...]
    negative: Conditioning
    guidance_scale: float
    mode: Mode

    def __call__(self, branch: Branch, latent: Tensor, sigma: float) -> Tensor:
        cond = self.blended(branch, latent, sigma)
        if self.guidance_scale == 1:
            return cond
        uncond = branch(latent, sigma, self.negative, "uncond")
        return uncond + self.guidance_scale * (cond - uncond)

    def blended(self, branch: Branch, latent: Tensor, sigma: float) -> Tensor:
        if self.mode == "black_scholes" and len(self.prompts) > 1:
            return self.least_worth(branch, latent, sigma)
        answers = (
            (weight, self.ask(branch, latent, sigma, number))
            for number, weight in self.weights(branch.place.index, branch.place.total)
        )
        weight, total = next(answers)
        total = total if weight == 1 else weight * total
        for weight, answer in answers:
            total = total + weight * answer
        return total

    def weights(self, index: int, total: int) -> list[tuple[int, float]]:
        """Return the prompts that have the word at a step, with their shares of it."""
        count = len(self.prompts)
        match self.mode:
            case "alternate":
                return [(index % count, 1.0)]
            case "in_turn":
                return [(index * count // total, 1.0)]
        place = index / max(1, total - 1) * (count - 1)
        first = min(int(place), max(0, count - 2))
        shares = [(first, 1 - (place - first)), (first + 1, place - first)]
        return [(number, share) for number, share in shares if share > 0]

    def least_worth(self, branch: Branch, latent: Tensor, sigma: float) -> Tensor:
        """Ask every prompt, and answer for each picture with the one whose option is worth least."""
        answers = torch.stack(
            [self.ask(branch, latent, sigma, number) for number in range(len(self.prompts))]
        )
        place, memory = branch.place, branch.memory
        prices = agreement(answers, memory.get("blend picture", answers.mean(0)))[None]
        if place.evaluation == 0:
            known = memory["blend prices"] if place.index else prices[:0]
            memory["blend prices"] = torch.cat([known, prices])
            left = 1 - place.index / place.total
            histories = memory["blend prices"].unbind(-1)
            memory["blend chosen"] = torch.tensor([chosen(history, left) for history in histories])
        rows = torch.arange(len(latent))
        memory["blend picture"] = answers[memory["blend chosen"], rows]
        return memory["blend picture"]

    def ask(self, branch: Branch, latent: Tensor, sigma: float, number: int) -> Tensor:
        return branch(latent, sigma, self.prompts[number], f"cond{number or ''}")

    @property
    def nbytes(self) -> int:
        return self.negative.nbytes + sum(prompt.nbytes for prompt in self.prompts)


def agreement(answers: Tensor, pictures: Tensor) -> Tensor:
    """Return how far answers (prompts, B, ...) leave pictures (B, ...) as they are: 1 wholly, 0 not."""
    change = (answers - pictures).flatten(2).pow(2).mean(2) / pictures.flatten(1).var(1).clamp(min=1e-12)
    return change.double().sqrt().neg().exp().cpu()


def chosen(prices: Tensor, left: float) -> int:
    """Return the asset of which a call is worth least, by prices (steps, assets) and the time left (1..0)."""
    strike = prices[0].mean().item()
    moves = prices.clamp(min=1e-12).log().diff(dim=0)
    volatility = moves.std(dim=0, correction=0).tolist() if len(moves) else [0.0] * prices.shape[1]
    worth = [
        call_price(price, strike, max(spread, CALMEST), left)
        for price, spread in zip(prices[-1].tolist(), volatility, strict=True)
    ]
    even = [round(value, DIGITS) for value in worth]
    return even.index(min(even))


def call_price(price: float, strike: float, volatility: float, left: float, rate: float = 0.0) -> float:
    """Return what a European call option is worth by the formula of Black and Scholes."""
    if left <= 0:
        return max(price - strike, 0.0)
    spread = volatility * sqrt(left)
    first = (log(price / strike) + (rate + volatility**2 / 2) * left) / spread
    return price * normal(first) - strike * exp(-rate * left) * normal(first - spread)


def normal(x: float) -> float:
    """Return the standard normal distribution function."""
    return (1 + erf(x / sqrt(2))) / 2


@node()
def blend_prompts(
    prompts: list[Conditioning],
    negative: Conditioning,
    guidance_scale: Annotated[float, Slider(1.0, 20.0, step=0.1)] = 3.0,
    mode: Mode = "alternate",
) -> Guider:
    """Let several prompts make one picture, step by step.

    Args:
        prompts: What the picture should show, two or more prompts.
        negative: What it should not show; an encoded empty prompt is usual.
        guidance_scale: How strictly: 1 ignores the negative side, 3 to 7 is usual.
        mode: By turns at each step, each for its part of the run, fading one into the next, or at each step
            the one that the picture shows least, for which all are asked.
    """
    if not prompts:
        raise Refusal(
            "There is no prompt to blend.",
            "Connect an Encode text for each prompt.",
            code="no_prompt",
            input="prompts",
        )
    return BlendPrompts(tuple(prompts), negative, guidance_scale, mode)

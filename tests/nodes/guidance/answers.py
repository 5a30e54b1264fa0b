"""A model for guiders that answers what a test wants, and writes down what it was asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.step import Place


def prompt(seed: int) -> Conditioning:
    return Conditioning(torch.full((1, 2, 3), float(seed)), None, "none")


POSITIVE, NEGATIVE, EMPTY = prompt(1), prompt(2), prompt(3)
BRANCHES = {"cond": POSITIVE, "uncond": NEGATIVE, "negative": NEGATIVE}


def random(seed: int, pictures: int = 2) -> Tensor:
    """(B, 4, 6, 8) standard normal."""
    return torch.randn(pictures, 4, 6, 8, generator=torch.Generator().manual_seed(seed))


FIRST = Place(0, 10)


@dataclass
class Answers:
    """Random denoised samples, one for each branch."""

    asked: list[str] = field(default_factory=list)
    conditionings: list[Conditioning] = field(default_factory=list)
    place: Place = FIRST
    memory: dict[str, Tensor] = field(default_factory=dict)
    answers: Mapping[str, Tensor] = field(default_factory=lambda: ANSWERS)

    def __call__(self, latent: Tensor, sigma: float, conditioning: Conditioning, name: str) -> Tensor:
        self.asked.append(name)
        self.conditionings.append(conditioning)
        return self.answers[name]


NAMES = ("cond", "uncond", "negative", "perturbed", "skipped")
ANSWERS = {name: random(seed) for seed, name in enumerate(NAMES, 1)}
LATENT = random(0)

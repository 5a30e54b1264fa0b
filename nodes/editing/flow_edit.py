"""FlowEdit: change a picture by the difference between what two prompts would do to it, without inversion.

Reference: Kulikov et al., FlowEdit: Inversion-Free Text-Based Editing Using Pre-Trained Flow Models (2024), https://arxiv.org/abs/2412.08629
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from app.engine.guidance.sides import ask_side, refuse_patching
from app.engine.media import Latent
from app.engine.model import Model
from app.engine.sampling import Branch, Denoise, Guider, OnStep, Sampling, Sigmas
from app.engine.walking.noise import FreshNoise
from app.graph.node import Context, node
from app.graph.widgets import Number, Seed, Slider


@dataclass(frozen=True, eq=False)
class BothSides:
    """Asks `source` about the first half of a batch and `target` about the second."""

    source: Guider
    target: Guider

    def __call__(self, branch: Branch, latent: Tensor, sigma: float) -> Tensor:
        given, wanted = latent.chunk(2)
        said = ask_side(self.source, branch, "source", given, sigma)
        return torch.cat([said, ask_side(self.target, branch, "target", wanted, sigma)])


@dataclass(frozen=True)
class FlowEdit:
    """Walks from the picture along target velocity - source velocity, both at the same noise.

    The batch holds the picture twice: the first half stays, the second is edited. From the level `plain` on
    the second half is sampled as usual.
    """

    average: int
    plain: float
    seed: int

    def __call__(self, denoise: Denoise, latent: Tensor, sigmas: Sigmas, on_step: OnStep) -> Tensor:
        clean, edited = latent.chunk(2)
        noise = FreshNoise(self.seed, clean)
        walking: Tensor | None = None
        for step, sigma, following in sigmas.pairs():
            if sigma <= self.plain:
                if walking is None:
                    walking = edited + sigma * (noise() - clean)
                denoised = denoise(torch.cat([clean, walking]), sigma).chunk(2)[1]
                walking = walking + (following - sigma) * (walking - denoised) / sigma
            else:
                velocity, denoised = self.difference(denoise, (clean, edited), sigma, noise)
                edited = edited + (following - sigma) * velocity
            on_step(step, denoised)
        return torch.cat([clean, edited if walking is None else walking])

    def difference(
        self, denoise: Denoise, pictures: tuple[Tensor, Tensor], sigma: float, noise: FreshNoise
    ) -> tuple[Tensor, Tensor]:
        """Return target velocity - source velocity, the mean over some noises, and the target's picture."""
        clean, edited = pictures
        total, shown = torch.zeros_like(clean), torch.zeros_like(clean)
        for _ in range(self.average):
            given = (1 - sigma) * clean + sigma * noise()
            wanted = edited + given - clean
            said, asked = denoise(torch.cat([given, wanted]), sigma).chunk(2)
            total = total + ((wanted - asked) - (given - said)) / sigma
            shown = shown + asked
        return total / self.average, shown / self.average


@node(title="FlowEdit")
def flow_edit(
    context: Context,
    model: Model,
    source: Guider,
    target: Guider,
    sigmas: Sigmas,
    latent: Latent,
    average: Annotated[int, Number(1, 10)] = 1,
    plain: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 0.0,
    seed: Annotated[int, Seed()] = 0,
) -> Latent:
    """Turn what one prompt describes into what another describes, and keep the rest of the picture.

    Args:
        model: The diffusion transformer, with the techniques on its wire.
        source: Guidance with a prompt for the picture as it is; low guidance, 1.5 to 3.5.
        target: Guidance with a prompt for the picture to come; higher guidance, 5 to 13.
        sigmas: The noise levels to visit; a first level below 1 keeps more of the picture.
        latent: The encoded picture.
        average: How many noises each step asks about; more is steadier and slower.
        plain: Noise level from which on the result is sampled as usual, for sharper details; 0 never.
        seed: Which noise to ask about.
    """
    refuse_patching(source, "source")
    refuse_patching(target, "target")
    twice = torch.cat([latent.samples, latent.samples])
    sampling = Sampling(model, BothSides(source, target), FlowEdit(average, plain, seed), sigmas)
    return Latent(sampling.walk(twice, context).chunk(2)[1], latent.family)

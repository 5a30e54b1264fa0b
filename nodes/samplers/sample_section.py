"""Sample a part of a schedule: with or without noise at its beginning, to its end or to a level before.

Reference: Lipman et al., Flow Matching for Generative Modeling (2022), https://arxiv.org/abs/2210.02747
"""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import torch

from app.engine.latents.reshaping import alike
from app.engine.media import Latent
from app.engine.model import Model
from app.engine.sampling import Guider, Sampler, Sampling, Sigmas
from app.engine.walking.noise import starting_noise
from app.graph.node import Context, node
from app.graph.widgets import Number, Seed

BatchSeeds = Literal["one for the batch", "seed + row"]


class Section(NamedTuple):
    """The latent at the last noise level, and the model's idea of the picture in the last step."""

    latent: Latent
    denoised: Latent


@node()
def sample_section(
    context: Context,
    model: Model,
    guider: Guider,
    sampler: Sampler,
    sigmas: Sigmas,
    latent: Latent,
    seed: Annotated[int, Seed()] = 0,
    add_noise: bool = True,
    start_step: Annotated[int, Number(0, 10000)] = 0,
    end_step: Annotated[int, Number(0, 10000)] = 10000,
    leftover_noise: bool = True,
    batch_seeds: BatchSeeds = "one for the batch",
    noise: Latent | None = None,
) -> Section:
    """Make the latent of a picture in a part of the steps, for runs in several stages.

    Args:
        model: The diffusion transformer, with the techniques on its wire.
        guider: What the picture should show, and how strictly.
        sampler: How to walk from one noise level to the next.
        sigmas: The noise levels of the whole run.
        latent: Where to start: an empty latent, an encoded picture, or what an earlier section left.
        seed: Which noise to start from; the same seed gives the same picture.
        add_noise: Whether to add noise; off for a latent that an earlier section left noisy.
        start_step: The step to begin with.
        end_step: The step before which to end; beyond the schedule means its end.
        leftover_noise: Whether to leave the noise in that the next section needs; off goes to the picture.
        batch_seeds: Draw noise for the whole batch, or make each picture that of a single run of seed + row.
        noise: The noise to start from, such as that of RF inversion; without it the seed draws some.
    """
    values = sigmas.values[: end_step + 1]
    if not leftover_noise and len(values) > 1:
        values = (*values[:-1], 0.0)
    part = Sigmas(values[min(start_step, len(values) - 1) :])
    if part.steps == 0:
        return Section(latent, latent)
    start = torch.zeros_like(latent.samples)
    if add_noise and noise is not None:
        start = alike(latent, noise)
    elif add_noise:
        alone = batch_seeds == "seed + row"
        start = starting_noise(latent.samples, seed, row_seeds=alone, rows=latent.noise_rows)
    return Section(*Sampling(model, guider, sampler, part).start(latent, start, context))

"""Measure magnitudes: how the size of what the blocks add changes over a run, for MagCache.

Reference: Ma et al., MagCache (2025), https://arxiv.org/abs/2506.09045
"""

from __future__ import annotations

from typing import Annotated

from app.engine.media import Latent
from app.engine.model import Model
from app.engine.reuse.magnitudes import MagnitudeRatios, MeasureMagnitudes
from app.engine.sampling import Guider, Sampler, Sampling, Sigmas
from app.graph.node import Context, node
from app.graph.widgets import Seed


@node()
def measure_magnitudes(
    context: Context,
    model: Model,
    guider: Guider,
    sampler: Sampler,
    sigmas: Sigmas,
    latent: Latent,
    seed: Annotated[int, Seed()] = 0,
) -> MagnitudeRatios:
    """Sample one picture without any technique and note how the size of what the blocks add changes.

    Args:
        model: The diffusion transformer; techniques on its wire are left out here.
        guider: Any prompt will do: the ratios differ little between prompts.
        sampler: How to walk from one noise level to the next.
        sigmas: The noise levels to visit; use the schedule that MagCache will run with.
        latent: An empty latent, for the size.
        seed: Which noise to start from.
    """
    found: list[float] = []
    plain = model.plain.with_patch(MeasureMagnitudes(found))
    Sampling(plain, guider, sampler, sigmas).run(latent, seed, context)
    return MagnitudeRatios(tuple(found))

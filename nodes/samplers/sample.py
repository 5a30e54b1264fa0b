"""Sample: walk from noise to a picture.

Reference: Lipman et al., Flow Matching for Generative Modeling (2022), https://arxiv.org/abs/2210.02747
"""

from __future__ import annotations

from typing import Annotated

from app.engine.media import Latent
from app.engine.model import Model
from app.engine.sampling import Guider, Sampler, Sampling, Sigmas
from app.graph.node import Context, node
from app.graph.widgets import Seed


@node()
def sample(
    context: Context,
    model: Model,
    guider: Guider,
    sampler: Sampler,
    sigmas: Sigmas,
    latent: Latent,
    seed: Annotated[int, Seed()] = 0,
) -> Latent:
    """Make the latent of a picture.

    Args:
        model: The diffusion transformer, with the techniques on its wire.
        guider: What the picture should show, and how strictly.
        sampler: How to walk from one noise level to the next.
        sigmas: The noise levels to visit.
        latent: Where to start: an empty latent, or an encoded picture with a schedule of lower strength.
        seed: Which noise to start from; the same seed gives the same picture.
    """
    return Sampling(model, guider, sampler, sigmas).run(latent, seed, context)

"""CogVideoX's schedule: training steps at even distances, counted back from pure noise.

Reference: Yang et al., CogVideoX (2024), https://arxiv.org/abs/2408.06072
Reference: Lin et al., Common Diffusion Noise Schedules and Sample Steps are Flawed (2023), https://arxiv.org/abs/2305.08891
"""

from __future__ import annotations

from typing import Annotated

from app.engine.families.cogvideox import COGVIDEOX, COGVIDEOX_15, prediction_of
from app.engine.model import Model
from app.engine.sampling import Sigmas
from app.engine.walking.velocity import noise_levels
from app.graph.node import node
from app.graph.problem import Refusal
from app.graph.widgets import Number, Slider


@node(title="CogVideoX schedule")
def cogvideox_schedule(
    model: Model,
    steps: Annotated[int, Number(1, 1000)] = 50,
    strength: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 1.0,
) -> Sigmas:
    """Choose the noise levels that CogVideoX was trained on; with Euler this is its DDIM.

    Args:
        model: A CogVideoX model; the small and the large one were trained on different levels.
        steps: How many steps to take from pure noise.
        strength: How much to change a given video: 1 starts from pure noise, 0 changes nothing.
    """
    if model.family not in (COGVIDEOX, COGVIDEOX_15):
        raise Refusal(
            f"{model.family.name} was not trained on CogVideoX's noise levels.",
            "Use Basic schedule.",
            code="family_mismatch",
            input="model",
        )
    levels = noise_levels(prediction_of(model.module)).tolist()
    taken = [round(len(levels) * (1 - step / steps)) - 1 for step in range(steps)]
    kept = taken[steps - round(steps * strength) :]
    return Sigmas((*(levels[step] for step in kept), 0.0))

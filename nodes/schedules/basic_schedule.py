"""The schedules known by name in ComfyUI, with the shift of the model.

Reference: Crowson, k-diffusion, https://github.com/crowsonkb/k-diffusion
Reference: Esser et al., Scaling Rectified Flow Transformers (2024), https://arxiv.org/abs/2403.03206
"""

from __future__ import annotations

from typing import Annotated

from app.engine.model import Model
from app.engine.sampling import Sigmas
from app.engine.schedules.levels import Levels, Scheduler, scheduled
from app.graph.node import node
from app.graph.widgets import Number, Slider


@node()
def basic_schedule(
    model: Model,
    scheduler: Scheduler = "simple",
    steps: Annotated[int, Number(1, 1000)] = 20,
    strength: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 1.0,
    skip_penultimate: bool = False,
) -> Sigmas:
    """Choose the noise levels of a run by the name that they have in ComfyUI, as the model wants them.

    Args:
        model: The model that will sample; its shift is that of its family unless Shift model changed it.
        scheduler: How the levels are spaced. "simple" suits most models, "beta" is dense at both ends.
        steps: How many steps to take.
        strength: How much to change a given picture: 1 starts from pure noise, 0 changes nothing.
        skip_penultimate: Leave out the last level before 0, as ComfyUI does for dpm_2 and uni_pc.
    """
    if strength == 0:
        return Sigmas((0.0,))
    levels = Levels(model.schedule_shift, model.family.levels)
    if not skip_penultimate:
        return Sigmas(scheduled(levels, scheduler, steps, strength))
    whole = steps if strength > 0.9999 else int(steps / strength)
    values = scheduled(levels, scheduler, whole + 1, 1.0)
    values = (*values[:-2], values[-1])
    return Sigmas(values[-(steps + 1) :])

"""Stream batch: frames of a video on their way through the model together, each at a step of its own.

Reference: Kodaira et al., StreamDiffusion (2023), https://arxiv.org/abs/2312.12491
"""

from __future__ import annotations

from typing import Annotated

from app.engine.conditioning import Conditioning
from app.engine.model import Model
from app.engine.sampling import Sigmas
from app.engine.streaming.stream import Negative, StreamBatch, StreamGuidance
from app.graph.node import node
from app.graph.widgets import Seed, Slider


@node()
def stream_batch(
    model: Model,
    positive: Conditioning,
    sigmas: Sigmas,
    negative: Conditioning | None = None,
    guidance: Negative = "none",
    guidance_scale: Annotated[float, Slider(1.0, 10.0, step=0.05)] = 1.2,
    delta: Annotated[float, Slider(0.0, 1.0, step=0.05)] = 1.0,
    renew_noise: bool = False,
    seed: Annotated[int, Seed()] = 0,
) -> StreamBatch:
    """Change frame after frame of a video or camera, with one call of the model for each.

    Args:
        model: The diffusion transformer; techniques that remember earlier calls cannot be on it.
        positive: What the frames become.
        sigmas: The noise levels that every frame visits, one to four steps; a first level below 1 keeps
            something of it. Each further step makes a call larger and the delay a frame longer.
        negative: What they should not show; asked at every step with `full`, once with `onetime-negative`.
        guidance: Guide away from the frame itself, from one answer to the negative prompt, or in full.
        guidance_scale: How strictly, where there is guidance: 1.2 to 1.5 for the residual kinds.
        delta: How much of the residual noise counts; lower is milder.
        renew_noise: On for models distilled to few steps (LCM, turbo); off takes Euler's steps.
        seed: Which noise all frames get, so that what stands still in the video stays as it is.
    """
    told = StreamGuidance(positive, negative, guidance_scale, guidance, delta)
    return StreamBatch(model, told, sigmas, seed, renew_noise)

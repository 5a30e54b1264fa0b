"""Notices a run that is ruined, as soon as it is, and says which setting to suspect."""

from __future__ import annotations

import torch
from torch import Tensor

from app.engine.step import Place
from app.graph.problem import Refusal

HUGE = 1e5  # denoised samples have about unit variance; half precision ends at 65,504


def refuse_ruins(denoised: Tensor, sigma: float, place: Place) -> None:
    """Refuse an answer that no picture can come of: not a number, beyond all measure, or flat."""
    largest = denoised.abs().max()
    where = f"step {place.index + 1} of {place.total} (noise level {sigma:.3g})"
    if not torch.isfinite(largest):
        raise Refusal(
            f"At {where} the model answered with values that are no numbers.",
            "Half precision overflowed: load the model in bfloat16 or float32, "
            "or remove quantisation and attention techniques one by one.",
            code="not_a_number",
            input="model",
        )
    if largest > HUGE:
        raise Refusal(
            f"At {where} the answer reached {float(largest):.3g}, where 10 is much.",
            "Lower guidance_scale, or use the model's own schedule and shift.",
            code="exploded",
            input="guider",
        )
    if place.index > 0 and float(denoised.flatten(1).std(1).min()) == 0:
        raise Refusal(
            f"At {where} the answer is one flat colour.",
            "Check that the schedule suits the model, and that its weights were loaded whole.",
            code="flat",
            input="model",
        )

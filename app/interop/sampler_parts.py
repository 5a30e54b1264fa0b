"""Pieces of the table that the sampler nodes share: schedules, shifts, guidance, and what they cannot do."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from app.interop.orders import PASS_WIDGETS
from app.interop.rules import From, Named, Of, Part, Same, Shift, Via, is_number

SAMPLERS = {"euler": "euler", "heun": "heun"}
SCHEDULES = {"simple": "flow_schedule", "sgm_uniform": "flow_schedule"}
NEAR_SCHEDULES = {
    "sgm_uniform": "is taken as 'simple'; its noise levels lie higher by 0.01 at most, at shift 3"
}


def plain_shift(otherwise: float) -> Callable[[Mapping[str, Any]], float | None]:
    """Read a value called `shift`."""

    def read(values: Mapping[str, Any]) -> float | None:
        shift = values.get("shift", otherwise)
        return float(shift) if is_number(shift) else None

    return read


def flux_shift(values: Mapping[str, Any]) -> float | None:
    """Flux's shift grows with the picture: exp of a line through 256 and 4096 tokens of 16 x 16 pixels."""
    given = {**PASS_WIDGETS["ModelSamplingFlux"], **values}
    numbers = [given[name] for name in ("max_shift", "base_shift", "width", "height")]
    if not all(map(is_number, numbers)):
        return None
    largest, base, width, height = numbers
    tokens = width * height / 256
    return math.exp(base + (largest - base) * (tokens - 256) / (4096 - 256))


SHIFTS = {
    "ModelSamplingSD3": plain_shift(3.0),
    "ModelSamplingAuraFlow": plain_shift(1.73),
    "ModelSamplingFlux": flux_shift,
}
MODEL_OF: dict[str, From] = {
    "KSampler": Same("model"),
    "KSamplerAdvanced": Same("model"),
    "SamplerCustom": Same("model"),
    "SamplerCustomAdvanced": Via("guider", "model"),
}


def guidance(suffix: str = "") -> Part:
    """Return the guider of a node with positive, negative and cfg; at cfg 1 ComfyUI asks no negative."""
    pair: dict[str, From] = {"positive": Same("positive"), "negative": Same("negative")}
    alone = Part("no_guidance", {"positive": Same("positive")}, suffix)
    return Part("cfg", {**pair, "guidance_scale": Same("cfg")}, suffix, alone, {"cfg": 1})


def schedule(steps: From, strength: From, suffix: str = "") -> Part:
    return Part(
        Named("scheduler", SCHEDULES, NEAR_SCHEDULES),
        {"steps": steps, "shift": Shift("model", SHIFTS), "strength": strength},
        suffix,
    )


def sampling(model: From, seed: From, **others: From) -> Part:
    """Return the main part of a sampler node; what is not named comes from the parts beside it."""
    inputs = {
        "model": model,
        "guider": Of("guidance", "guider"),
        "sampler": Of("sampler", "sampler"),
        "sigmas": Of("schedule", "sigmas"),
        "latent": Same("latent_image"),
        "seed": seed,
    }
    return Part("sample", {**inputs, **others})


def from_beginning_to_end(values: Mapping[str, Any]) -> str | None:
    """Say what a KSamplerAdvanced asks that our sampler cannot do."""
    steps, end = values.get("steps"), values.get("end_at_step")
    if values.get("add_noise") != "enable":
        return f"add_noise is {values.get('add_noise')!r}, and our sampler always starts from fresh noise"
    if not is_number(steps) or not is_number(end) or end < steps:
        return f"end_at_step is {end}, and our sampler goes to the end of the schedule"
    return None


def with_noise(values: Mapping[str, Any]) -> str | None:
    return None if values.get("add_noise") is True else "add_noise is off, and our sampler always adds noise"

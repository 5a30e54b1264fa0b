"""Pieces of the table that the sampler nodes share: schedules, shifts, guidance, and what they cannot do."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from app.interop.flat import NATIVE
from app.interop.orders import PASS_WIDGETS
from app.interop.rules import From, Named, Of, Part, Same, Via, is_number
from app.interop.ways import Also, Always, LowestLevel, Shift, Whole

SAMPLERS = {
    "euler": "euler",
    "heun": "heun",
    "dpm_2": "dpm_2",
    "dpmpp_2m": "dpmpp_2m",
    "res_multistep": "res_multistep",
    "uni_pc": "uni_pc",
    "uni_pc_bh2": "uni_pc",
    "lms": "lms",
    "gradient_estimation": "gradient_estimation",
    "euler_ancestral": "euler_ancestral",
    "dpmpp_2s_ancestral": "dpmpp_2s_ancestral",
    "dpmpp_2m_sde": "dpmpp_2m_sde",
    "dpmpp_2m_sde_gpu": "dpmpp_2m_sde",
    "lcm": "lcm",
}
CLOCK = "uses the same method, but measures steps by the signal-to-noise ratio and not by the noise level"
NOISY = "uses the same method, but draws other noise, like another seed"
LAST_STEP = "takes its last step by the method itself, ComfyUI by Euler's"
NEAR_SAMPLERS = {
    "dpmpp_2m": CLOCK,
    "res_multistep": CLOCK,
    "uni_pc": "is of second order here and up to third in ComfyUI",
    "uni_pc_bh2": "is of second order here and up to third in ComfyUI",
    "lms": LAST_STEP,
    "gradient_estimation": LAST_STEP,
    "euler_ancestral": NOISY,
    "dpmpp_2s_ancestral": NOISY,
    "dpmpp_2m_sde": NOISY,
    "dpmpp_2m_sde_gpu": NOISY,
    "lcm": NOISY,
}
NEAR_SCHEDULES = {
    "sgm_uniform": "is taken as 'simple'; its noise levels lie higher by 0.01 at most, at shift 3",
    "linear_quadratic": "is the same for even numbers of steps only",
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
    f"{NATIVE}sample": Same("model"),
}


def guidance(suffix: str = "") -> Part:
    """Return the guider of a node with positive, negative and cfg; at cfg 1 ComfyUI asks no negative."""
    pair: dict[str, From] = {"positive": Same("positive"), "negative": Same("negative")}
    alone = Part("no_guidance", {"positive": Same("positive")}, suffix)
    return Part("cfg", {**pair, "guidance_scale": Same("cfg")}, suffix, alone, {"cfg": 1})


def schedule(steps: From, strength: From, suffix: str = "") -> Part:
    """Return the schedule of a node with scheduler and steps."""
    shift = Shift("model", SHIFTS)
    lowest: dict[str, From] = {"sigma_min": LowestLevel(shift), "strength": Whole()}
    even: dict[str, From] = {"shift": shift, "strength": strength}
    nodes: dict[str, tuple[str, dict[str, From]]] = {
        "simple": ("flow_schedule", even),
        "sgm_uniform": ("flow_schedule", even),
        "karras": ("karras", lowest),
        "exponential": ("exponential", lowest),
        "linear_quadratic": ("linear_quadratic", {"strength": Whole()}),
    }
    words = {word: type for word, (type, _) in nodes.items()}
    return Part(Named("scheduler", words, NEAR_SCHEDULES, dict(nodes.values())), {"steps": steps}, suffix)


def sampler(suffix: str = "", seed: str | None = None) -> Part:
    """Return the sampler of a node with sampler_name; those that add noise get the seed as well."""
    noisy = {SAMPLERS[word] for word, note in NEAR_SAMPLERS.items() if note is NOISY and seed}
    inputs: dict[str, dict[str, From]] = {type: {"seed": Also(seed)} for type in noisy if seed}
    inputs["lms"] = {"order": Always(4)}
    return Part(Named("sampler_name", SAMPLERS, NEAR_SAMPLERS, inputs), {}, suffix)


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

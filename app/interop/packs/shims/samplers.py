"""`comfy.samplers`: the words that packs offer to choose from. There is nothing to sample with."""

from __future__ import annotations

from app.interop.names import RULES
from app.interop.rules import Named

WORDS = {
    part.type.input: list(part.type.nodes) for part in RULES["KSampler"].parts if isinstance(part.type, Named)
}
SAMPLER_NAMES, SCHEDULER_NAMES = WORDS["sampler_name"], WORDS["scheduler"]
KSAMPLER_NAMES = SAMPLER_NAMES


class KSampler:
    """Lists the samplers and schedules that Patchloom knows."""

    SAMPLERS, SCHEDULERS = SAMPLER_NAMES, SCHEDULER_NAMES

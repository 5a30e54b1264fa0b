"""The table of ComfyUI's class types and our nodes, put together from its parts (`*_rules.py`)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from app.interop.alpha_rules import ALPHA_RULES
from app.interop.animation_rules import ANIMATION_RULES
from app.interop.conditioning_rules import CONDITIONING_RULES
from app.interop.control_rules import CONTROL_RULES
from app.interop.flat import NATIVE, Setting
from app.interop.image_rules import IMAGE_RULES
from app.interop.latent_join_rules import LATENT_JOIN_RULES
from app.interop.latent_rules import LATENT_RULES
from app.interop.list_rules import LIST_RULES
from app.interop.loader_rules import LOADER_RULES
from app.interop.mask_rules import MASK_RULES
from app.interop.orders import ORDERS, PASS_WIDGETS
from app.interop.sampler_rules import SAMPLER_RULES
from app.interop.value_rules import VALUE_RULES
from app.interop.video_rules import VIDEO_RULES

TABLE = (
    *LOADER_RULES,
    *CONDITIONING_RULES,
    *CONTROL_RULES,
    *LATENT_RULES,
    *LATENT_JOIN_RULES,
    *SAMPLER_RULES,
    *IMAGE_RULES,
    *ALPHA_RULES,
    *MASK_RULES,
    *VIDEO_RULES,
    *ANIMATION_RULES,
    *VALUE_RULES,
    *LIST_RULES,
)
RULES = {rule.class_type: rule for rule in TABLE}


def nothing(name: str, place: int) -> None:
    return None


FOREIGN = "comfyui."  # our type of a class type that reads like one of our own ids


def widget_order(class_type: str, chosen: Callable[[str, int], Any] = nothing) -> tuple[str, ...] | None:
    """Return the typed-in inputs of a known class type in the order of the UI format.

    `chosen(name, place)` tells what a widget is set to, as some choices bring further widgets along.
    """
    if class_type in RULES:
        return tuple(RULES[class_type].typed_in(chosen))
    return tuple(PASS_WIDGETS[class_type]) if class_type in PASS_WIDGETS else ORDERS.get(class_type)


def input_there(class_type: str, suffix: str, input: str) -> str:
    """Return ComfyUI's name for an input of the part `suffix` that we made of a node."""
    parts = RULES[class_type].parts if class_type in RULES else ()
    ways = (part.inputs.get(input) for part in parts if part.suffix == suffix)
    return next((name for way in ways if way for name in way.restore(Setting(0))), input)


def placeholder_type(class_type: str) -> str:
    """Return our node type for a class type that is not in the table."""
    if class_type.startswith(NATIVE):
        return class_type.removeprefix(NATIVE)
    return FOREIGN + class_type if re.fullmatch(r"[a-z][a-z0-9_]*", class_type) else class_type


def class_type_of(type: str) -> str:
    """Return the class type of a node of ours that is not in the table."""
    if type.startswith(FOREIGN):
        return type.removeprefix(FOREIGN)
    return NATIVE + type if re.fullmatch(r"[a-z][a-z0-9_]*", type) else type

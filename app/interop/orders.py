"""What is known of class types apart from the table: which ones only hand something on, and widget orders."""

from __future__ import annotations

from typing import Any

PASSES = {  # class types that make nothing: their output is one of their inputs
    "PrimitiveBoolean": "value",
    "ComfySwitchNode": "on_true|on_false",
    "CFGNorm": "model",
    "ControlNetApplyAdvanced": "positive/negative",
    "ControlNetApplySD3": "positive/negative",
    "ControlNetInpaintingAliMamaApply": "positive/negative",
}
HOLDERS = frozenset({"PrimitiveInt", "PrimitiveFloat", "PrimitiveString", "PrimitiveStringMultiline"})
READ_BY_OTHERS = {
    "RandomNoise": "its seed goes to the sampler",
    "DisableNoise": "the sampler adds no noise",
}
PASS_WIDGETS: dict[str, dict[str, Any]] = {
    "ComfySwitchNode": {"switch": False},
    "RandomNoise": {"noise_seed": 0},
    "PrimitiveBoolean": {"value": False},
    "CFGNorm": {"strength": 1.0},
}
ORDERS = {  # widgets of class types that have no line in the table, so that their values get names
    "CLIPSetLastLayer": ("stop_at_clip_layer",),
    "CLIPTextEncodeFlux": ("clip_l", "t5xxl", "guidance"),
}

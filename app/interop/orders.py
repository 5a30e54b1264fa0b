"""What is known of class types apart from the table: which ones only hand something on, and widget orders."""

from __future__ import annotations

from typing import Any

PASSES = {  # class types that make nothing: their output is one of their inputs
    "PrimitiveBoolean": "value",
    "ComfySwitchNode": "on_true|on_false",
    "CFGNorm": "model",
    "DifferentialDiffusion": "model",
    "FluxKontextMultiReferenceLatentMethod": "conditioning",
    "T5TokenizerOptions": "clip",
    "ControlNetApplyAdvanced": "positive/negative",
    "ControlNetApplySD3": "positive/negative",
    "ControlNetInpaintingAliMamaApply": "positive/negative",
}
PASS_ONLY: dict[str, dict[str, tuple[Any, ...]]] = {  # with other values those make something of their own
    "DifferentialDiffusion": {"strength": (1,)},
    "FluxKontextMultiReferenceLatentMethod": {
        "reference_latents_method": ("offset", "index", "index_timestep_zero"),
    },
    "T5TokenizerOptions": {"min_padding": (0,), "min_length": (0,)},
}
PASS_NOTES = {  # what is a little different when they are left out
    "FluxKontextMultiReferenceLatentMethod": "a model takes references as its file says and it was trained",
    "T5TokenizerOptions": "a text is padded as its model was trained",
}
PASSED_AS = {  # what becomes of them, for docs/comfyui.md
    "PrimitiveBoolean": "its `value` becomes the value",
    "ComfySwitchNode": "hands on what its `switch` chooses, when that is typed in",
    "CFGNorm": "its value goes to the guidance",
    "DifferentialDiffusion": "goes to the nodes that set a mask, as `differential`",
    **{name: f"nothing: {text}" for name, text in PASS_NOTES.items()},
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
    "DifferentialDiffusion": {"strength": 1.0},
    "FluxKontextMultiReferenceLatentMethod": {"reference_latents_method": "offset"},
    "T5TokenizerOptions": {"min_padding": 0, "min_length": 0},
}
ORDERS = {  # widgets of class types that have no line in the table, so that their values get names
    "CLIPSetLastLayer": ("stop_at_clip_layer",),
}

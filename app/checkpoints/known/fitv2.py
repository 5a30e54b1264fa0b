"""FiTv2 as its authors store it."""

from __future__ import annotations

from typing import Any

from app.checkpoints.architecture import Architecture, Layout, count
from app.checkpoints.archive import Shapes
from app.checkpoints.known.dit import classes, original

PATCH = 2  # every published model
HEAD, HEADS = 72, {2304: 24}  # width of a head, and how many there are in the model of 3 billion parameters


def config(shapes: Shapes) -> dict[str, Any]:
    width, values = shapes["x_embedder.proj.weight"]
    return {
        "in_channels": values // PATCH**2,
        "patch_size": PATCH,
        "hidden_size": width,
        "num_attention_heads": HEADS.get(width, width // HEAD),
        "num_layers": count(shapes, "blocks"),
        "num_classes": classes(shapes),
        "adaln_rank": shapes["blocks.0.adaLN_modulation.1.weight"][0],
    }


FITV2 = Architecture(
    kind="transformer",
    name="fitv2",
    model="FiTv2Transformer2DModel",
    layouts=(
        Layout(
            "original",
            (
                "x_embedder.proj.weight",
                "global_adaLN_modulation.1.weight",
                "blocks.0.adaLN_modulation.2.weight",
                "blocks.0.mlp.fc1_g.weight",
            ),
            rules=original,
        ),
    ),
    config=config,
)

"""What families have in common whose pictures are told by a class instead of a prompt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from app.engine.prediction import ModelInput
from app.engine.tokens import Layout


def from_noise_to_picture(module: nn.Module, given: ModelInput) -> dict[str, Any]:
    """Return the arguments of a transformer whose time runs from noise 0 to picture 1."""
    return {**asked(given), "time": 1 - given.time()}


def from_picture_to_noise(module: nn.Module, given: ModelInput) -> dict[str, Any]:
    """Return the arguments of a transformer whose time runs from picture 0 to noise 1."""
    return {**asked(given), "time": given.time()}


def asked(given: ModelInput) -> dict[str, Any]:
    return {"latent": given.latent, "label": given.conditioning.tokens[:, 0]}


def label_table(module: Any) -> Tensor:
    """Return the vectors of the classes, (classes + 1, D)."""
    table: Tensor = module.y_embedder.embedding_table.weight
    return table


def cut(arguments: Mapping[str, Any], layout: Layout, active: Tensor) -> dict[str, Any]:
    """Cut the turns of each token, and a condition where there is one for each."""
    condition = arguments["condition"]
    return {
        "rotary": arguments["rotary"][active],
        "condition": condition if condition.shape[1] == 1 else condition[:, active],
    }


def half_for_rows(module: Any) -> tuple[int, int, int]:
    """Return the numbers of a head that turn with (frame, row, column)."""
    width: int = module.config.hidden_size // module.config.num_attention_heads
    return 0, width // 2, width // 2

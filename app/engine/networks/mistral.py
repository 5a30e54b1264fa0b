"""Mistral as Flux.2 reads it: hidden states on the way, so that neither the last layers nor the norm matter.

Reference: Black Forest Labs, FLUX.2 (2025), https://github.com/black-forest-labs/flux2
"""

from __future__ import annotations

from typing import Any

from torch import nn
from transformers import MistralConfig, MistralModel


class MistralStates(MistralModel):  # type: ignore[no-untyped-call]
    """The layers that a file has, without the norm behind them: all hidden states are of one kind."""

    def __init__(self, **sizes: Any) -> None:
        super().__init__(MistralConfig(**sizes))
        self.norm = nn.Identity()  # type: ignore[assignment]

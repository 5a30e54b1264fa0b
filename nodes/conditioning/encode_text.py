"""Encode a prompt into what the transformer reads."""

from __future__ import annotations

from typing import Annotated

from app.engine.conditioning import Conditioning
from app.engine.prompts.text_encoder import TextEncoder
from app.graph.node import node
from app.graph.widgets import TextBox


@node()
def encode_text(
    text_encoder: TextEncoder,
    prompt: Annotated[str, TextBox()] = "",
) -> Conditioning:
    """Turn a prompt into a conditioning.

    Args:
        text_encoder: The text encoder that came with the model.
        prompt: What the picture should show. Empty is allowed, and usual for the negative side of guidance.
    """
    return text_encoder.encode([prompt])

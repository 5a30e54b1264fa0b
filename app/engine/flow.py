"""What passes through a transformer in one call, so that techniques can say what they keep of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Flow:
    """Sizes at the places of a transformer where techniques take part (bytes).

    Attributes:
        entry: The tokens that enter the trunk, text included where it flows through the blocks.
        image: The image tokens among them.
        added: What all blocks of the trunk together add: tokens that come in and go out.
        attention: What the attention modules of the trunk return, all together.
        mlps: What its MLPs return, all together.
    """

    entry: int = 0
    image: int = 0
    added: int = 0
    attention: int = 0
    mlps: int = 0

"""How a family reads prompts: which text encoders, how many tokens of them, and what becomes of both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor

Padding = Literal["full", "zeroed", "zeros first", "none"]


class Encoded(NamedTuple):
    """What one text encoder says of prompts: `tokens` (B, L, D) and, if it can, `pooled` (B, D)."""

    tokens: Tensor
    pooled: Tensor | None


@dataclass(frozen=True)
class Seeing:
    """How a text encoder is asked about pictures.

    Attributes:
        wrap: Marks of the pictures and text of the user -> text that is encoded.
        drop: Tokens at the start that the transformer does not see.
        mark: Text that stands for a picture.
        filler: The word in it that is repeated for each token of the picture.
    """

    wrap: Callable[[str], str]
    drop: int
    mark: str
    filler: str


@dataclass(frozen=True)
class TextTower:
    """One text encoder as a family uses it.

    Attributes:
        architecture: Name that a header gives it.
        tokenizer: Its tokenizer in a model folder.
        encoder: The encoder itself there.
        length: Tokens of a prompt at most.
        padding: `full`: short prompts are filled up and the encoder sees the filling; `zeroed`: it does not,
            and the transformer sees zeros there, or before the prompt with `zeros first`; `none`: the
            transformer sees the prompt's own tokens only.
        layers_back: Hidden state to take, counted back from the last one.
        layers: Hidden states to take side by side instead, counted from the first.
        wrap: Text of the user -> text that is encoded.
        instruction: Put before a prompt, unless that is empty; the transformer sees its two ends only.
        drop: Tokens at the start that the transformer does not see.
        shown_filling: Filling tokens that the transformer sees, and the prompt's own tokens do not.
        needed: Whether the family works without it.
        silent: Whether it says nothing of a prompt of which `wrap` leaves nothing.
        seeing: How it is asked about pictures; None where it cannot look at any.
    """

    architecture: str
    tokenizer: str
    encoder: str
    length: int
    padding: Padding = "full"
    layers_back: int = 0
    layers: tuple[int, ...] = ()
    wrap: Callable[[str], str] = str
    instruction: str = ""
    drop: int = 0
    shown_filling: int = 0
    needed: bool = True
    silent: bool = False
    seeing: Seeing | None = None


Combine = Callable[[Mapping[str, Encoded]], tuple[Tensor, Tensor | None]]


@dataclass(frozen=True)
class Prompting:
    """The text encoders of a family, and how what they say becomes (tokens, pooled).

    Attributes:
        towers: The encoders.
        combine: What all of them say -> (tokens, pooled).
        speller: The encoder whose tokens stay apart, since they say how words in quotes are written.
    """

    towers: tuple[TextTower, ...]
    combine: Combine
    speller: str = ""


def lower_case(text: str) -> str:
    """Write a prompt as some models were trained to see it."""
    return text.lower().strip()


def tokens_of(architecture: str, pooled_of: str | None = None) -> Combine:
    """Take the tokens of one encoder, and the vector for the whole prompt of another."""

    def combine(encoded: Mapping[str, Encoded]) -> tuple[Tensor, Tensor | None]:
        return encoded[architecture].tokens, encoded[pooled_of].pooled if pooled_of else None

    return combine


def side_by_side(encoded: Mapping[str, Encoded]) -> tuple[Tensor, Tensor | None]:
    """Join the two CLIPs by width and append T5, as Stable Diffusion 3 does; without T5 there are zeros.

    Reference: Esser et al., Scaling Rectified Flow Transformers (2024), https://arxiv.org/abs/2403.03206
    """
    small, large, t5 = encoded["clip-l"], encoded["clip-g"], encoded.get("t5-xxl")
    clips = torch.cat([small.tokens, large.tokens], dim=-1)
    width = t5.tokens.shape[-1] if t5 else 4096
    clips = torch.nn.functional.pad(clips, (0, width - clips.shape[-1]))
    rest = t5.tokens if t5 else torch.zeros_like(clips)
    pooled = [found for found in (small.pooled, large.pooled) if found is not None]
    return torch.cat([clips, rest], dim=1), torch.cat(pooled, dim=-1)

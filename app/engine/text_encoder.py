"""Prompts to conditionings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from app.engine.conditioning import Conditioning
from app.engine.families import Family


@dataclass(frozen=True, eq=False)
class Tower:
    """One tokenizer with its encoder.

    Attributes:
        tokenizer: Called as tokenizers of transformers are.
        module: A text encoder of transformers.
        length: Tokens that every prompt is padded or cut to.
    """

    tokenizer: Any
    module: nn.Module
    length: int

    def __call__(self, prompts: Sequence[str]) -> Any:
        limits = {"padding": "max_length", "truncation": True, "max_length": self.length}
        ids: Tensor = self.tokenizer(list(prompts), return_tensors="pt", **limits).input_ids
        return self.module(input_ids=ids.to(next(self.module.parameters()).device))

    @property
    def nbytes(self) -> int:
        return sum(parameter.nbytes for parameter in self.module.parameters())


@dataclass(frozen=True, eq=False)
class TextEncoder:
    """A handle on what turns prompts into the conditioning of one family.

    Attributes:
        family: Whose transformer reads the result.
        tokens: Gives one vector for each text token.
        pooled: Gives one vector for the whole prompt; None where the family has none.
    """

    family: Family
    tokens: Tower
    pooled: Tower | None = None

    @torch.no_grad()
    def encode(self, prompts: Sequence[str]) -> Conditioning:
        """Return the conditioning of one or several prompts; the empty prompt is a prompt too."""
        tokens = self.tokens(prompts).last_hidden_state.float().cpu()
        pooled = self.pooled(prompts).pooler_output.float().cpu() if self.pooled else None
        return Conditioning(tokens, pooled, self.family.name)

    @property
    def nbytes(self) -> int:
        return self.tokens.nbytes + (self.pooled.nbytes if self.pooled else 0)

"""What a transformer is told about the picture it should make."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from app.engine.media import shape_of
from app.engine.storage import Stored
from app.graph.problem import Refusal


@dataclass(frozen=True, eq=False)
class Conditioning(Stored):
    """An encoded prompt.

    Attributes:
        tokens: (B, L, D), one vector for each text token.
        pooled: (B, D), one vector for the whole prompt; None where the family has none.
        family: Name of the model family whose text encoder wrote it.
        embedded_guidance: Guidance strength for models that take it as an input instead of a second branch.
    """

    tokens: Tensor
    pooled: Tensor | None
    family: str
    embedded_guidance: float = 3.5

    def __post_init__(self) -> None:
        if self.tokens.ndim != 3:
            raise Refusal(
                f"A conditioning is (batch, tokens, width); this one is {shape_of(self.tokens)}.",
                "Make it with Encode text.",
                code="bad_conditioning",
            )

    @property
    def nbytes(self) -> int:
        return self.tokens.nbytes + (self.pooled.nbytes if self.pooled is not None else 0)

    def for_batch(self, batch: int) -> Conditioning:
        """Return it with one row for each picture of a batch; one prompt serves them all."""
        if len(self.tokens) == batch:
            return self
        if len(self.tokens) != 1:
            raise Refusal(
                f"The conditioning holds {len(self.tokens)} prompts, the latent {batch} pictures.",
                "Use one prompt, or as many as pictures.",
                code="batch_mismatch",
            )
        pooled = None if self.pooled is None else self.pooled.expand(batch, -1)
        return replace(self, tokens=self.tokens.expand(batch, -1, -1), pooled=pooled)

    def to(self, device: torch.device, dtype: torch.dtype) -> Conditioning:
        """Return it where, and as precise as, a transformer wants it."""
        pooled = None if self.pooled is None else self.pooled.to(device, dtype)
        return replace(self, tokens=self.tokens.to(device, dtype), pooled=pooled)

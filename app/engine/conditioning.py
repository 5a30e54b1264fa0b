"""What a transformer is told about the picture it should make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from app.engine.media import shape_of
from app.engine.storage import Stored
from app.graph.problem import Refusal


@dataclass(frozen=True)
class Scope:
    """Where and when a prompt counts, among several.

    Attributes:
        strength: Its weight where others count too.
        start: Share of the run from which on it counts, 0 to 1.
        end: Share of the run up to which it counts.
        area: (left, top, width, height) as shares of the picture: the model then sees this part only.
    """

    strength: float = 1.0
    start: float = 0.0
    end: float = 1.0
    area: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, eq=False)
class Conditioning(Stored):
    """An encoded prompt, or several that share the picture.

    Attributes:
        tokens: (B, L, D), one vector for each text token.
        pooled: (B, D), one vector for the whole prompt; None where the family has none.
        family: Name of the model family whose text encoder wrote it.
        embedded_guidance: Guidance strength for models that take it as an input instead of a second branch.
        frame_rate: Frames a second of a video, for models that are told.
        scope: Where and when it counts.
        region: (1, H, W), 0..1, how much it counts at each place, at any resolution; None for everywhere.
        references: Latents (1, C, h, w) that editing models look at.
        beside: Channels (1 or B, C', h, w), or (1 or B, C', F, h, w), that models which fill, follow or
            animate a picture take beside those of the noisy latent; None for models without.
        vision: (1 or B, N, D), what a vision encoder says of pictures that the model looks at; None for none.
        spelling: (1 or B, G, D), how words in quotes are written, for models that draw them; None for none.
        others: Further prompts for the same picture.
    """

    tokens: Tensor
    pooled: Tensor | None
    family: str
    embedded_guidance: float = 3.5
    frame_rate: float = 25.0
    scope: Scope = Scope()
    region: Tensor | None = None
    references: tuple[Tensor, ...] = ()
    beside: Tensor | None = None
    vision: Tensor | None = None
    spelling: Tensor | None = None
    others: tuple[Conditioning, ...] = ()

    def __post_init__(self) -> None:
        if self.tokens.ndim != 3:
            raise Refusal(
                f"A conditioning is (batch, tokens, width); this one is {shape_of(self.tokens)}.",
                "Make it with Encode text.",
                code="bad_conditioning",
            )

    @property
    def nbytes(self) -> int:
        apart = (self.beside, self.vision, self.spelling, *self.references)
        own = (self.tokens, self.pooled, self.region, *apart)
        return sum(x.nbytes for x in own if x is not None) + sum(other.nbytes for other in self.others)

    @property
    def parts(self) -> tuple[Conditioning, ...]:
        """Each prompt by itself."""
        return replace(self, others=()), *self.others

    @property
    def everywhere(self) -> bool:
        """Whether it is one prompt that counts at every place and time, so that its weight says nothing."""
        return self.region is None and replace(self.scope, strength=1.0) == Scope() and not self.others

    def each(self, **changes: Any) -> Conditioning:
        """Return it with changes to every prompt in it."""
        first, *others = (replace(part, **changes) for part in self.parts)
        return replace(first, others=tuple(others))

    def scoped(self, **changes: Any) -> Conditioning:
        """Return it with changes to the scope of every prompt in it."""
        first, *others = (replace(part, scope=replace(part.scope, **changes)) for part in self.parts)
        return replace(first, others=tuple(others))

    def at(self, share: float) -> Iterator[tuple[int, Conditioning]]:
        """Yield the prompts that count at a share of the run, with their numbers."""
        active = [
            (number, part)
            for number, part in enumerate(self.parts)
            if part.scope.start <= share <= part.scope.end
        ]
        if not active:
            raise Refusal(
                f"After {share:.0%} of the run no prompt counts.",
                "Let the time ranges of the prompts cover the whole run, from 0 to 1.",
                code="no_prompt",
                input="guider",
            )
        yield from active

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
        references = tuple(latent.to(device, dtype) for latent in self.references)
        beside = None if self.beside is None else self.beside.to(device, dtype)
        vision = None if self.vision is None else self.vision.to(device, dtype)
        spelling = None if self.spelling is None else self.spelling.to(device, dtype)
        moved = replace(self, tokens=self.tokens.to(device, dtype), pooled=pooled, references=references)
        return replace(moved, beside=beside, vision=vision, spelling=spelling)


def stacked(one: Conditioning, other: Conditioning) -> Conditioning:
    """Return both prompts as one batch, with what else the first one says."""
    if one.spelling is not None or other.spelling is not None:
        raise Refusal(
            "Prompts with words in quotes to be drawn cannot be asked as one batch.",
            "Take the quotes away, or use CFG.",
            code="token_mismatch",
            input="negative",
        )
    if one.tokens.shape[1:] != other.tokens.shape[1:]:
        raise Refusal(
            f"The prompts are {shape_of(one.tokens)} and {shape_of(other.tokens)}, and must be alike.",
            "Encode both with the same text encoder.",
            code="token_mismatch",
            input="negative",
        )
    tokens = torch.cat([one.tokens, other.tokens.to(one.tokens)])
    pooled = None
    if one.pooled is not None and other.pooled is not None:
        pooled = torch.cat([one.pooled, other.pooled.to(one.pooled)])
    beside = one.beside
    if beside is not None and len(beside) > 1:
        beside = torch.cat([beside, beside])
    return replace(one, tokens=tokens, pooled=pooled, beside=beside)

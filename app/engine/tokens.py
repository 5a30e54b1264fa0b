"""What flows between transformer blocks, and where in it the picture and the text are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

Stream = Literal["image", "text"]
Sequence = Literal["image", "text", "joint"]


@dataclass(frozen=True, eq=False)
class Tokens:
    """The token streams at one place of the transformer, always apart, however the model carries them.

    Attributes:
        streams: `image` (B, N, D) and `text` (B, L, D). One that the model does not carry there is absent.
    """

    streams: Mapping[Stream, Tensor]

    @property
    def image(self) -> Tensor:
        """(B, N, D). Every block of the trunk has it."""
        return self.streams["image"]

    @property
    def text(self) -> Tensor | None:
        """(B, L, D), or None where text only comes in through cross-attention."""
        return self.streams.get("text")

    def __add__(self, other: Tokens) -> Tokens:
        """Add stream by stream; a stream that `other` lacks stays as it is."""
        sums = {name: x + other.streams[name] for name, x in self.streams.items() if name in other.streams}
        return Tokens({**self.streams, **sums})

    def __sub__(self, other: Tokens) -> Tokens:
        """Subtract stream by stream, over the streams that both have."""
        shared = self.streams.keys() & other.streams.keys()
        return Tokens({name: x - other.streams[name] for name, x in self.streams.items() if name in shared})

    def __mul__(self, factor: float) -> Tokens:
        """Scale every stream."""
        return Tokens({name: x * factor for name, x in self.streams.items()})

    @property
    def nbytes(self) -> int:
        return sum(x.nbytes for x in self.streams.values())


@dataclass(frozen=True, eq=False)
class Layout:
    """Where image and text tokens lie, and which place of the picture each image token stands for.

    Attributes:
        grid: (frames, rows, columns) of the whole picture in tokens.
        text: Number of text tokens L.
        order: Which stream comes first where a model joins both in one sequence.
        active: Image tokens (N,) the trunk works on, as indices into the grid; None for all of them.
        lead: How many of the text tokens stand before those of the prompt, which models add that fill up the
            picture's tokens; blocks before the trunk that work on text alone are without them.
    """

    grid: tuple[int, int, int]
    text: int
    order: tuple[Stream, Stream] = ("text", "image")
    active: Tensor | None = None
    lead: int = 0

    @property
    def image(self) -> int:
        """Number of image tokens N."""
        frames, rows, columns = self.grid
        return frames * rows * columns if self.active is None else len(self.active)

    def length(self, stream: Stream) -> int:
        return self.image if stream == "image" else self.text

    def spans(self, sequence: Sequence) -> dict[Stream, slice]:
        """Return where each stream lies in an attention sequence."""
        if sequence != "joint":
            return {sequence: slice(0, self.length(sequence))}
        first, second = self.order
        middle = self.length(first)
        return {first: slice(0, middle), second: slice(middle, middle + self.length(second))}

    def positions(self, device: torch.device | None = None) -> Tensor:
        """Return (frame, row, column) of each image token, (N, 3)."""
        every = torch.cartesian_prod(*(torch.arange(size, device=device) for size in self.grid)).reshape(
            -1, 3
        )
        return every if self.active is None else every[self.active]

    def subset(self, active: Tensor | None) -> Layout:
        """Return the layout of a trunk that works on the image tokens `active` only."""
        return replace(self, active=active)

    def rows(self, sequence: Sequence, active: Tensor) -> Tensor:
        """Return the rows of the whole `sequence` that a trunk on the image tokens `active` works on."""
        if sequence == "image":
            return active
        span = self.spans(sequence)
        text = torch.arange(span["text"].start, span["text"].stop, device=active.device)
        if sequence == "text":
            return text
        parts: dict[Stream, Tensor] = {"text": text, "image": span["image"].start + active}
        return torch.cat([parts[name] for name in self.order])

    def join(self, tokens: Tokens) -> Tensor:
        """Return both streams as the one sequence that the model carries, (B, N + L, D)."""
        return torch.cat([tokens.streams[name] for name in self.order], dim=1)

    def split(self, joint: Tensor) -> Tokens:
        """Take the sequence of `join` apart again, without copying."""
        return Tokens({name: joint[:, span] for name, span in self.spans("joint").items()})

"""How tensors are called in a file and in diffusers, and what is cut or swapped on the way.

A layout is a list of rules. They work on names and shapes alone, so that a header is enough to say what
would be missing, and so that the same rules serve whole weights, quantised rows and low-rank updates.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from app.checkpoints.archive import Shapes
from app.checkpoints.entry import Shape

Rows = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Piece:
    """Where a tensor of the model comes from.

    Attributes:
        source: Name in the file.
        rows: Ranges of rows, put together in this order; empty for all of them.
        flat: Whether a 1 x 1 convolution becomes a matrix.
    """

    source: str
    rows: Rows = ()
    flat: bool = False

    def shape(self, shape: Shape) -> Shape:
        """Return the shape it has in the model, given its shape in the file."""
        if self.rows:
            shape = (sum(end - start for start, end in self.rows), *shape[1:])
        return shape[:2] if self.flat else shape


@dataclass(frozen=True)
class Rule:
    """One kind of tensor.

    Attributes:
        original: Its module or its own name in the file; `*` stands for a number.
        ours: Its name in diffusers, or several where the file holds them as one, stacked by rows.
        shares: How the rows are shared out among several; equally where it is empty.
        swap: The first half of the rows comes last: (shift, scale) against (scale, shift).
        flat: A 1 x 1 convolution becomes a matrix.
    """

    original: str
    ours: tuple[str, ...]
    shares: tuple[int, ...] = ()
    swap: bool = False
    flat: bool = False

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(re.escape(self.original).replace(r"\*", r"(\d+)") + r"(?P<leaf>\..+)?")

    def names(self, name: str) -> tuple[str, ...]:
        """Return the diffusers names of `name`, or none where the rule is not about it."""
        if (match := self.pattern.fullmatch(name)) is None:
            return ()
        *numbers, leaf = match.groups()
        return tuple(numbered(ours, numbers) + (leaf or "") for ours in self.ours)

    def pieces(self, name: str, shape: Shape) -> dict[str, Piece]:
        """Return what `name` becomes, by diffusers name."""
        names = self.names(name)
        if not names or not shape or shape[0] < 2:  # one scale for all rows
            return {ours: Piece(name) for ours in names}
        flat = self.flat and len(shape) > 2
        return {ours: Piece(name, rows, flat) for ours, rows in zip(names, self.cuts(shape[0]), strict=True)}

    def cuts(self, rows: int) -> list[Rows]:
        """Return the rows of each of `ours`."""
        if self.swap:
            return [((rows // 2, rows), (0, rows // 2))]
        if len(self.ours) == 1:
            return [()]
        shares = self.shares or (1,) * len(self.ours)
        ends = [rows * sum(shares[: count + 1]) // sum(shares) for count in range(len(shares))]
        return [((start, end),) for start, end in zip([0, *ends], ends, strict=False)]


def rule(original: str, *ours: str, shares: tuple[int, ...] = (), swap: bool = False) -> Rule:
    """Write a rule on one line."""
    return Rule(original, ours, shares, swap)


def original_name(name: str, rules: Iterable[Rule]) -> str:
    """Return what the authors call a tensor of diffusers: what `translate` makes it from."""
    for entry in rules:
        for ours in entry.ours:
            if names := Rule(ours, (entry.original,)).names(name):
                return names[0]
    return name


def numbered(name: str, numbers: Iterable[str]) -> str:
    for number in numbers:
        name = name.replace("*", number, 1)
    return name


def translate(shapes: Shapes, rules: Iterable[Rule]) -> dict[str, Piece]:
    """Return where each tensor of the model comes from; a name without a rule stays what it is."""
    rules, found = tuple(rules), dict[str, Piece]()
    for name, shape in shapes.items():
        pieces = (rule.pieces(name, shape) for rule in rules)
        found |= next((piece for piece in pieces if piece), {name: Piece(name)})
    return found


def shapes_of(pieces: Mapping[str, Piece], shapes: Shapes) -> dict[str, Shape]:
    """Return the shapes in the model."""
    return {name: piece.shape(shapes[piece.source]) for name, piece in pieces.items()}

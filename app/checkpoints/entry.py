"""One tensor in a weight file, as its header describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

Shape = tuple[int, ...]


class Place(NamedTuple):
    """A tensor by its name in a file."""

    file: Path
    name: str


@dataclass(frozen=True)
class Entry:
    """One tensor in a file.

    Attributes:
        file: Where it lies.
        dtype: As the file calls it: `BF16`, `F8_E4M3`, `Q4_K`; of a quantised weight what it is: `NF4`.
        shape: Sizes, outermost first.
        nbytes: What it takes in the file, with the scales that belong to it (bytes).
        start: Where it begins in the file (bytes).
        parts: What belongs to a quantised weight, by the role it plays: `scale`, `absmax`.
        settings: What the file says of how a weight is quantised.
        called: What the tensor is called in the file, where that is not how others name it.
    """

    file: Path
    dtype: str
    shape: Shape
    nbytes: int
    start: int = 0
    parts: Mapping[str, Place] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    called: str = ""

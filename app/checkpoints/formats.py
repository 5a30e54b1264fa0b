"""What quantised weights cost and bring, told by a file's header alone."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from app.checkpoints.entry import Entry

UNITS = ("B", "kB", "MB", "GB", "TB")
PLAIN = ("F64", "F32", "F16", "BF16")
DECODED = "decoded before each product: saves memory, not time"
MULTIPLIED = "multiplied as whole numbers: saves memory, and time where processor or GPU is made for it"


def quantisation(entries: Iterable[Entry]) -> str:
    """Say how many matrices are quantised and how, what that saves, and how they will be computed."""
    matrices = [entry for entry in entries if len(entry.shape) == 2]
    small = [entry for entry in matrices if entry.dtype not in PLAIN]
    if not small:
        return ""
    kinds = Counter(title(entry) for entry in small)
    shown = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    saved = sum(2 * math.prod(entry.shape) - entry.nbytes for entry in small)
    ways = {MULTIPLIED if multiplied(entry) else DECODED for entry in small}
    return (
        f"{shown} of {len(matrices)} matrices, {readable(saved)} less than in 16 bits; "
        f"{'; '.join(sorted(ways, reverse=True))}"
    )


def readable(size: float) -> str:
    """Return a number of bytes in words."""
    unit = 0
    while size >= 999.5 and unit < len(UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.3g} {UNITS[unit]}"


def multiplied(entry: Entry) -> bool:
    """Whether a file means its weight for products of whole numbers, with inputs rounded too."""
    said = entry.settings
    dynamic = said.get("dynamic", said.get("format") == "int8_tensorwise")
    return bool(dynamic) and not said.get("full_precision_matrix_mult")


def title(entry: Entry) -> str:
    return {"I8": "W8A8", "I4": "W4A8"}[entry.dtype] if multiplied(entry) else entry.dtype

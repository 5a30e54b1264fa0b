"""How an input of a V1 class is drawn, and what stands in it at first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.graph.spec import REQUIRED, Input
from app.graph.widgets import (
    SEED_LIMIT,
    Checkbox,
    Choice,
    ImageFile,
    Number,
    Seed,
    Slider,
    TextBox,
    TextLine,
    Widget,
)
from app.interop.packs import kinds

LONGEST = 1_000_000  # characters of a text
MOST_CHOICES = 10_000
EMPTY: dict[str, Any] = {"int": 0, "float": 0.0, "bool": False, "str": ""}


class Absent:
    """The value of an optional input that nothing feeds: the function is called without it."""

    def __repr__(self) -> str:
        return "absent"


ABSENT = Absent()


@dataclass(frozen=True)
class Declared:
    """One entry of INPUT_TYPES: `(type, options)`, where a list of words may stand for the type."""

    name: str
    kind: Any
    options: Mapping[str, Any]
    required: bool

    @property
    def words(self) -> tuple[Any, ...]:
        """The words to choose from; empty for all that is no choice."""
        found = self.options.get("options", ()) if self.kind == kinds.COMBO else self.kind
        listed = isinstance(found, Sequence) and not isinstance(found, str)
        return tuple(found)[:MOST_CHOICES] if listed else ()

    @property
    def choice(self) -> bool:
        return not isinstance(self.kind, str) or self.kind == kinds.COMBO


def declared(name: str, entry: Any, *, required: bool) -> Declared:
    """Read an entry of INPUT_TYPES; raises TypeError when it is none."""
    if not isinstance(entry, Sequence) or isinstance(entry, str) or not entry:
        raise TypeError(f"INPUT_TYPES: '{name}' is {entry!r}, expected a tuple (type, options)")
    options = entry[1] if len(entry) > 1 and isinstance(entry[1], Mapping) else {}
    return Declared(str(name), entry[0], options, required)


def read_input(entry: Declared, *, own_types: bool, unchecked: bool) -> Input:
    """Return an entry as an input of ours.

    `own_types`: the class compares types itself; `unchecked`: it looks at the value itself.
    """
    kind = "choice" if entry.choice else kinds.ours(entry.kind)
    widget = None if entry.options.get("forceInput") else widget_of(kind, entry)
    return Input(
        name=entry.name,
        type="Any" if own_types and widget is None else kind,
        help=str(entry.options.get("tooltip") or ""),
        default=default_of(kind, entry, widget),
        choices=entry.words if entry.choice else (),
        widget=widget,
        lazy=bool(entry.options.get("lazy")),
        free=widget is None or unchecked,
    )


def widget_of(kind: str, entry: Declared) -> Widget | None:
    """Return what an input is drawn with; None makes it a port."""
    if kind in ("int", "float"):
        return number(kind, entry)
    if kind == "str":
        return TextBox(max_length=LONGEST) if entry.options.get("multiline") else TextLine(LONGEST)
    if kind == "choice":
        return ImageFile() if entry.options.get("image_upload") else Choice()
    return Checkbox() if kind == "bool" else None


def number(kind: str, entry: Declared) -> Widget:
    """Return a seed, a slider or a field, by limits and name."""
    low, high = (limit(entry.options.get(name)) for name in ("min", "max"))
    step = entry.options.get("step") or (1 if kind == "int" else 0.01)
    if kind == "int" and high is not None and high >= SEED_LIMIT and low == 0:
        return Seed()
    if entry.options.get("display") == "slider" and low is not None and high is not None:
        return Slider(low, high, step)
    return Number(low, high, step)


def limit(value: Any) -> float | None:
    """Return a limit that JSON can hold."""
    usable = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return value if usable else None


def default_of(kind: str, entry: Declared, widget: Widget | None) -> Any:
    """Return what stands in an input at first, as ComfyUI's frontend fills it in."""
    if widget is None:
        return REQUIRED if entry.required else ABSENT
    given = entry.options.get("default")
    if kind == "choice":
        return given if given in entry.words or not entry.words else entry.words[0]
    if given is None:
        return EMPTY[kind]
    return float(given) if kind == "float" else given

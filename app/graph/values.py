"""What a typed-in value must look like, and the value a node function gets for it."""

from __future__ import annotations

import sys
from typing import Any

from app.graph.problem import Problem
from app.graph.spec import Input
from app.graph.widgets import SEED_LIMIT, Number, Seed, Slider, TextBox, TextLine


class BadValue(Exception):
    """The value does not fit its input."""

    def __init__(self, code: str, message: str, remedy: str) -> None:
        super().__init__(f"{message} {remedy}")
        self.code, self.message, self.remedy = code, message, remedy

    def at(self, node: str, input: str) -> Problem:
        """Return the finding with its place."""
        return Problem(self.code, f"{node}: {self.message}", self.remedy, node, input)


def convert(entry: Input, value: Any) -> Any:
    """Return `value` as the type that the input declares; raises BadValue."""
    match entry.type:
        case "int":
            return within(entry, whole(entry, value))
        case "float":
            return within(entry, real(entry, value))
        case "bool" if not isinstance(value, bool):
            raise BadValue(
                "wrong_type", f"{entry.name} is {shown(value)}, allowed is true or false.", "Tick it or not."
            )
        case "str":
            return text(entry, value)
        case "choice" if value not in entry.choices and not entry.free:
            allowed = ", ".join(map(str, entry.choices))
            raise BadValue(
                "not_a_choice",
                f"{entry.name} is {shown(value)}, allowed are {allowed}.",
                "Choose one of them.",
            )
    return value


def parse(entry: Input, word: str) -> Any:
    """Return the value that a command-line word stands for; raises BadValue."""
    if entry.type == "bool":
        known = {"true": True, "1": True, "on": True, "false": False, "0": False, "off": False}
        return convert(entry, known.get(word.lower(), word))
    if entry.type == "choice":
        return next((choice for choice in entry.choices if str(choice) == word), word)
    if entry.type == "float":
        try:
            return convert(entry, float(word))
        except ValueError:
            return convert(entry, word)
    return convert(entry, word)


def whole(entry: Input, value: Any) -> int:
    """Read an integer; browsers send large ones as text and 20 as 20.0."""
    if isinstance(value, str) and value.lstrip("-").isdecimal() and len(value) <= 20:
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise BadValue(
        "wrong_type", f"{entry.name} is {shown(value)}, allowed is a whole number.", "Type a whole number."
    )


def real(entry: Input, value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max:
        return float(value)
    raise BadValue("wrong_type", f"{entry.name} is {shown(value)}, allowed is a number.", "Type a number.")


def within(entry: Input, value: Any) -> Any:
    low, high = (None, None) if entry.free else limits(entry)
    if (low is not None and value < low) or (high is not None and value > high):
        raise BadValue(
            "out_of_range",
            f"{entry.name} is {shown(value)}, allowed is {span(low, high)}.",
            f"Set {entry.name} in that range.",
        )
    return value


def span(low: float | None, high: float | None) -> str:
    """Say a range of numbers; whole ones with all their digits."""
    least, most = (str(end) if isinstance(end, int) else f"{end or 0.0:g}" for end in (low, high))
    if low is not None and high is not None:
        return f"{least} to {most}"
    return f"{least} or more" if high is None else f"{most} or less"


def limits(entry: Input) -> tuple[float | None, float | None]:
    """Return the smallest and largest allowed number; None where there is no limit."""
    match entry.widget:
        case Slider(low, high) | Number(low, high):
            return low, high
        case Seed():
            return 0, SEED_LIMIT
    return None, None


def text(entry: Input, value: Any) -> str:
    if not isinstance(value, str):
        raise BadValue("wrong_type", f"{entry.name} is {shown(value)}, allowed is text.", "Type text.")
    if isinstance(entry.widget, TextBox | TextLine) and len(value) > entry.widget.max_length:
        raise BadValue(
            "too_long",
            f"{entry.name} has {len(value):,} characters, allowed are {entry.widget.max_length:,}.",
            "Shorten it.",
        )
    if half := broken_character(value):
        raise BadValue(
            "wrong_type",
            f"{entry.name} has half a character (an unpaired surrogate) at place {half}.",
            "Delete it, or type the character again.",
        )
    return value


def broken_character(value: str) -> int:
    """Return the place, from 1, of a character that no file and no text encoder takes; 0: there is none."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        return error.start + 1
    return 0


def shown(value: Any) -> str:
    """Show a value in a message, cut to a readable length."""
    word = repr(value)
    return word if len(word) <= 60 else word[:57] + "..."

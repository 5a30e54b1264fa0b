"""Grids of values over the inputs of a document, as `--over node.input=a,b,c` writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from app.graph.catalog import Catalog
from app.graph.edit import NoSuchInput, set_value
from app.graph.values import BadValue
from app.graph.workflow import Workflow


class BadAxis(Exception):
    """The text names no values of an input; the message says what is wrong."""


@dataclass(frozen=True)
class Axis:
    """An input and the words for its values."""

    node: str
    name: str
    words: tuple[str, ...]

    @property
    def place(self) -> str:
        return f"{self.node}.{self.name}"


def read_axis(text: str) -> Axis:
    """Read `node.input=a,b,c`; a comma inside a value stands after a backslash."""
    place, equals, words = text.partition("=")
    node, dot, name = place.rpartition(".")
    if not equals or not dot or not words:
        raise BadAxis(f"{text!r}: write it as node.input=value,value, for example sample.seed=1,2,3.")
    values = words.replace("\\,", "\0").split(",")
    return Axis(node, name, tuple(value.replace("\0", ",") for value in values))


def points(axes: Sequence[Axis]) -> Iterator[dict[str, str]]:
    """Yield every combination of values, by place; the last axis changes fastest."""
    for words in product(*(axis.words for axis in axes)):
        yield {axis.place: word for axis, word in zip(axes, words, strict=True)}


def at_point(document: Workflow, point: Mapping[str, str], catalog: Catalog) -> Workflow:
    """Return the document with the values of a point."""
    for place, word in point.items():
        node, _, name = place.rpartition(".")
        try:
            document = set_value(document, node, name, word, catalog)
        except (NoSuchInput, BadValue) as error:
            raise BadAxis(f"{place}={word}: {error}") from None
    return document


def named(point: Mapping[str, str]) -> str:
    """Return a point in words."""
    return ", ".join(f"{place}={word}" for place, word in point.items())

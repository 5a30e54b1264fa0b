"""A chosen word and its number, that several nodes can share."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from app.graph.node import node
from app.graph.widgets import Number, TextLine


class Chosen(NamedTuple):
    """The word and its number."""

    text: str
    number: int


@node(lane="pool")
def chosen_word(
    word: Annotated[str, TextLine(10_000)] = "",
    index: Annotated[int, Number(0, 1_000)] = 0,
) -> Chosen:
    """Give a word and the number that it has in a list of choices.

    Args:
        word: The word.
        index: Its number, counted from 0.
    """
    return Chosen(word, index)

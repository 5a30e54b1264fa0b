"""The greedy search finds planted heads and stops where nothing gets better."""

from collections.abc import Sequence

from app.engine.block_choice import read_blocks
from app.engine.guidance.head_search import Head, choice_of, greedy, written

CANDIDATES = [Head(depth, head) for depth in range(3) for head in range(4)]
WORTH = {Head(2, 1): 5.0, Head(0, 3): 3.0, Head(1, 0): 1.0}


def worth(heads: Sequence[Head]) -> float:
    return sum(WORTH.get(head, -1.0) for head in heads)


def test_it_finds_the_planted_heads_the_best_first() -> None:
    found = greedy(worth, CANDIDATES, rounds=2, each=1)
    assert found.heads == (Head(2, 1), Head(0, 3)) and found.scores == (0.0, 5.0, 8.0)


def test_a_round_may_take_several_and_one_without_gain_ends_it() -> None:
    found = greedy(worth, CANDIDATES, rounds=9, each=2)
    assert set(found.heads) == set(WORTH) and found.scores == (0.0, 8.0, 9.0)


def test_heads_are_written_as_they_are_read() -> None:
    text = written([Head(12, 3), Head(12, 0), Head(7, 1)])
    assert text == "7.1, 12.0.3"
    assert read_blocks(text) == choice_of([Head(7, 1), Head(12, 0), Head(12, 3)])

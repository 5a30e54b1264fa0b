"""An evolutionary search for the noise levels at which a few steps come nearest to many.

Each generation keeps the best schedules, crosses and changes them, and scores the new ones. All chance comes
from one seed, so a search that is given the scores it has had already goes the same way again: that is how it
is taken up after a break.

Reference: Li et al., AutoDiffusion: Training-Free Optimization of Time Steps and Architectures (2023), https://arxiv.org/abs/2309.10438
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

from app.engine.walking.savepoint import Savepoint

Levels = tuple[float, ...]
Score = Callable[[Levels], float]
"""How bad a schedule is; lower is better."""
DIGITS = 3  # of a level: finer differences show in no picture
STATE = "scores"
KEPT = 0.3  # share of a generation that lives on
SPREAD = 0.08  # standard deviation of a change to a level


@dataclass
class Known:
    """The scores so far, kept on disk where there is a place for them."""

    score: Score
    savepoint: Savepoint | None
    scores: dict[Levels, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        data = self.savepoint.get(STATE) if self.savepoint else None
        self.scores = {tuple(levels): value for levels, value in json.loads(data)} if data else {}

    def __call__(self, levels: Levels) -> float:
        if levels not in self.scores:
            self.scores[levels] = self.score(levels)
        return self.scores[levels]

    def keep(self) -> None:
        if self.savepoint:
            self.savepoint.put(STATE, json.dumps(list(self.scores.items())).encode())

    def forget(self) -> None:
        """Leave nothing on disk, once the search is done."""
        if self.savepoint:
            self.savepoint.clear()


@dataclass(frozen=True)
class ScheduleSearch:
    """How to search.

    Attributes:
        population: Schedules in a generation.
        generations: How often new ones are made; 0 leaves the schedule as it is.
        mutation: How likely a level is to be changed.
        seed: Settles all chance.
    """

    population: int
    generations: int
    mutation: float
    seed: int

    def search(self, start: Levels, known: Known) -> Iterator[tuple[Levels, float]]:
        """Yield the best schedule so far and its score: of the start, and after each generation.

        The first and the last level stay as they are.
        """
        random, people = Random(self.seed), [start]
        yield start, known(start)
        for _ in range(self.generations):
            people = self.generation(people, random)
            people = sorted(people, key=known)[: max(2, round(KEPT * self.population))]
            known.keep()
            yield people[0], known(people[0])

    def generation(self, people: list[Levels], random: Random) -> list[Levels]:
        """Return the living with as many children as there is room for; twins are born once."""
        found = dict.fromkeys(people)
        for _ in range(10 * self.population):  # short schedules have few variants
            if len(found) >= self.population:
                break
            parents = random.choice(people), random.choice(people)
            found[self.mutated(crossed(*parents, random), random)] = None
        return list(found)

    def mutated(self, levels: Levels, random: Random) -> Levels:
        """Return levels each of which may have moved, in order again."""
        first, *inner, last = levels
        moved = [
            level + random.gauss(0, SPREAD) if random.random() < self.mutation else level for level in inner
        ]
        return repaired((first, *moved, last))


def crossed(one: Levels, other: Levels, random: Random) -> Levels:
    """Return a schedule with each level from either parent."""
    return repaired(tuple(random.choice(pair) for pair in zip(one, other, strict=True)))


def repaired(levels: Levels) -> Levels:
    """Return levels that fall strictly, between the first and the last one, rounded."""
    first, *inner, last = levels
    step = 10.0**-DIGITS
    room = [min(max(level, last + step), first - step) for level in inner]
    values = [first, *sorted(room, reverse=True), last]
    if all(round(a, DIGITS) > round(b, DIGITS) for a, b in pairwise(values)):
        return (first, *(round(level, DIGITS) for level in values[1:-1]), last)
    even = [first + (last - first) * at / (len(values) - 1) for at in range(len(values))]
    mixed = [0.9 * value + 0.1 * level for value, level in zip(values, even, strict=True)]
    return (first, *(round(level, DIGITS) for level in mixed[1:-1]), last)

"""The search for noise levels: it finds known ones, never gets worse, and goes on where it was."""

from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from app.engine.schedules.schedule_search import Known, Levels, ScheduleSearch, repaired

EVEN = (1.0, 0.75, 0.5, 0.25, 0.0)
BEST = (1.0, 0.9, 0.7, 0.35, 0.0)


@dataclass
class Place:
    """A savepoint in memory."""

    data: dict[str, bytes] = field(default_factory=dict)
    every: int = 1
    after: float = 0.0

    def put(self, name: str, data: bytes) -> None:
        self.data[name] = data

    def get(self, name: str) -> bytes | None:
        return self.data.get(name)

    def clear(self) -> None:
        self.data.clear()


def distance(levels: Levels) -> float:
    return sum((a - b) ** 2 for a, b in zip(levels, BEST, strict=True))


def run(search: ScheduleSearch, known: Known) -> list[tuple[Levels, float]]:
    return list(search.search(EVEN, known))


def test_known_levels_are_found() -> None:
    found = run(ScheduleSearch(20, 25, 0.5, 1), Known(distance, None))
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True), "a generation is never worse than the last"
    assert scores[-1] < scores[0] / 100 and found[-1][0] == pytest.approx(BEST, abs=0.03)


def test_chance_comes_from_the_seed() -> None:
    one, same, other = (run(ScheduleSearch(8, 4, 0.5, seed), Known(distance, None)) for seed in (1, 1, 2))
    assert one == same != other


def test_no_generations_leave_the_schedule() -> None:
    assert run(ScheduleSearch(20, 0, 0.5, 0), Known(distance, None)) == [(EVEN, distance(EVEN))]


def test_every_schedule_is_valid_and_tried_once() -> None:
    known = Known(distance, None)
    run(ScheduleSearch(20, 10, 1.0, 3), known)
    for levels in known.scores:
        assert len(levels) == 5 and levels[0] == 1 and levels[-1] == 0
        assert all(a > b for a, b in pairwise(levels))
    assert len(known.scores) > 100


@pytest.mark.parametrize("levels", [(1.0, 0.5, 0.5, 0.5, 0.0), (1.0, 2.0, -1.0, 0.2, 0.0), (0.9, 0.9, 0.3)])
def test_repaired_levels_fall(levels: Levels) -> None:
    mended = repaired(levels)
    assert all(a > b for a, b in pairwise(mended)) and (mended[0], mended[-1]) == (levels[0], levels[-1])


def test_a_search_that_was_cut_off_goes_on() -> None:
    place, search = Place(), ScheduleSearch(10, 6, 0.5, 5)
    asked: list[Levels] = []

    def score(levels: Levels) -> float:
        if len(asked) == 25:
            raise KeyboardInterrupt
        asked.append(levels)
        return distance(levels)

    whole = run(search, Known(distance, None))
    with pytest.raises(KeyboardInterrupt):
        run(search, Known(score, place))
    stored = len(Known(distance, place).scores)
    assert 10 <= stored <= 25, "what whole generations found is kept"
    known = set(Known(distance, place).scores)
    more: list[Levels] = []

    def counted(levels: Levels) -> float:
        more.append(levels)
        return distance(levels)

    again = Known(counted, place)
    assert run(search, again) == whole
    assert len(more) == len(again.scores) - stored and not set(more) & known
    again.forget()
    assert place.data == {}

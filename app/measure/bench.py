"""Set a document against itself without its techniques, and against simply fewer steps that cost the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from math import inf, isinf
from statistics import fmean, median
from typing import Any

from app.graph.problem import listed
from app.graph.workflow import Workflow
from app.measure.quality import Quality, quality
from app.measure.trial import Laboratory, Trial
from app.measure.variants import (
    NothingToCompare,
    behind,
    refuse_comparisons,
    steps_of,
    techniques,
    with_seed,
    with_steps,
    without,
)

SAME = Quality(inf, 1.0, 0.0)  # a run against itself
CURVE = (0.8, 0.6, 0.45, 0.3, 0.2)  # shares of the steps, for the line that a technique must beat
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Row:
    """One variant of a document.

    Attributes:
        name: For people.
        steps: Sampling steps.
        time: Time of its sampling over that of the plain document's (no unit).
        saved: Share of the work that its techniques say they saved; None for plain ones.
        quality: Against the plain document; None for that itself.
        figures: Means of what nodes for measuring say of it, by `node.output`.
    """

    name: str
    steps: int
    time: float
    saved: float | None
    quality: Quality | None
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """The document without techniques, with them, in fewer steps at equal cost, and in ever fewer steps.

    `notes` are what the techniques said in words.
    """

    techniques: tuple[str, ...]
    seeds: tuple[int, ...]
    plain: Row
    patched: Row
    equal_cost: Row
    fewer: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> Iterator[Row]:
        yield from (self.plain, self.patched, self.equal_cost, *self.fewer)

    @property
    def verdict(self) -> str:
        """Say in one sentence whether the techniques were worth it."""
        mine, other = self.patched.quality, self.equal_cost.quality
        if self.patched.time >= 1:
            return "not worth it: it took longer than the plain run"
        if self.equal_cost.steps == self.plain.steps:
            return f"not worth it: it saves less than one of {self.plain.steps} steps"
        rival = f"{self.equal_cost.steps} plain steps"
        if mine is None or other is None or mine.latent_error < other.latent_error:
            return f"worth it: nearer to the plain run than {rival}, which cost the same"
        return f"not worth it: {rival} cost the same and are nearer to the plain run"

    def to_json(self) -> dict[str, Any]:
        found: dict[str, Any] = finite({**asdict(self), "verdict": self.verdict})
        return found


@dataclass(frozen=True)
class Bench:
    """Runs comparisons.

    Attributes:
        laboratory: Where documents run.
        seeds: Quality is the mean over these.
        repeats: Times are medians over so many rounds in which the variants take turns.
        tell: Told what is being done.
    """

    laboratory: Laboratory
    seeds: Sequence[int]
    repeats: int
    tell: Tell

    def compare(self, document: Workflow, nodes: Sequence[str] | None = None) -> Comparison:
        """Compare a document with itself without `nodes`; None for all its techniques."""
        known = techniques(document, self.laboratory.catalog)
        if unknown := sorted(set(nodes or ()) - set(known)):
            raise NothingToCompare(f"'{unknown[0]}' is no technique of the workflow; it has {listed(known)}.")
        names = list(nodes or known)
        if not names:
            raise NothingToCompare(
                "the workflow has no technique to compare with; add a caching or attention node."
            )
        refuse_comparisons(document)
        plain = without(document, names)
        self.tell("warm-up")
        first = self.laboratory.run(with_seed(plain, self.seeds[0], self.laboratory.catalog))
        steps = steps_of(plain, self.laboratory.catalog, first.element)
        return Contest(self, document, plain, tuple(names), steps).held()


@dataclass(frozen=True)
class Contest:
    """One comparison: a document, and the same without techniques. Only what comes after those counts.

    Attributes:
        bench: Runs them.
        document: With techniques.
        plain: Without.
        names: The nodes that `plain` does without.
        schedules: The steps of each schedule.
    """

    bench: Bench
    document: Workflow
    plain: Workflow
    names: tuple[str, ...]
    schedules: Mapping[str, int]

    def held(self) -> Comparison:
        """Hold it."""
        self.bench.tell("plain, and with techniques")
        references, patched = self.turns()
        ours = self.row("with techniques", self.steps, patched, references)
        plain = Row("plain", self.steps, 1.0, None, None, mean_figures(references))
        affordable = self.count(min(1.0, ours.time))
        counts = sorted({affordable, *map(self.count, CURVE)} - {self.steps}, reverse=True)
        rivals = {count: self.rival(count, references) for count in counts}
        equal = rivals.pop(affordable, replace(plain, quality=SAME))
        equal = replace(
            equal, name="fewer steps, same cost" if affordable < self.steps else "plain, same cost"
        )
        seeds, notes = tuple(self.bench.seeds), tuple(patched[0].notes)
        return Comparison(self.names, seeds, plain, ours, equal, tuple(rivals.values()), notes)

    def rival(self, steps: int, references: list[Trial]) -> Row:
        """Run plainly in fewer steps."""
        self.bench.tell(f"{steps} of {self.steps} steps")
        return self.row("fewer steps", steps, self.run(self.fewer(steps / self.steps)), references)

    def count(self, share: float) -> int:
        return max(1, round(share * self.steps))

    def turns(self) -> tuple[list[Trial], list[Trial]]:
        """Run plain and with techniques in turns, so that what else the machine does hits both alike."""
        references, patched = [], []
        for _ in range(self.bench.repeats):
            for seed in self.bench.seeds:
                references.append(self.run_one(self.plain, seed))
                patched.append(self.run_one(self.document, seed))
        return references, patched

    @property
    def steps(self) -> int:
        return max(self.schedules.values())

    def fewer(self, share: float) -> Workflow:
        """Return the plain document with that share of its steps, at least one in each schedule."""
        return with_steps(self.plain, {id: max(1, round(share * n)) for id, n in self.schedules.items()})

    def run(self, document: Workflow) -> list[Trial]:
        return [self.run_one(document, seed) for seed in self.bench.seeds]

    def run_one(self, document: Workflow, seed: int) -> Trial:
        laboratory = self.bench.laboratory
        seeded = with_seed(document, seed, laboratory.catalog)
        return laboratory.run(seeded, behind(document, self.names))

    def row(self, name: str, steps: int, trials: list[Trial], references: list[Trial]) -> Row:
        """Set runs against those of the plain document on the same seeds; both begin with one for each."""
        found = [quality(*pair) for pair in zip(trials, references[: len(self.bench.seeds)], strict=False)]
        saved = [share for trial in trials if (share := trial.saved()) is not None]
        time = time_of(trials) / time_of(references)
        share = fmean(saved) if saved else None
        return Row(name, steps, time, share, Quality.mean(found), mean_figures(trials))


def finite(value: Any) -> Any:
    """Return the value as JSON knows it: the PSNR of equal pictures, which has no end, becomes null."""
    match value:
        case dict():
            return {name: finite(part) for name, part in value.items()}
        case list() | tuple():
            return [finite(part) for part in value]
        case float() if isinf(value):
            return None
    return value


def mean_figures(trials: list[Trial]) -> dict[str, float]:
    """Return the mean of each figure over the runs."""
    return {name: fmean(trial.figures[name] for trial in trials) for name in trials[0].figures}


def time_of(trials: list[Trial]) -> float:
    """Return the median cost (s) of a run's sampling."""
    return median(trial.sampling_cost for trial in trials)

"""A run with techniques beside the plain run, and beside as many plain steps as cost the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from statistics import fmean
from time import perf_counter, process_time
from typing import Any

from app.engine.media import Latent
from app.engine.model import Model
from app.engine.report import share_saved
from app.engine.sampling import Sigmas
from app.graph.problem import Refusal

STEP_NUMBERS = ("start_step", "end_step")  # arguments that count along the schedule, in this order


@dataclass
class Listener:
    """Watches one run that is timed: takes what its techniques report, and how many steps it has.

    Attributes:
        context: Answers all else that the run asks.
    """

    context: Any
    reports: list[Mapping[str, Any]] = field(default_factory=list)
    steps: int = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.context, name)

    def progress(self, step: int, steps: int) -> None:
        self.steps = steps
        self.context.check_cancelled()

    def preview(self, jpeg: bytes) -> None:
        """Pictures of a comparison are shown at its end."""

    def report(self, report: Mapping[str, Any]) -> None:
        self.reports.append(report)

    def savepoint(self) -> None:
        """A run that is timed is never taken up in the middle."""


@dataclass(frozen=True, eq=False)
class Work:
    """A sampling: a function and what it gets.

    Attributes:
        function: Returns a Latent, or a tuple with one.
        watcher: Name of the argument that takes who watches.
        arguments: All others; a Model and Sigmas are among them.
    """

    function: Callable[..., Any]
    watcher: str
    arguments: Mapping[str, Any]

    def refuse_unfit(self) -> None:
        """Raise Refusal where there is nothing to compare."""
        models = [value for value in self.arguments.values() if isinstance(value, Model)]
        if all(patch.inner for model in models for patch in model.patches):
            raise Refusal(
                "The model has no technique on it, so there is nothing to compare.",
                "Put techniques between the loader and the node that samples.",
                code="nothing_to_compare",
                input="model",
            )

    @property
    def on_processor(self) -> bool:
        """Whether all is computed by the processor: then its time counts, whatever else it has to do."""
        models = [value for value in self.arguments.values() if isinstance(value, Model)]
        return all(model.device.type == "cpu" for model in models)

    @property
    def plain(self) -> Work:
        """The same without techniques."""
        models = {name: value for name, value in self.arguments.items() if isinstance(value, Model)}
        return self.given({name: model.plain for name, model in models.items()})

    @property
    def steps(self) -> int:
        """Steps of its schedule."""
        return max(value.steps for value in self.arguments.values() if isinstance(value, Sigmas))

    def shortened(self, steps: int) -> Work:
        """Return the same in so many steps of its schedule."""
        share = steps / self.steps
        given: dict[str, Any] = {
            name: thinned(value, max(1, round(share * value.steps)))
            for name, value in self.arguments.items()
            if isinstance(value, Sigmas)
        }
        first = 0
        for name in STEP_NUMBERS:
            if name in self.arguments:
                given[name] = max(first, round(share * self.arguments[name]))
                first = given[name] + 1
        return self.given(given)

    def given(self, arguments: Mapping[str, Any]) -> Work:
        return replace(self, arguments={**self.arguments, **arguments})

    def run(self, listener: Listener) -> Latent:
        made = self.function(**{self.watcher: listener}, **self.arguments)
        return next(
            part for part in (made if isinstance(made, tuple) else (made,)) if isinstance(part, Latent)
        )


@dataclass(frozen=True)
class Variant:
    """One way to make the picture.

    Attributes:
        name: What it is.
        latent: What it made.
        steps: Sampling steps.
        duration: Time it took (s): of the processor where that computes all, else on the clock.
        saved: Mean share of the work that its techniques say they left out; None for plain ones.
    """

    name: str
    latent: Latent
    steps: int
    duration: float
    saved: float | None


def compare(work: Work, context: Any, repeats: int, curve: int) -> list[Variant]:
    """Return the plain run, the one with techniques, a plain one of fewer steps that costs as much, a curve.

    The first two take turns `repeats` times, then the third runs as often; each counts with its quickest,
    since other work on the machine can only slow a run down. A run before that pays for what every first run
    pays for. The curve is so many plain runs of ever fewer steps, evenly apart: what a technique has to beat
    at any cost.
    """
    work.refuse_unfit()
    plain, steps = work.plain, work.steps
    timed("warm-up", plain.shortened(1), context)
    turns = [
        (timed("plain", plain, context), timed("with techniques", work, context)) for _ in range(repeats)
    ]
    whole, quick = (quickest(runs) for runs in zip(*turns, strict=True))
    affordable = min(steps, max(1, round(steps * quick.duration / whole.duration)))
    fewer = [timed("fewer steps, same cost", plain.shortened(affordable), context) for _ in range(repeats)]
    counts = {round(steps * share / (curve + 1)) for share in range(1, curve + 1)} - {0, affordable, steps}
    others = [timed(f"{count} steps", plain.shortened(count), context) for count in sorted(counts)]
    return [whole, quick, quickest(fewer), *others]


def quickest(runs: Iterable[Variant]) -> Variant:
    return min(runs, key=lambda run: run.duration)


def timed(name: str, work: Work, context: Any) -> Variant:
    clock = process_time if work.on_processor else perf_counter
    listener, started = Listener(context), clock()
    made = work.run(listener)
    duration = clock() - started
    shares = [share for report in listener.reports if (share := share_saved(report)) is not None]
    return Variant(name, made, listener.steps or work.steps, duration, fmean(shares) if shares else None)


def thinned(sigmas: Sigmas, steps: int) -> Sigmas:
    """Return a schedule of fewer steps with the same ends, evenly spread over the steps of the old one."""
    values, last = sigmas.values, sigmas.steps
    places = [step * last / steps for step in range(steps + 1)]
    return replace(sigmas, values=tuple(between(values, place) for place in places))


def between(values: tuple[float, ...], place: float) -> float:
    """Return the value at a place between two entries."""
    below = min(int(place), len(values) - 2)
    return values[below] + (values[below + 1] - values[below]) * (place - below)

"""A run with techniques beside the plain run, and beside as many plain steps as cost the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from statistics import fmean
from time import perf_counter
from typing import Any

from app.engine.media import Latent
from app.engine.report import share_saved
from app.engine.sampling import Sampling, Sigmas


@dataclass
class Listener:
    """Lets a run be cancelled, and takes what its techniques report."""

    check_cancelled: Callable[[], None]
    reports: list[Mapping[str, Any]] = field(default_factory=list)

    def progress(self, step: int, steps: int) -> None:
        self.check_cancelled()

    def preview(self, jpeg: bytes) -> None:
        """Pictures of a comparison are shown at its end."""

    def report(self, report: Mapping[str, Any]) -> None:
        self.reports.append(report)

    def savepoint(self) -> None:
        """A run that is timed is never taken up in the middle."""


@dataclass(frozen=True)
class Variant:
    """One way to make the picture.

    Attributes:
        name: What it is.
        latent: What it made.
        steps: Sampling steps.
        duration: Time it took (s).
        saved: Mean share of the work that its techniques say they left out; None for plain ones.
    """

    name: str
    latent: Latent
    steps: int
    duration: float
    saved: float | None


def compare(
    sampling: Sampling,
    latent: Latent,
    seed: int,
    check_cancelled: Callable[[], None],
    repeats: int,
    curve: int,
) -> list[Variant]:
    """Return the plain run, the one with techniques, a plain one of fewer steps that costs as much, a curve.

    The first two take turns `repeats` times and count with their quickest, since other work on the machine
    can only slow a run down. A run before that pays for what every first run pays for. The curve is so many
    plain runs of ever fewer steps, evenly apart: what a technique has to beat at any cost.
    """
    plain = replace(sampling, model=sampling.model.plain)
    timed("warm-up", plain, latent, seed, check_cancelled)
    turns = [
        (
            timed("plain", plain, latent, seed, check_cancelled),
            timed("with techniques", sampling, latent, seed, check_cancelled),
        )
        for _ in range(repeats)
    ]
    whole, quick = (min(runs, key=lambda run: run.duration) for runs in zip(*turns, strict=True))
    steps = sampling.sigmas.steps
    affordable = min(steps, max(1, round(steps * quick.duration / whole.duration)))
    counts = {round(steps * share / (curve + 1)) for share in range(1, curve + 1)} - {0, affordable, steps}
    names = {affordable: "fewer steps, same cost", **{count: f"{count} steps" for count in sorted(counts)}}
    return [
        whole,
        quick,
        *(
            timed(name, replace(plain, sigmas=thinned(sampling.sigmas, count)), latent, seed, check_cancelled)
            for count, name in names.items()
        ),
    ]


def timed(
    name: str, sampling: Sampling, latent: Latent, seed: int, check_cancelled: Callable[[], None]
) -> Variant:
    listener, started = Listener(check_cancelled), perf_counter()
    made = sampling.run(latent, seed, listener)
    duration = perf_counter() - started
    shares = [share for report in listener.reports if (share := share_saved(report)) is not None]
    return Variant(name, made, sampling.sigmas.steps, duration, fmean(shares) if shares else None)


def thinned(sigmas: Sigmas, steps: int) -> Sigmas:
    """Return a schedule of fewer steps with the same ends, evenly spread over the steps of the old one."""
    values, last = sigmas.values, sigmas.steps
    places = [step * last / steps for step in range(steps + 1)]
    return Sigmas(tuple(between(values, place) for place in places))


def between(values: tuple[float, ...], place: float) -> float:
    """Return the value at a place between two entries."""
    below = min(int(place), len(values) - 2)
    return values[below] + (values[below + 1] - values[below]) * (place - below)

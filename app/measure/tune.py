"""Search the settings of a document's techniques: the cheapest that stay near enough to the plain run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from app.graph.catalog import Catalog
from app.graph.spec import Input
from app.graph.widgets import Number, Slider
from app.graph.workflow import Workflow
from app.measure.grid import Axis, at_point, named, points
from app.measure.quality import Quality, quality
from app.measure.trial import Laboratory, Trial
from app.measure.variants import (
    NothingToCompare,
    behind,
    connected,
    refuse_comparisons,
    techniques,
    with_seed,
    without,
)

VALUES = 6  # of an input that nobody gave values for


@dataclass(frozen=True)
class Setting:
    """Values by place, how near to the plain run they came, and their time over its time."""

    point: Mapping[str, str]
    quality: Quality
    time: float


@dataclass(frozen=True)
class Search:
    """Searches on some seeds; `psnr` (dB) is the least quality that will do."""

    laboratory: Laboratory
    seeds: Sequence[int]
    psnr: float
    tell: Callable[[str], None]

    def best(self, document: Workflow, axes: Sequence[Axis]) -> tuple[Setting | None, list[Setting]]:
        """Return the cheapest setting that is good enough, if any, and all that were tried."""
        nodes = techniques(document, self.laboratory.catalog)
        if not nodes:
            raise NothingToCompare("the workflow has no technique to tune; add a caching or attention node.")
        refuse_comparisons(document)
        plain, only = without(document, nodes), behind(document, nodes)
        self.run(plain, only)  # the first run finds less ready than later ones do
        tried = list(self.tried(document, axes, plain, only))
        good = [setting for setting in tried if setting.quality.psnr >= self.psnr]
        return min(good, key=lambda setting: setting.time, default=None), tried

    def tried(
        self, document: Workflow, axes: Sequence[Axis], plain: Workflow, only: Collection[str]
    ) -> Iterator[Setting]:
        """Try every point, each beside a plain run, so that what else the machine does hits both."""
        grid = list(points(axes))
        for at, point in enumerate(grid, start=1):
            references = self.run(plain, only)
            trials = self.run(at_point(document, point, self.laboratory.catalog), only)
            found = Quality.mean([quality(*pair) for pair in zip(trials, references, strict=True)])
            time = time_of(trials) / time_of(references)
            self.tell(f"{at} of {len(grid)}: {named(point)}: PSNR {found.psnr:.1f} dB, time {time:.2f}")
            yield Setting(point, found, time)

    def run(self, document: Workflow, only: Collection[str]) -> list[Trial]:
        catalog = self.laboratory.catalog
        return [self.laboratory.run(with_seed(document, seed, catalog), only) for seed in self.seeds]


def time_of(trials: Sequence[Trial]) -> float:
    """Return the mean cost (s) of a run's sampling."""
    return fmean(trial.sampling_cost for trial in trials)


def default_axes(document: Workflow, catalog: Catalog) -> list[Axis]:
    """Return the first number of each technique that has a range, with values spread over it."""
    axes = []
    for id in techniques(document, catalog):
        spec = catalog.get(document.graph.nodes[id].type)
        for entry in spec.inputs if spec else ():
            words = () if connected(document, id, entry.name) else spread(entry)
            if words:
                axes.append(Axis(id, entry.name, words))
                break
    return axes


def spread(entry: Input) -> tuple[str, ...]:
    """Return values of an input with a range, from its low end to a few times its default."""
    widget = entry.widget
    if not isinstance(widget, Slider | Number) or widget.min is None or widget.max is None:
        return ()
    if entry.type == "int":
        top = min(int(widget.max), int(widget.min) + VALUES - 1)
        return tuple(str(value) for value in range(int(widget.min), top + 1))
    low, high = widget.min, min(widget.max, max(4 * float(entry.default), widget.step))
    return tuple(f"{low + (high - low) * at / (VALUES - 1):g}" for at in range(VALUES))

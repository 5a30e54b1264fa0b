"""Run a document in this process and keep what it made, how long that took and what techniques reported."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

from app.config import Settings
from app.engine.place import compute_place
from app.engine.report import share_saved
from app.execution.cache import ResultCache
from app.execution.context import Caller
from app.execution.events import Event, NodeFinished, NodeProgress, NodeReported, NodeStarted
from app.execution.executor import Executor
from app.execution.job import RunningJob
from app.execution.result import NodeResult
from app.graph.catalog import Catalog
from app.graph.spec import NodeSpec
from app.graph.workflow import Workflow

MADE_ANEW = {"Latent", "Image", "Video"}


class KeepsLoaded(ResultCache):
    """Keeps models and prompts, but nothing behind them: what is timed must be computed each time.

    Attributes:
        made: What the run under way has computed or taken from here, by content key.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.made: dict[str, NodeResult] = {}

    def get(self, key: str, spec: NodeSpec) -> NodeResult | None:
        result = super().get(key, spec)
        if result is not None:
            self.made[key] = result
        return result

    def put(self, key: str, spec: NodeSpec, result: NodeResult, duration: float) -> None:
        self.made[key] = result
        if not spec.output_node and not any(output.type in MADE_ANEW for output in spec.outputs):
            super().put(key, spec, result, duration)


@dataclass
class Trial:
    """One run of a document.

    Attributes:
        results: What each node made.
        durations: Time (s) of each node that was computed.
        costs: What it cost (s): the processor's time where there is no GPU, so that other work on the machine
            counts little; else the time on the clock.
        steps: Times (s) of the steps of each node that works in steps.
        reports: (node, report) of each technique.
        only: The nodes that count; None for all.
        measuring: The nodes of the category `measure`.
        showing: The nodes that save or show something; they may hand it on.
    """

    results: Mapping[str, NodeResult] = field(default_factory=dict)
    durations: dict[str, float] = field(default_factory=dict)
    costs: dict[str, float] = field(default_factory=dict)
    begun: dict[str, float] = field(default_factory=dict)
    steps: dict[str, list[float]] = field(default_factory=dict)
    reports: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    only: Collection[str] | None = None
    measuring: frozenset[str] = frozenset()
    showing: frozenset[str] = frozenset()

    def take(self, event: Event) -> None:
        """Take note of an event of the run."""
        match event:
            case NodeStarted(node):
                self.begun[node] = process_time()
            case NodeProgress(node, step, _, duration):
                self.steps.setdefault(node, []).extend([duration] if step else [])
            case NodeFinished(node, duration, cached=False):
                self.durations[node] = duration
                elsewhere = compute_place()[0].type != "cpu"
                self.costs[node] = duration if elsewhere else process_time() - self.begun[node]
            case NodeReported(node, report):
                self.reports.append((node, report))

    @property
    def sampling_time(self) -> float:
        """Time (s) of all nodes that work in steps."""
        return sum(self.durations.get(node, 0.0) for node in self.counting(self.steps))

    @property
    def sampling_cost(self) -> float:
        """The same in `costs`, for ratios."""
        return sum(self.costs.get(node, 0.0) for node in self.counting(self.steps))

    @property
    def latents(self) -> list[Any]:
        """The latents that were sampled, by node id."""
        return [value for node in self.counting(self.steps) for value in self.made(node, "samples")]

    @property
    def images(self) -> list[Any]:
        """The pictures that nodes made, by node id; what nodes draw for measuring, or hand on, is none."""
        nodes = self.counting(self.results.keys() - self.measuring - self.showing)
        return [value for node in nodes for value in self.made(node, "pixels")]

    def counting(self, nodes: Iterable[str]) -> list[str]:
        return sorted(node for node in nodes if self.only is None or node in self.only)

    @property
    def figures(self) -> dict[str, float]:
        """The numbers that nodes for measuring made, by `node.output`."""
        return {
            f"{node}.{name}": float(value)
            for node in self.counting(self.measuring & self.results.keys())
            for name, elements in self.results[node].outputs.items()
            for value in elements
            if isinstance(value, int | float)
        }

    def element(self, node: str, output: str) -> Any:
        """Return the first element that came out somewhere; None where nothing did."""
        elements = self.results[node].outputs[output] if node in self.results else ()
        return next(iter(elements), None)

    def made(self, node: str, attribute: str) -> Iterator[Any]:
        """Yield what a node made that has the tensor of a latent (`samples`) or a picture (`pixels`)."""
        for elements in self.results[node].outputs.values():
            for value in elements if isinstance(elements, list) else [elements]:
                if hasattr(value, attribute):
                    yield value

    @property
    def notes(self) -> list[str]:
        """What techniques say of their work in words, each sentence once."""
        told = (report.get("note") for node, report in self.reports if self.counting([node]))
        return list(dict.fromkeys(note for note in told if isinstance(note, str)))

    def saved(self) -> float | None:
        """Return the mean share of work that techniques say they saved; None where none says."""
        told = [report for node, report in self.reports if self.counting([node])]
        shares = [share for report in told if (share := share_saved(report)) is not None]
        return sum(shares) / len(shares) if shares else None


@dataclass(frozen=True)
class Laboratory:
    """Runs documents one after the other, with the models loaded once and files in a scratch folder."""

    executor: Executor
    cache: KeepsLoaded

    @property
    def catalog(self) -> Catalog:
        return self.executor.catalog

    def run(self, document: Workflow, only: Collection[str] | None = None) -> Trial:
        """Run a document to its end; `only` these nodes count. Raises NodeFailed when one fails."""
        trial = Trial(only=only, measuring=self.measuring(document), showing=self.showing(document))
        self.cache.made.clear()
        plan = self.executor.prepare(document, sorted(trial.showing | trial.measuring))
        RunningJob(self.executor, document, Caller(trial.take), plan).execute()
        made = self.cache.made
        trial.results = {id: made[node.key] for id, node in plan.nodes.items() if node.key in made}
        return trial

    def measuring(self, document: Workflow) -> frozenset[str]:
        """Return the nodes whose figures are wanted, whether or not something needs them."""
        return self.nodes(document, lambda spec: spec.category.split("/")[0] == "measure")

    def showing(self, document: Workflow) -> frozenset[str]:
        return self.nodes(document, lambda spec: spec.output_node)

    def nodes(self, document: Workflow, wanted: Callable[[NodeSpec], bool]) -> frozenset[str]:
        specs = {id: self.catalog.get(node.type) for id, node in document.graph.nodes.items()}
        modes = document.graph.nodes
        return frozenset(id for id, spec in specs.items() if spec and modes[id].mode == "on" and wanted(spec))


@contextmanager
def laboratory(catalog: Catalog, settings: Settings) -> Iterator[Laboratory]:
    """Open a laboratory; what nodes save is gone when it closes."""
    with TemporaryDirectory(prefix="patchloom-") as scratch:
        folders = replace(settings.folders, output=Path(scratch, "output"), temp=Path(scratch, "temp"))
        cache = KeepsLoaded(settings.cache_bytes)
        yield Laboratory(Executor(catalog, cache, folders), cache)

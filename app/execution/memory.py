"""The memory of a run: room is made before a node starts, and when it runs out, the node gets a second try.

What models take, and how they are kept small, the engine knows; here it is a `Keeper`.
"""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, TypedDict

from app.execution.cache import ResultCache
from app.execution.calls import Elements, NodeFailed, Outcome, OutOfMemory, call
from app.execution.context import NodeContext
from app.execution.files import Folders
from app.execution.plan import Plan, PlannedNode
from app.graph.problem import Problem, Refusal
from app.graph.widgets import ModelFile

KEEPER = "app.engine.memory.keeper"  # by name, as the node files are


class PartMemory(TypedDict):
    """The weights of one model part that a node loads; sizes in bytes, `bytes` once loaded."""

    name: str
    model: str
    precision: str
    parameters: int
    file: int
    bytes: int
    placement: Literal["resident", "offloaded"]


class NodeMemory(TypedDict):
    """What a node loads, what computing takes beside weights, and all that is held while it runs (bytes)."""

    parts: list[PartMemory]
    working: int | None
    peak: int


class PlannedMemory(TypedDict):
    """What a run will hold on its device (bytes): at most `peak`, at the node `at`, of `budget`."""

    device: str
    budget: int
    peak: int
    at: str
    nodes: dict[str, NodeMemory]


@dataclass(frozen=True)
class Work:
    """A planned node as a Keeper sees it.

    Attributes:
        id: Its name in the plan.
        values: What is typed in, by input.
        files: The model files among the values, by input.
        takes: Inputs that are connected -> (type, node, output).
        makes: Outputs -> type.
        runs: Whether it runs, or its result is there already.
        technique: The function of a node that puts a technique on a model; None for others.
    """

    id: str
    values: Mapping[str, Any]
    files: Mapping[str, Path]
    takes: Mapping[str, tuple[str, str, str]]
    makes: Mapping[str, str]
    runs: bool
    technique: Callable[..., Any] | None = None


class Foresight(Protocol):
    """What a Keeper expects of a run."""

    def to_json(self) -> Any:
        """Return it as a PlannedMemory."""

    def bytes_of(self, id: str) -> int:
        """Return what a node takes beside the weights that are there when it starts."""


class Keeper(Protocol):
    """Knows how much memory models and computing take, and how to do with less."""

    @property
    def kept(self) -> int | None:
        """What results may hold between runs (bytes), where a budget bounds it."""

    def foresee(self, works: Sequence[Work]) -> Foresight:
        """Plan a run; what an earlier run was short of is forgotten."""

    def settle(self, values: Iterable[Any]) -> None:
        """Put the weights of models among some values where the plan has them."""

    def loading(self, id: str) -> AbstractContextManager[None]:
        """Return the circumstances under which a node's function runs."""

    def short_of(self, bytes: int) -> int:
        """Return how much must be freed before so much more is taken."""

    def tighten(self) -> list[str]:
        """Do with less from here on; returns what was done, in words."""

    def restart_peak(self) -> bool:
        """Count the peak anew; False where that is not possible."""

    def peak(self) -> int:
        """Return the most that was held since (bytes)."""

    def give_back(self) -> None:
        """Hand free memory back to the system."""


def keeper(budget: int | None) -> Keeper | None:
    """Return the engine's, if there are nodes that use the engine: they have imported torch."""
    if "torch" not in sys.modules:
        return None
    made: Keeper = importlib.import_module(KEEPER).Keeper(budget)
    return made


def room_for_results(keeper: Keeper | None, most: int) -> int:
    """Return what results may hold in memory between runs (bytes)."""
    return min(most, (keeper.kept if keeper else None) or most)


def foresee(keeper: Keeper | None, plan: Plan, folders: Folders) -> Foresight | None:
    """Return what a run is expected to take."""
    return keeper.foresee(list(works(plan, folders))) if keeper else None


def works(plan: Plan, folders: Folders) -> Iterator[Work]:
    """Yield the nodes of a plan as a Keeper sees them, sources before users."""
    running = set(plan.order)
    for node in plan.nodes.values():
        takes = {
            name: (output.type, links[0].node, links[0].output)
            for name, links in node.links.items()
            if links and (output := plan.nodes[links[0].node].spec.output(links[0].output))
        }
        makes = {output.name: output.type for output in node.spec.outputs}
        technique = node.spec.function if node.spec.claims else None
        runs = node.id in running
        yield Work(node.id, node.values, dict(files(node, folders)), takes, makes, runs, technique)


def files(node: PlannedNode, folders: Folders) -> Iterator[tuple[str, Path]]:
    """Yield the model files that a node names, by input."""
    for entry in node.spec.inputs:
        name = node.values.get(entry.name)
        if isinstance(entry.widget, ModelFile) and isinstance(name, str):
            try:
                yield entry.name, folders.model(entry.widget.folder, name)
            except Refusal:
                continue  # the node itself says so


@dataclass
class JobMemory:
    """Calls the nodes of one run with room made for them.

    Attributes:
        plan: The run.
        cache: Results of this and earlier runs, those of which nobody needs can leave.
        folders: Where model files lie.
        keeper: What knows of models; None where no node works with any.
        needed: Returns the keys of the results that cannot leave.
        peaks: The most memory (bytes) that was held while a node ran.
    """

    plan: Plan
    cache: ResultCache
    folders: Folders
    keeper: Keeper | None
    needed: Callable[[], set[str]]
    peaks: dict[str, int] = field(default_factory=dict)
    foresight: Foresight | None = None

    def __post_init__(self) -> None:
        self.foresight = foresee(self.keeper, self.plan, self.folders)

    def call(self, node: PlannedNode, given: Elements, context: NodeContext) -> Outcome:
        """Run a node; where memory runs out, once more with less; raises NodeFailed and Cancelled."""
        try:
            return self.attempt(node, given, context)
        except OutOfMemory as short:
            reason = short.reason
        done = self.tighten()
        context.element = -1
        note = f"Memory ran out ({reason}); tried again after: {', '.join(done)}."
        context.report({"technique": "memory", "note": note, "tightened": done})
        try:
            return self.attempt(node, given, context)
        except OutOfMemory as short:
            problem = self.problem(node, short.reason, done)
        raise NodeFailed(problem)

    def attempt(self, node: PlannedNode, given: Elements, context: NodeContext) -> Outcome:
        """Run a node with what it works on where the plan has it."""
        if self.keeper is None or node.spec.lane != "device":
            return call(node, given, context)
        self.make_room(node)
        self.keeper.settle(value for values in given.values() for value in values)
        counting = self.keeper.restart_peak()
        with self.keeper.loading(node.id):
            outcome = call(node, given, context)
        if counting:
            self.peaks[node.id] = self.keeper.peak()
        self.keeper.settle(value for values in outcome.outputs.values() for value in values)
        return outcome

    def make_room(self, node: PlannedNode) -> None:
        """Forget results that nobody needs, those not used longest first, until a node has its room."""
        assert self.keeper is not None
        bytes = self.foresight.bytes_of(node.id) if self.foresight else 0
        if bytes and (short := self.keeper.short_of(bytes)) > 0 and self.cache.give_way(short, self.needed()):
            self.keeper.give_back()

    def tighten(self) -> list[str]:
        """Free all that can be freed, and let models do with less; returns what was done."""
        self.cache.give_way(sys.maxsize, self.needed())
        gc.collect()
        return ["forgetting other results", *(self.keeper.tighten() if self.keeper else [])]

    def problem(self, node: PlannedNode, reason: str, done: list[str]) -> Problem:
        """Say what happened, how much was needed and what helps."""
        expected = self.foresight.to_json() if self.foresight else None
        needed = ""
        if expected:
            needed = f" {size(expected['peak'])} were expected at most, of {size(expected['budget'])}."
        return Problem(
            "out_of_memory",
            f"{node.shown}: memory ran out twice ({reason}), at last after {', '.join(done)}.{needed}",
            "Make smaller or fewer pictures, load the model in a lower precision or a smaller one, or close "
            "what else takes memory.",
            node.shown,
        )


def size(bytes: int) -> str:
    """Return a size for people."""
    return f"{bytes / 2**30:.1f} GiB" if bytes >= 2**30 else f"{bytes / 2**20:.0f} MiB"

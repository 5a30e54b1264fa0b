"""Call a node's function: once, or once for each element of the lists that reach it.

Between nodes every value is a list of elements. An ordinary value is a list of one. A node runs once for each
element of its longest input; shorter inputs repeat their last element. An input declared `list[T]` takes all
elements in one call, an output declared `list[T]` gives many. A `Blocked` element skips its call; in a whole
list it is left out, if it says nothing. An `Expansion` leaves a `Link` where its elements will come.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from app.execution.context import NodeContext
from app.execution.plan import PlannedNode
from app.graph.expansion import Expansion
from app.graph.node import Blocked
from app.graph.problem import Cancelled, Problem, Refusal
from app.graph.spec import NodeSpec
from app.graph.workflow import Link

log = logging.getLogger(__name__)
Elements = dict[str, list[Any]]
NO_MEMORY = ("DefaultCPUAllocator", "could not create a primitive")  # as torch and oneDNN say it
FIRST_PAUSE = 0.25  # seconds before the first retry; each further one waits twice as long


class NodeFailed(Exception):
    """A node could not finish; `problem` is what the user is told."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class OutOfMemory(Exception):
    """A node asked for more memory than there is; `reason` says how it was told so."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Outcome:
    """What the calls of a node returned: its elements, and the expansions by the number of their call."""

    outputs: Elements
    expansions: Mapping[int, Expansion]


def call(node: PlannedNode, given: Mapping[str, list[Any]], context: NodeContext) -> Outcome:
    """Run a node for all its elements; raises NodeFailed, OutOfMemory and Cancelled."""
    with blame(node):
        values = [attempt(node, named, context) for named in slots(node.spec, given)]
        expansions = {index: value for index, value in enumerate(values) if isinstance(value, Expansion)}
        return Outcome(collect(node.spec, values), expansions)


def wanted(node: PlannedNode, given: Mapping[str, list[Any]]) -> set[str]:
    """Return the lazy inputs that the node's calls need, given what is known; raises NodeFailed."""
    names: set[str] = set()
    if node.spec.needs is not None:
        with blame(node):
            for named in slots(node.spec, given):
                if block_in(node.spec, named) is None:
                    names.update(finished(node.spec.needs(**named)))
    return names


@contextmanager
def blame(node: PlannedNode) -> Iterator[None]:
    """Turn whatever goes wrong inside a node into a NodeFailed with a readable problem."""
    try:
        yield
    except (Cancelled, NodeFailed, OutOfMemory):
        raise
    except Refusal as refusal:
        message = f"{node.shown}: {refusal.message}"
        raise NodeFailed(
            Problem(refusal.code, message, refusal.remedy, node.shown, refusal.input)
        ) from refusal
    except Exception as error:
        if ran_out(error):
            raise OutOfMemory(words(error)) from None
        log.exception("node %s (%s) failed", node.id, node.spec.id)
        raise NodeFailed(crash(node, error)) from error


def slots(spec: NodeSpec, given: Mapping[str, list[Any]]) -> Iterator[dict[str, Any]]:
    """Cut the lists of elements into the arguments of single calls."""
    if spec.whole:
        yield dict(given)
        return
    whole = {entry.name for entry in spec.inputs if entry.multiple}
    mapped = {name: elements for name, elements in given.items() if name not in whole}
    if any(not elements for elements in mapped.values()):
        return
    for index in range(max(map(len, mapped.values()), default=1)):
        chosen = {name: elements[min(index, len(elements) - 1)] for name, elements in mapped.items()}
        yield {**chosen, **{name: given[name] for name in whole & given.keys()}}


def attempt(node: PlannedNode, named: dict[str, Any], context: NodeContext) -> Any:
    """Make one call; a node that declares itself transient is tried again after connection troubles."""
    context.element += 1
    blocked = block_in(node.spec, named)
    if blocked is not None:
        return pass_on(node, blocked)
    named = {name: passed(value) for name, value in named.items()}
    assert node.spec.function is not None, f"{node.spec.id} was read as a schema only"
    if node.spec.context_parameter:
        named = {**named, node.spec.context_parameter: context}
    for retry in range(node.spec.retries):
        try:
            return finished(node.spec.function(**named))
        except OSError as error:
            log.warning("node %s: %s; trying again", node.id, error)
            if context.stopping.wait(FIRST_PAUSE * 2**retry):
                raise Cancelled from error
    return finished(node.spec.function(**named))


def block_in(spec: NodeSpec, named: Mapping[str, Any]) -> Blocked | None:
    """Return what blocks a call: an element, or one in a list that says why; None when nothing does."""
    for value in named.values():
        if isinstance(value, Blocked):
            return value
        for element in value if isinstance(value, list) else ():
            if isinstance(element, Blocked) and (spec.whole or element.message):
                return element
    return None


def passed(value: Any) -> Any:
    """Leave blocked elements out of a list."""
    if isinstance(value, list) and any(isinstance(element, Blocked) for element in value):
        return [element for element in value if not isinstance(element, Blocked)]
    return value


def finished(value: Any) -> Any:
    """Wait for an async node; each has its lane's thread for itself, so several run at the same time."""
    return asyncio.run(value) if inspect.iscoroutine(value) else value


def pass_on(node: PlannedNode, blocked: Blocked) -> Blocked:
    """Hand a block on; at a node with a side effect its message becomes the run's problem."""
    if node.spec.output_node and blocked.message:
        remedy = "Change what blocks this branch, or mute the node."
        raise NodeFailed(Problem("blocked", f"{node.shown}: {blocked.message}", remedy, node.shown))
    return blocked


def collect(spec: NodeSpec, values: Iterable[Any]) -> Elements:
    """Gather the results of all calls by output name."""
    gathered: Elements = {output.name: [] for output in spec.outputs}
    for value in values:
        for output, part in zip(spec.outputs, parts(spec, value), strict=True):
            if output.multiple and not isinstance(part, Blocked | Link):
                gathered[output.name].extend(part)
            else:
                gathered[output.name].append(part)
    return gathered


def parts(spec: NodeSpec, value: Any) -> tuple[Any, ...]:
    """Return one value for each output; several come as a NamedTuple."""
    if isinstance(value, Blocked) or not spec.outputs:
        return (value,) * len(spec.outputs)
    if isinstance(value, Expansion):
        return tuple(value.outputs[output.name] for output in spec.outputs)
    return tuple(value) if hasattr(value, "_fields") else (value,)


def crash(node: PlannedNode, error: Exception) -> Problem:
    """Describe an error that the node's author did not foresee; the traceback is in the log, not here."""
    return Problem(
        "node_crashed",
        f"{node.shown}: {type(error).__name__}: {words(error)}",
        f"The node '{node.spec.id}' has a fault; report it with the trace from the server's log.",
        node.shown,
    )


def words(error: Exception) -> str:
    """Return the first line of what an error says."""
    said = str(error).strip()
    return said.splitlines()[0][:300] if said else "no further words"


def ran_out(error: Exception) -> bool:
    """Whether Python, torch or its libraries, on the CPU or the GPU, could not give what was asked for."""
    names = {kind.__name__ for kind in type(error).__mro__}
    return bool(names & {"MemoryError", "OutOfMemoryError"}) or any(word in str(error) for word in NO_MEMORY)


def elapsed(since: float) -> float:
    """Return the time (s) since a monotonic moment, rounded to what is worth telling."""
    return round(time.monotonic() - since, 4)

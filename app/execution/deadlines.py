"""Time limits of nodes: the author's (`@node(timeout=)`), or the one that the document sets on a node."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, field

from app.execution.calls import NodeFailed
from app.execution.plan import PlannedNode
from app.graph.problem import Problem


@dataclass
class Deadlines:
    """Since when each node of a run has been at work (s, monotonic)."""

    started: dict[str, float] = field(default_factory=dict)

    def begin(self, node: PlannedNode) -> None:
        self.started[node.id] = time.monotonic()

    def patience(self, running: Collection[PlannedNode]) -> float | None:
        """Return how long (s) to wait before the next look; None while no node has a limit.

        A node that still waits for its lane cannot be late before its limit has passed from now on.
        """
        now = time.monotonic()
        limits = ((node, limit_of(node)) for node in running)
        rests = [self.started.get(node.id, now) + limit - now for node, limit in limits if limit]
        return max(0.0, min(rests)) if rests else None

    def enforce(self, running: Collection[PlannedNode]) -> None:
        """Raise NodeFailed for a node that is over its limit."""
        now = time.monotonic()
        for node in running:
            limit = limit_of(node)
            if limit and now - self.started.get(node.id, now) >= limit:
                message = f"{node.shown}: it took longer than its time limit of {limit:g} s."
                remedy = "Raise the limit on the node, or give it less to do."
                raise NodeFailed(Problem("time_limit", message, remedy, node.shown))


def limit_of(node: PlannedNode) -> float | None:
    return node.instance.time_limit or node.spec.timeout

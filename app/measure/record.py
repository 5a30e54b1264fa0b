"""What a run tells of itself, as one JSON document: `patchloom run --report`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from app.engine.peak import peak_memory
from app.execution.events import Event, JobFinished, NodeFinished, NodeProgress, NodeReported, NodeStarted
from app.graph.workflow import Workflow


@dataclass
class Record:
    """Collects the events of one run.

    Attributes:
        document: What runs.
        nodes: Each node's type, duration (s) and whether its result was stored, in the order of finishing.
        steps: Durations (s) of the steps of each node that works in steps.
        techniques: What techniques reported, with the node that ran them.
        end: The last event.
    """

    document: Workflow
    nodes: list[dict[str, Any]] = field(default_factory=list)
    steps: dict[str, list[float]] = field(default_factory=dict)
    techniques: list[dict[str, Any]] = field(default_factory=list)
    end: JobFinished | None = None

    def take(self, event: Event) -> None:
        """Take note of an event."""
        match event:
            case NodeStarted(node):
                self.steps.pop(node, None)
            case NodeProgress(node, step, _, duration) if step:
                self.steps.setdefault(node, []).append(duration)
            case NodeFinished(node, duration, cached):
                kind = self.document.graph.nodes[node].type if node in self.document.graph.nodes else ""
                self.nodes.append({"node": node, "type": kind, "duration": duration, "cached": cached})
            case NodeReported(node, report):
                self.techniques.append({"node": node, **report})
            case JobFinished():
                self.end = event

    def to_json(self) -> dict[str, Any]:
        """Return the record; memory is the most (bytes) that this process held at a time."""
        end = self.end
        return {
            "format": "patchloom-report/1",
            "title": self.document.title,
            "status": end.status if end else "cancelled",
            "problem": end.problem if end else None,
            "duration": end.duration if end else 0.0,
            "nodes": self.nodes,
            "steps": self.steps,
            "techniques": self.techniques,
            "memory": peak_memory(),
        }

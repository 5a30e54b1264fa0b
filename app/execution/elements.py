"""Which elements reach a node: results of other nodes, or the values set on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.execution.plan import PlannedNode
from app.execution.result import NodeResult
from app.graph.workflow import Link

Results = Mapping[str, NodeResult]


def given(node: PlannedNode, results: Results) -> dict[str, list[Any]]:
    """Return the elements of every input; a lazy one that is not known yet has None."""
    elements: dict[str, list[Any]] = {}
    for entry in node.spec.inputs:
        links = node.links.get(entry.name, ())
        if entry.name in node.values:
            value = node.values[entry.name]
            elements[entry.name] = value if entry.multiple else [value]
        elif all(link.node in results for link in links):
            elements[entry.name] = joined(links, results)
        else:
            elements[entry.name] = [None]
    return elements


def joined(parts: Iterable[Any], results: Results) -> list[Any]:
    """Put the elements behind links, and values beside them, into one list."""
    return [
        element
        for part in parts
        for element in (results[part.node].outputs[part.output] if isinstance(part, Link) else (part,))
    ]

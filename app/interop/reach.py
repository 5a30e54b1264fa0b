"""Questions that translating one node asks about the graph around it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from app.interop.flat import Flat, FlatNode, Setting, Source, Wire


@dataclass(frozen=True)
class Reach:
    """A flat graph in which nodes that only hand something on (`passes`) are looked through."""

    flat: Flat
    passes: Mapping[str, str]
    defaults: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def source(self, node: FlatNode, name: str) -> Source | None:
        """Return what really feeds an input: a value, an output that makes something, or nothing."""
        found = node.inputs.get(name)
        if found is None and name in self.defaults.get(node.class_type, {}):
            return Setting(self.defaults[node.class_type][name])
        seen = set()
        while isinstance(found, Wire) and found not in seen:
            seen.add(found)
            above = self.flat.nodes.get(found.node)
            if above is None:
                return None
            if above.class_type not in self.passes:
                return found
            found = self.handed_on(above)
        return found if isinstance(found, Setting) else None

    def handed_on(self, node: FlatNode) -> Source | None:
        """Return what a passing node hands on; `a|b` names two inputs between which `switch` decides."""
        name = self.passes[node.class_type]
        if "|" in name:
            chosen = self.source(node, "switch")
            if not isinstance(chosen, Setting):
                return None
            name = name.split("|")[0 if chosen.value else 1]
        return node.inputs.get(name)

    def above(self, node: FlatNode, name: str) -> FlatNode | None:
        """Return the node that feeds an input; None when it is a value or open."""
        source = self.source(node, name)
        return self.flat.nodes.get(source.node) if isinstance(source, Wire) else None

    def value(self, node: FlatNode, name: str) -> Any:
        """Return an input's value; None when it is connected to something that is computed, or open."""
        source = self.source(node, name)
        return source.value if isinstance(source, Setting) else None

    @cached_property
    def users(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {id: [] for id in self.flat.nodes}
        for id, node in self.flat.nodes.items():
            for _, wire in node.wires():
                if wire.node in found:
                    found[wire.node].append(id)
        return found

    def downstream(self, node: FlatNode) -> Iterator[FlatNode]:
        """Walk the nodes that need this one, nearest first."""
        waiting, seen = deque(self.users[node.id]), {node.id}
        while waiting:
            id = waiting.popleft()
            if id not in seen:
                seen.add(id)
                yield self.flat.nodes[id]
                waiting.extend(self.users[id])

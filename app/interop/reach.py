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
    """A flat graph in which nodes that only hand something on (`passes`) are looked through.

    Some do so with certain values `only`: class type -> input -> values.
    """

    flat: Flat
    passes: Mapping[str, str]
    defaults: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    holders: frozenset[str] = frozenset()
    only: Mapping[str, Mapping[str, tuple[Any, ...]]] = field(default_factory=dict)

    def source(self, node: FlatNode, name: str, *, fold: bool = False) -> Source | None:
        """Return what really feeds an input: a value, an output that makes something, or nothing.

        With `fold`, a node that only holds a number or a text counts as its value.
        """
        found = node.inputs.get(name)
        if found is None and name in self.defaults.get(node.class_type, {}):
            return Setting(self.defaults[node.class_type][name])
        seen = set()
        while isinstance(found, Wire) and found not in seen:
            seen.add(found)
            above = self.flat.nodes.get(found.node)
            if above is None:
                return None
            way = self.way_through(above, found.slot, fold=fold)
            if way is None:
                return found
            found = above.inputs.get(way)
        return found if isinstance(found, Setting) else None

    def vanishes(self, node: FlatNode) -> bool:
        """Whether a node only hands something on, so that nothing is left of it."""
        return "/" not in self.passes.get(node.class_type, "") and self.way_through(node) is not None

    def way_through(self, node: FlatNode, slot: int = 0, *, fold: bool = False) -> str | None:
        """Return the input that a node hands on unchanged; None when it makes something of its own.

        `a|b` in the table names two inputs between which `switch` decides, as long as it is typed in; `a/b`
        names the input for each output.
        """
        way = self.passes.get(node.class_type, "value" if fold and node.class_type in self.holders else None)
        if (
            way is None
            or node.mode == "mute"
            or not self.has_values(node, self.only.get(node.class_type, {}))
        ):
            return None
        if "/" in way:
            return dict(enumerate(way.split("/"))).get(slot)
        if "|" not in way:
            return way
        chosen = self.switch_of(node)
        return None if chosen is None else way.split("|")[0 if chosen.value else 1]

    def has_values(self, node: FlatNode, allowed: Mapping[str, tuple[Any, ...]]) -> bool:
        return all(self.value(node, name) in values for name, values in allowed.items())

    def switch_of(self, node: FlatNode) -> Setting | None:
        """Return a switch that is typed in, at the node or at the primitive that feeds it."""
        source = node.inputs.get("switch", Setting(self.defaults.get(node.class_type, {}).get("switch")))
        above = self.flat.nodes.get(source.node) if isinstance(source, Wire) else None
        if above is not None and (
            above.class_type in self.holders or self.passes.get(above.class_type) == "value"
        ):
            source = above.inputs.get("value", source)
        return source if isinstance(source, Setting) else None

    def above(self, node: FlatNode, name: str) -> FlatNode | None:
        """Return the node that feeds an input; None when it is a value or open."""
        source = self.source(node, name)
        return self.flat.nodes.get(source.node) if isinstance(source, Wire) else None

    def value(self, node: FlatNode, name: str) -> Any:
        """Return an input's value; None when it is connected to something that is computed, or open."""
        source = self.source(node, name, fold=True)
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

"""A ComfyUI graph as it runs: nodes with named inputs, each a value or a wire. Both formats become this."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.graph.workflow import Mode

SCHEMA = "comfyui"  # what a node's spec has from outside: its entry in /object_info
NATIVE = "patchloom."  # class type of a node that ComfyUI does not have: `patchloom.first_block_cache`


@dataclass(frozen=True)
class Place:
    """Where a value stands in the parsed file, so that it can be changed there and nowhere else."""

    holder: Any
    key: Any

    def write(self, value: Any) -> None:
        self.holder[self.key] = value


@dataclass(frozen=True)
class Setting:
    """A typed-in value."""

    value: Any
    places: tuple[Place, ...] = ()


@dataclass(frozen=True)
class Wire:
    """From output number `slot` of a node."""

    node: str
    slot: int


Source = Setting | Wire


@dataclass(frozen=True)
class Port:
    """An output, or an input that can be connected, as the file describes it."""

    name: str
    type: str = "*"


@dataclass(frozen=True)
class FlatNode:
    """One node. `drawn` is the file's own object for it, `path` the subgraph boxes around it."""

    id: str
    class_type: str
    inputs: Mapping[str, Source] = field(default_factory=dict)
    mode: Mode = "on"
    outputs: tuple[Port, ...] = ()
    ports: Mapping[str, str] = field(default_factory=dict)
    drawn: Mapping[str, Any] = field(default_factory=dict)
    corner: tuple[float, float] = (0, 0)

    def wires(self) -> Iterable[tuple[str, Wire]]:
        return ((name, source) for name, source in self.inputs.items() if isinstance(source, Wire))

    def setting(self, name: str) -> Any:
        """Return the typed-in value of an input; None when it has none."""
        source = self.inputs.get(name)
        return source.value if isinstance(source, Setting) else None


@dataclass(frozen=True)
class Flat:
    """A whole graph, flattened."""

    nodes: Mapping[str, FlatNode]
    notes: Sequence[Mapping[str, Any]] = ()


def told_apart(names: Iterable[str]) -> tuple[str, ...]:
    """Return names of which no two are the same: the second `IMAGE` is `IMAGE_2`."""
    times: Counter[str] = Counter()
    found = []
    for name in names:
        times[name] += 1
        found.append(name if times[name] == 1 else f"{name}_{times[name]}")
    return tuple(found)


def number(value: Any, otherwise: float = 0.0) -> float:
    """Return a finite number for the canvas, whatever the file holds."""
    ordinary = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9
    return float(value) if ordinary else otherwise


def pair(value: Any, otherwise: tuple[float, float] = (0.0, 0.0)) -> tuple[float, float]:
    """Return two numbers from `[x, y]` or `{"0": x, "1": y}`."""
    if isinstance(value, dict):
        value = [value.get("0"), value.get("1")]
    if not isinstance(value, list) or len(value) < 2:
        return otherwise
    return number(value[0], otherwise[0]), number(value[1], otherwise[1])

"""Which weights are on the device at each node of a run, and which wait outside because the room is short."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from app.engine.memory.forecast import Foreseen, Part
from app.engine.memory.networks import Network

Placement = Literal["resident", "offloaded"]
# Which parts leave the device first: those that a run needs once, then those of every step.
LEAVING = (("text encoder", "vision encoder", "autoencoder"), ("transformer",))


@dataclass(frozen=True)
class Layout:
    """A run's weights, and where they are.

    Attributes:
        nodes: What is expected of each node.
        order: The nodes that run.
        budget: What models and computing may take on the device (bytes).
        device: Its name.
        on_gpu: Whether it is a GPU: weights then wait in the memory of the machine, else on the disk.
        offloaded: The names of parts that wait outside.
    """

    nodes: Mapping[str, Foreseen]
    order: tuple[str, ...]
    budget: int
    device: str
    on_gpu: bool = False
    offloaded: frozenset[str] = field(default=frozenset())

    @cached_property
    def last_use(self) -> Mapping[Part, int]:
        """The last place in the order that needs a part."""
        return {part: at for at, id in enumerate(self.order) for part in self.nodes[id].needs}

    def network(self, part: Part) -> Network:
        return self.nodes[part[0]].loads[part[1]]

    def placement(self, network: Network) -> Placement:
        return "offloaded" if network.size.name in self.offloaded else "resident"

    @cached_property
    def place(self) -> Mapping[str, int]:
        """The place of each node in the order."""
        return {id: at for at, id in enumerate(self.order)}

    def weights(self, id: str) -> tuple[int, int]:
        """Return the bytes of the weights that must be there while a node runs, and of those that may go."""
        at, needs = self.place[id], self.nodes[id].needs
        needed = idle = 0
        for part, last in self.last_use.items():
            loader = self.place.get(part[0], -1)
            if loader > at:
                continue
            bytes = self.held(part, self.nodes[id] if part in needs else None, loading=loader == at)
            needed, idle = (needed + bytes, idle) if last >= at else (needed, idle + bytes)
        return needed, idle

    def held(self, part: Part, user: Foreseen | None, *, loading: bool) -> int:
        """Return the bytes of one part, which comes group by group where it is offloaded.

        Args:
            part: The part.
            user: The node that runs, if it needs the part.
            loading: Whether it loads it just now.
        """
        size = self.network(part).size
        if self.placement(self.network(part)) == "resident" or (loading and not self.on_gpu):
            return size.bytes
        if user is None or loading or (user.offloaded is not None and user.computes == size.name):
            return 0  # it waits outside, or what computing takes includes it
        blocks = 2 if self.on_gpu else 1  # the next one comes while one computes
        return size.rest + blocks * size.block

    def computing(self, id: str) -> int:
        """Return the bytes that computing takes, with those weights of its network that come only for it."""
        node = self.nodes[id]
        chosen = node.offloaded if node.computes in self.offloaded else None
        return chosen or node.working or 0

    def peak(self, id: str) -> int:
        """Return the most bytes that are expected while a node runs; what is done with leaves for others."""
        needed, idle = self.weights(id)
        least = needed + self.computing(id)
        return max(least, min(least + idle, self.budget))

    def bytes_of(self, id: str) -> int:
        """Return what a node takes beside the weights that are there when it starts."""
        node = self.nodes[id] if id in self.nodes else Foreseen()
        return sum(one.size.bytes for one in node.loads) + (node.working or 0)

    @property
    def highest(self) -> tuple[int, str]:
        """The most bytes that the run is expected to take, and the node where."""
        return max(((self.peak(id), id) for id in self.order), default=(0, ""))

    def to_json(self) -> dict[str, Any]:
        """Return the plan as the canvas shows it."""
        peak, at = self.highest
        shown = {
            id: node for id, node in self.nodes.items() if node.loads or (node.working != 0 and node.needs)
        }
        return {
            "device": self.device,
            "budget": self.budget,
            "peak": peak,
            "at": at,
            "nodes": {id: self.shown(id, node) for id, node in shown.items()},
        }

    def shown(self, id: str, node: Foreseen) -> dict[str, Any]:
        names = ("name", "model", "precision", "parameters", "file", "bytes")
        parts = [
            {**{name: getattr(one.size, name) for name in names}, "placement": self.placement(one)}
            for one in node.loads
        ]
        return {"parts": parts, "working": node.working, "peak": self.peak(id) if id in self.place else 0}


def laid_out(layout: Layout) -> Layout:
    """Let as few kinds of parts wait outside of the device as the budget asks for.

    Without a GPU all weights come through memory once, whatever waits on the disk later.
    """
    for names in LEAVING:
        if all(
            layout.peak(id) <= layout.budget
            for id in layout.order
            if layout.on_gpu or not layout.nodes[id].loads
        ):
            break
        layout = replace(layout, offloaded=layout.offloaded | frozenset(names))
    return layout

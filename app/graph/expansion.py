"""What a node returns instead of values when it wants more nodes to run: loops are made of this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.graph.spec import NodeSpec
from app.graph.workflow import Edge, Link, NodeInstance


@dataclass(frozen=True)
class Ready:
    """A value of a new node that is already what its function gets: a picture, a model, anything."""

    value: Any


@dataclass(frozen=True)
class Expansion:
    """More nodes for the running graph, and where the outputs of the node that returns it come from.

    Attributes:
        nodes: New nodes by ids that no other node of the run has. Values are as in a document, or `Ready`.
        edges: Edges into new nodes, from new ones or from any node of the run.
        outputs: For each output a `Link`, or a value; for an output declared `list[T]` also a list of both.
        shown_as: The node of the run that stands for a new one in events and problems; without an entry it is
            the node that returns the expansion.
    """

    nodes: Mapping[str, NodeInstance]
    edges: tuple[Edge, ...] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)
    shown_as: Mapping[str, str] = field(default_factory=dict)


class RunningNode(Protocol):
    """A node of a run, as `Context.running` shows it."""

    @property
    def id(self) -> str:
        """Its id in the run."""

    @property
    def instance(self) -> NodeInstance:
        """Its type and the values set on it."""

    @property
    def spec(self) -> NodeSpec:
        """Its schema."""

    @property
    def values(self) -> Mapping[str, Any]:
        """What its inputs without a link get, defaults included."""

    @property
    def links(self) -> Mapping[str, Sequence[Link]]:
        """Where its connected inputs get their values."""

    @property
    def users(self) -> Sequence[str]:
        """The nodes that have a link to it."""

    @property
    def shown(self) -> str:
        """The node of the submitted document that stands for it in events and problems."""

    @property
    def maker(self) -> str:
        """The node whose expansion brought it; empty for a node of the document."""

    @property
    def rank(self) -> int:
        """Its place among all nodes of the run; a node comes after those it needs."""


class Running(Protocol):
    """What of the `Context` of a running node tells about the nodes around it."""

    @property
    def id(self) -> str:
        """The node's own id."""

    @property
    def running(self) -> Mapping[str, RunningNode]:
        """All nodes of the run."""

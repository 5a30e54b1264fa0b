"""`comfy_execution.graph_utils`: packs build the graphs with it into which their nodes expand."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

Prefix = tuple[str, int, int]  # expanding node, number of its call, number of the graph in that call
DEFAULT: ContextVar[Prefix] = ContextVar("prefix of new graphs", default=("", 0, 0))


def is_link(value: Any) -> bool:
    """Whether an input's value is an output of another node: `[node id, output number]`."""
    match value:
        case [str(), int() | float()] if isinstance(value, list):
            return True
    return False


class Node:
    """A new node."""

    def __init__(self, id: str, class_type: str, inputs: dict[str, Any]) -> None:
        self.id, self.class_type, self.inputs = id, class_type, inputs
        self.override_display_id: str | None = None

    def out(self, index: int) -> list[Any]:
        """Return a link to an output."""
        return [self.id, index]

    def set_input(self, key: str, value: Any) -> None:
        """Set an input; None removes it."""
        self.inputs.pop(key, None)
        if value is not None:
            self.inputs[key] = value

    def get_input(self, key: str) -> Any:
        return self.inputs.get(key)

    def set_override_display_id(self, override_display_id: str) -> None:
        """Name the node that stands for this one on the canvas."""
        self.override_display_id = override_display_id

    def serialize(self) -> dict[str, Any]:
        shown = {} if self.override_display_id is None else {"override_display_id": self.override_display_id}
        return {"class_type": self.class_type, "inputs": self.inputs, **shown}


class GraphBuilder:
    """A graph under construction. All its ids begin with `prefix`, which differs from call to call."""

    def __init__(self, prefix: str | None = None) -> None:
        self.prefix = GraphBuilder.alloc_prefix() if prefix is None else prefix
        self.nodes: dict[str, Node] = {}
        self.id_gen = 1

    @classmethod
    def set_default_prefix(cls, prefix_root: str, call_index: int, graph_index: int = 0) -> None:
        DEFAULT.set((prefix_root, call_index, graph_index))

    @classmethod
    def alloc_prefix(
        cls, root: str | None = None, call_index: int | None = None, graph_index: int | None = None
    ) -> str:
        """Return a prefix that no other graph of this call has."""
        ours, call, graph = DEFAULT.get()
        DEFAULT.set((ours, call, graph + 1))
        parts = (
            ours if root is None else root,
            call if call_index is None else call_index,
            graph if graph_index is None else graph_index,
        )
        return "".join(f"{part}." for part in parts)

    def node(self, class_type: str, id: str | None = None, **kwargs: Any) -> Node:
        """Add a node, or return the one of that id."""
        if id is None:
            id = str(self.id_gen)
            self.id_gen += 1
        whole = self.prefix + id
        if whole not in self.nodes:
            self.nodes[whole] = Node(whole, class_type, kwargs)
        return self.nodes[whole]

    def lookup_node(self, id: str) -> Node | None:
        return self.nodes.get(self.prefix + id)

    def finalize(self) -> dict[str, Any]:
        """Return the graph in the API format."""
        return {id: node.serialize() for id, node in self.nodes.items()}

    def replace_node_output(self, node_id: str, index: int, new_value: Any) -> None:
        """Let everything that takes an output take another value; None takes the input away."""
        old = [self.prefix + node_id, index]
        for node in self.nodes.values():
            for key in [key for key, value in node.inputs.items() if is_link(value) and value == old]:
                node.set_input(key, new_value)

    def remove_node(self, id: str) -> None:
        del self.nodes[self.prefix + id]


def add_graph_prefix(
    graph: dict[str, Any], outputs: Any, prefix: str
) -> tuple[dict[str, Any], tuple[Any, ...]]:
    """Return a graph and links into it with `prefix` before all ids."""

    def moved(value: Any) -> Any:
        return [prefix + value[0], value[1]] if is_link(value) else value

    nodes = {
        prefix + id: {
            "class_type": node["class_type"],
            "inputs": {name: moved(value) for name, value in node.get("inputs", {}).items()},
        }
        for id, node in graph.items()
    }
    return nodes, tuple(moved(output) for output in outputs)


class ExecutionBlocker:
    """Returned instead of a value: what it reaches does not run. A message makes that an error."""

    def __init__(self, message: str | None = None) -> None:
        self.message = message

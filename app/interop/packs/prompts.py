"""The running prompt as packs see it: PROMPT, DYNPROMPT and EXTRA_PNGINFO."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.graph.expansion import Ready, RunningNode
from app.interop.names import class_type_of


class NodeNotFoundError(Exception):
    """There is no node of that id."""


def of_running(running: Mapping[str, RunningNode]) -> dict[str, Any]:
    """Return the nodes of a run as a prompt: those that are needed, with subgraphs written out."""
    return {id: prompt_node(running[id], running) for id in list(running)}


def prompt_node(node: RunningNode, running: Mapping[str, RunningNode]) -> dict[str, Any]:
    """Return one node of a run in the API format; a further link into an input `texts` is `texts:2`."""
    inputs = {
        entry.name: entry.default for entry in node.spec.inputs if not entry.required and not entry.port
    }
    for name, value in node.instance.values.items():
        inputs[name] = value.value if isinstance(value, Ready) else value
    for name, links in node.links.items():
        for number, link in enumerate(links, 1):
            names = [output.name for output in running[link.node].spec.outputs]
            inputs[name if number == 1 else f"{name}:{number}"] = [link.node, names.index(link.output)]
    return {"class_type": class_type_of(node.spec.id), "inputs": inputs}


@dataclass
class Prompts:
    """A prompt in the API format, with the nodes that expansions have brought so far (DYNPROMPT)."""

    original: Mapping[str, Any]
    extra_pnginfo: Any = None
    brought: dict[str, dict[str, Any]] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)

    def bring(self, parent: str, nodes: Mapping[str, Any]) -> None:
        """Remember the nodes that a node has expanded into."""
        for id, node in nodes.items():
            self.brought[id] = dict(node)
            self.parents[id] = parent

    def get_node(self, node_id: str) -> Mapping[str, Any]:
        """Return a node; raises NodeNotFoundError."""
        found: Mapping[str, Any] | None = self.brought.get(node_id) or self.original.get(node_id)
        if found is None:
            raise NodeNotFoundError(f"Node {node_id} not found")
        return found

    def has_node(self, node_id: str) -> bool:
        return node_id in self.brought or node_id in self.original

    def all_node_ids(self) -> set[str]:
        return set(self.original) | set(self.brought)

    def get_original_prompt(self) -> Mapping[str, Any]:
        return self.original

    def get_parent_node_id(self, node_id: str) -> str | None:
        """Return the node that expanded into another one."""
        return self.parents.get(node_id)

    def get_real_node_id(self, node_id: str) -> str:
        """Return the node of the original prompt from which another one came."""
        while node_id in self.parents:
            node_id = self.parents[node_id]
        return node_id

    def get_display_node_id(self, node_id: str) -> str:
        """Return the node of the original prompt that stands for another one on the canvas."""
        while node_id in self.parents:
            node_id = self.brought[node_id].get("override_display_id", self.parents[node_id])
        return node_id

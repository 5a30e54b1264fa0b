"""Content key of a node: its version, its values and the keys of what feeds it, in one pass."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.graph.catalog import Catalog
from app.graph.resolve import Links
from app.graph.spec import Input, NodeSpec
from app.graph.values import convert
from app.graph.widgets import ImageFile, ModelFile
from app.graph.workflow import Graph, NodeInstance

FileState = Callable[[Input, str], str]  # something that changes when the named file does


def values_of(node: NodeInstance, spec: NodeSpec, connected: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of each input that no edge feeds, defaults included, converted to its type."""
    values = {}
    for entry in spec.inputs:
        if entry.name in connected:
            continue
        if entry.name in node.values and (entry.free or not entry.port):
            values[entry.name] = convert(entry, node.values[entry.name])
        elif not entry.required:
            values[entry.name] = entry.default
    return values


def fingerprints(
    order: Sequence[str], graph: Graph, links: Links, catalog: Catalog, file_state: FileState
) -> dict[str, str]:
    """Return the key of each node in `order`, which must list sources before users."""
    keys: dict[str, str] = {}
    for id in order:
        spec = catalog.get(graph.nodes[id].type)
        if spec is None:
            continue
        values = values_of(graph.nodes[id], spec, links[id])
        fed = {
            name: [[keys[link.node], link.output] for link in sources]
            for name, sources in sorted(links[id].items())
        }
        files = {
            entry.name: file_state(entry, values[entry.name])
            for entry in spec.inputs
            if isinstance(entry.widget, ModelFile | ImageFile) and entry.name in values
        }
        text = json.dumps([spec.id, spec.version, values, fed, files], sort_keys=True, default=repr)
        keys[id] = hashlib.sha256(text.encode()).hexdigest()
    return keys

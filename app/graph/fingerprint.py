"""Content key of a node: its version, its values and the keys of what feeds it, in one pass."""

from __future__ import annotations

import hashlib
import json
import math
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from app.graph.catalog import Catalog
from app.graph.expansion import Ready
from app.graph.resolve import Links
from app.graph.spec import Input, NodeSpec
from app.graph.values import convert
from app.graph.widgets import ImageFile, ModelFile
from app.graph.workflow import Graph, Link, NodeInstance

FileState = Callable[[Input, str], str]  # something that changes when the named file does


def values_of(node: NodeInstance, spec: NodeSpec, connected: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of each input that no edge feeds, defaults included, converted to its type."""
    values = {}
    for entry in spec.inputs:
        if entry.name in connected:
            continue
        given = node.values.get(entry.name)
        if isinstance(given, Ready):
            values[entry.name] = given.value
        elif entry.name in node.values and (entry.free or not entry.port):
            values[entry.name] = convert(entry, given)
        elif not entry.required:
            values[entry.name] = entry.default
    return values


def fingerprint(
    node: NodeInstance,
    spec: NodeSpec,
    links: Mapping[str, Iterable[Link]],
    keys: Callable[[str], str],
    file_state: FileState,
    maker: str = "",
) -> str:
    """Return the key of one node; `keys` returns those of what feeds it.

    A `Ready` value that is no JSON counts as what `maker` made: the key of the node that returned it and the
    place in its expansion.
    """
    values = values_of(node, spec, links)
    fed = {
        name: [[keys(link.node), link.output] for link in sources] for name, sources in sorted(links.items())
    }
    files = {
        entry.name: file_state(entry, values[entry.name])
        for entry in spec.inputs
        if isinstance(entry.widget, ModelFile | ImageFile) and entry.name in values
    }
    for name, value in node.values.items():
        if name in values and isinstance(value, Ready) and not plain(value.value):
            values[name] = ["made by", maker, name]
    more = [repr(changed(spec, {**values, **dict.fromkeys(links)}))] if spec.changed else []
    text = json.dumps([spec.id, spec.version, values, fed, files, *more], sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()


def changed(spec: NodeSpec, values: Mapping[str, Any]) -> object:
    """Return what the node's results depend on beside its inputs; something new each time after NaN."""
    assert spec.changed is not None
    state = spec.changed(values)
    return uuid.uuid4().hex if isinstance(state, float) and math.isnan(state) else state


def plain(value: Any) -> bool:
    """Whether a value stands for itself in a key."""
    return value is None or isinstance(value, bool | int | float | str)


def fingerprints(
    order: Sequence[str], graph: Graph, links: Links, catalog: Catalog, file_state: FileState
) -> dict[str, str]:
    """Return the key of each known node in `order`, which must list sources before users."""
    keys: dict[str, str] = {}
    for id in order:
        spec = catalog.get(graph.nodes[id].type)
        if spec is not None:
            keys[id] = fingerprint(graph.nodes[id], spec, links[id], keys.__getitem__, file_state)
    return keys

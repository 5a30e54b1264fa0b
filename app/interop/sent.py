"""Prompts as clients send them: values of packs' nodes in the type that is wanted, and what is missing."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from app.graph.catalog import Catalog
from app.graph.problem import Problem
from app.graph.workflow import NodeInstance, Workflow
from app.interop.flat import SCHEMA
from app.interop.names import RULES, placeholder_type

TYPES: dict[str, Callable[[Any], Any]] = {"int": int, "float": float, "str": str, "bool": bool}


def coerced(workflow: Workflow, catalog: Catalog) -> Workflow:
    """Return a prompt with the values of packs' nodes in the types of their inputs, as ComfyUI takes them.

    Clients send 1 for True and "5" for 5; what cannot be read so stays, and the check tells of it.
    """
    nodes = {id: in_type(node, catalog) for id, node in workflow.graph.nodes.items()}
    return replace(workflow, graphs={**workflow.graphs, workflow.root: replace(workflow.graph, nodes=nodes)})


def in_type(node: NodeInstance, catalog: Catalog) -> NodeInstance:
    spec = catalog.get(node.type)
    if spec is None or SCHEMA not in spec.outside:
        return node
    types = {entry.name: TYPES.get(entry.type) for entry in spec.inputs}
    values = dict(node.values)
    for name, value in node.values.items():
        kind = types.get(name)
        if kind is not None and isinstance(value, bool | int | float | str):
            with contextlib.suppress(ValueError, OverflowError):
                values[name] = kind(value)
    return replace(node, values=values)


def faults_in(prompt: Mapping[str, Any], catalog: Catalog) -> Iterator[Problem]:
    """Find inputs that are linked to a node that is not there, and those of packs' nodes that are missing.

    On the canvas a pack's input has its default; in a prompt its absence is an error.
    """
    for id, node in prompt.items():
        spec = catalog.get(placeholder_type(node["class_type"]))
        schema = spec.outside.get(SCHEMA) if spec else None
        inputs = node.get("inputs", {})
        for name in schema["input"].get("required", {}) if schema else ():
            if name not in inputs:
                text = f"{id}: {name} is missing."
                yield Problem("missing_input", text, "Give it a value or a link.", id, name)
        wired = RULES[node["class_type"]].ports if node["class_type"] in RULES else {}
        for name, value in inputs.items():
            if (schema or name in wired) and dangles(value, prompt):
                text = f"{id}: {name} is linked to node '{value[0]}', which is not there."
                yield Problem("missing_node", text, "Add the node or take the link away.", id, name)


def dangles(value: Any, prompt: Mapping[str, Any]) -> bool:
    match value:
        case [str() as node, int() as slot]:
            return node not in prompt and not isinstance(slot, bool)
    return False

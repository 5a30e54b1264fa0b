"""What is wrong with a prompt as a client sent it, beyond what our check of the document finds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.graph.catalog import Catalog
from app.graph.problem import Problem
from app.interop.flat import SCHEMA
from app.interop.names import placeholder_type


def faults_in(prompt: Mapping[str, Any], catalog: Catalog) -> Iterator[Problem]:
    """Find inputs of packs' nodes that are required and not there, or linked to a node that is not there.

    On the canvas such an input has its default; in a prompt its absence is an error.
    """
    for id, node in prompt.items():
        spec = catalog.get(placeholder_type(node["class_type"]))
        schema = spec.outside.get(SCHEMA) if spec else None
        inputs = node.get("inputs", {})
        for name in schema["input"].get("required", {}) if schema else ():
            if name not in inputs:
                text = f"{id}: {name} is missing."
                yield Problem("missing_input", text, "Give it a value or a link.", id, name)
        for name, value in inputs.items() if schema else ():
            if dangles(value, prompt):
                text = f"{id}: {name} is linked to node '{value[0]}', which is not there."
                yield Problem("missing_node", text, "Add the node or take the link away.", id, name)


def dangles(value: Any, prompt: Mapping[str, Any]) -> bool:
    match value:
        case [str() as node, int() as slot]:
            return node not in prompt and not isinstance(slot, bool)
    return False

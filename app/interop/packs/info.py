"""A V1 class as `/object_info` shows it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from typing import Any

from app.interop.packs.v1 import V1Class

CATEGORIES = ("required", "optional", "hidden")


def object_info(node: V1Class) -> dict[str, Any]:
    """Return the entry, of plain JSON values only."""
    kind, inputs = node.kind, node.input_types()
    returned = tuple(kind.RETURN_TYPES)
    flags = {
        name: bool(getattr(kind, attribute))
        for name, attribute in (("deprecated", "DEPRECATED"), ("experimental", "EXPERIMENTAL"))
        if hasattr(kind, attribute)
    }
    entry = {
        "input": inputs,
        "input_order": {part: list(entries) for part, entries in inputs.items() if part in CATEGORIES},
        "output": returned,
        "output_is_list": node.output_is_list(),
        "output_name": node.output_names(),
        "name": node.class_type,
        "display_name": node.title,
        "description": getattr(kind, "DESCRIPTION", ""),
        "python_module": f"custom_nodes.{node.pack}",
        "category": getattr(kind, "CATEGORY", "sd"),
        "output_node": node.is_output(),
        **flags,
    }
    if hasattr(kind, "OUTPUT_TOOLTIPS"):
        entry["output_tooltips"] = kind.OUTPUT_TOOLTIPS
    return dict(plain(entry))


def plain(value: Any) -> Any:
    """Return a value as JSON has it; what JSON cannot hold becomes text, a number without end None."""
    match value:
        case None | bool() | int():
            return value
        case str():
            return str.__str__(value)
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {str(name): plain(entry) for name, entry in value.items()}
        case Sequence() | Set():
            return [plain(entry) for entry in value]
    return str(value)

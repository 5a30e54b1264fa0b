"""Look at a value."""

from __future__ import annotations

import json
from typing import Any

from app.graph.node import Context, node

LONGEST = 20_000  # characters that are shown


@node(output=True, lane="pool")
def show_value(context: Context, value: Any = None) -> str:
    """Show any value as text below the node, and hand the text on.

    Args:
        value: A text or number; of pictures and models their kind and size is shown.
    """
    text = worded(value)
    context.report({"technique": "show_value", "text": text[:LONGEST]})
    return text


def worded(value: Any) -> str:
    """Say a value in words."""
    if isinstance(value, str | int | float | bool):
        return str(value)
    if value is None:
        return "nothing"
    if isinstance(value, list | dict):
        try:
            return json.dumps(value, ensure_ascii=False, indent=1)
        except (TypeError, ValueError):
            return str(value)
    told = [type(value).__name__]
    sizes = (getattr(value, name, None) for name in ("width", "height"))
    told += [" x ".join(str(size) for size in sizes if size is not None)]
    megabytes = getattr(value, "nbytes", 0) / 2**20
    return ", ".join([*filter(None, told), f"{megabytes:.1f} MiB"])

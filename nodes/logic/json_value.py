"""Read one value out of JSON."""

from __future__ import annotations

import json
import re
from typing import Annotated

from app.graph.node import node
from app.graph.widgets import TextBox, TextLine


@node(lane="pool", title="JSON value")
def json_value(
    text: Annotated[str, TextBox()] = "",
    key: Annotated[str, TextLine(200)] = "",
) -> str:
    """Give the value of a key in the first JSON object of a text; empty when there is none.

    Args:
        text: JSON, also in the middle of other text, as language models answer.
        key: Which value.
    """
    decoder = json.JSONDecoder()
    for brace in re.finditer(r"\{", text):
        try:
            found, _ = decoder.raw_decode(text, brace.start())
        except (json.JSONDecodeError, RecursionError):
            continue
        value = found.get(key)
        return "" if value is None else str(value)
    return ""

"""A router table typed in, as the report of a training shows it.

Reference: Huang et al., HarmoniCa (2024), https://arxiv.org/abs/2410.01723
"""

from __future__ import annotations

from typing import Annotated

from app.engine.reuse.router import RouterTable
from app.graph.node import node
from app.graph.widgets import TextBox


@node()
def router_table(rows: Annotated[str, TextBox(lines=6)]) -> RouterTable:
    """Use a router that was learned before; the document keeps it.

    Args:
        rows: A line for each step and in it a letter for each module, or one for all: c runs, r is reused.
    """
    return RouterTable.from_text(rows)

"""Which call of a pack's node is running on this thread or in this task."""

from __future__ import annotations

from contextvars import ContextVar

from app.graph.node import Context

CONTEXT: ContextVar[Context | None] = ContextVar("context of the running pack node", default=None)


def check_cancelled() -> None:
    """Raise `Cancelled` when the user stopped the run that this call is a part of."""
    context = CONTEXT.get()
    if context is not None:
        context.check_cancelled()

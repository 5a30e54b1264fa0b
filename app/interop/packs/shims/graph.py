"""`comfy_execution.graph`."""

from __future__ import annotations

from app.interop.packs.shims.graph_utils import ExecutionBlocker, is_link

__all__ = ["ExecutionBlocker", "is_link"]

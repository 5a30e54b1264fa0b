"""`comfy_api.v0_0_2`: progress for nodes that are written for ComfyUI's newer interface."""

from __future__ import annotations

from typing import Any

from app.interop.packs.running import CALL

PREVIEW_SIDE = 512  # pixels


def tell(value: float, max_value: float, preview_image: Any) -> None:
    call = CALL.get()
    if call is not None:
        call.progress(
            value, max_value, None if preview_image is None else ("JPEG", preview_image, PREVIEW_SIDE)
        )


class Execution:
    """What a running node may tell."""

    async def set_progress(
        self, value: float, max_value: float, node_id: str | None = None, preview_image: Any = None
    ) -> None:
        """Tell that `value` of `max_value` is done."""
        tell(value, max_value, preview_image)


class ExecutionSync:
    """The same, without waiting."""

    def set_progress(
        self, value: float, max_value: float, node_id: str | None = None, preview_image: Any = None
    ) -> None:
        """Tell that `value` of `max_value` is done."""
        tell(value, max_value, preview_image)


class ComfyAPI:
    """The interface for async nodes."""

    def __init__(self) -> None:
        self.execution = Execution()


class ComfyAPISync:
    """The interface for ordinary nodes."""

    def __init__(self) -> None:
        self.execution = ExecutionSync()

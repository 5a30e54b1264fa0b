"""`comfy_api.v0_0_2`: progress for nodes that are written for ComfyUI's newer interface."""

from __future__ import annotations

from typing import Any

from app.interop.packs.shims.comfy_utils import ProgressBar


class ExecutionSync:
    """What a running node may tell."""

    def __init__(self) -> None:
        self.bars: dict[int, ProgressBar] = {}

    def set_progress(
        self, value: float, max_value: float, node_id: str | None = None, preview_image: Any = None, **_: Any
    ) -> None:
        """Tell that `value` of `max_value` is done."""
        preview = None if preview_image is None else ("JPEG", preview_image, 512)
        ProgressBar(max_value, node_id).update_absolute(value, preview=preview)


class Execution:
    """The same, to be awaited."""

    def __init__(self) -> None:
        self.now = ExecutionSync()

    async def set_progress(self, value: float, max_value: float, **more: Any) -> None:
        self.now.set_progress(value, max_value, **more)


class ComfyAPISync:
    def __init__(self) -> None:
        self.execution = ExecutionSync()


class ComfyAPI:
    def __init__(self) -> None:
        self.execution = Execution()

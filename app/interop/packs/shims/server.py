"""`server`: packs add routes and send messages of their own through it. Here these lead nowhere.

A pack runs in the worker, which speaks no HTTP; its nodes work without.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Handler = TypeVar("Handler")


class BinaryEventTypes:
    """Numbers of the binary messages of ComfyUI's websocket."""

    PREVIEW_IMAGE = 1
    UNENCODED_PREVIEW_IMAGE = 2
    TEXT = 3
    PREVIEW_IMAGE_WITH_METADATA = 4


class Routes:
    """Takes handlers and forgets them."""

    def accept(self, *_: Any, **__: Any) -> Callable[[Handler], Handler]:
        return lambda handler: handler

    get = post = put = delete = patch = head = view = route = accept

    def static(self, *_: Any, **__: Any) -> None:
        """Forget a folder of files."""


class Application:
    """Stands for the web application."""

    def __init__(self) -> None:
        self.router = Routes()

    def add_routes(self, routes: Any) -> None:
        """Forget routes."""


class PromptServer:
    """Stands for ComfyUI's server."""

    instance: PromptServer

    def __init__(self) -> None:
        self.routes, self.app = Routes(), Application()
        self.client_id: str | None = None
        self.last_node_id: str | None = None
        self.supports: list[str] = []

    def send_sync(self, event: str, data: Any, sid: str | None = None) -> None:
        """Forget a message."""

    def send_progress_text(self, text: str, node_id: str, sid: str | None = None) -> None:
        """Forget a text."""

    def add_on_prompt_handler(self, handler: Callable[[Any], Any]) -> None:
        """Forget a handler of new prompts."""


PromptServer.instance = PromptServer()

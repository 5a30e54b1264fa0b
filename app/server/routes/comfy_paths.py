"""Where ComfyUI's clients look for a route: at the root and below /api, and both below /comfy."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from app.server.refuse import Handler

Register = Callable[[str, str], Callable[[Handler], Handler]]


def everywhere(routes: web.RouteTableDef) -> Register:
    """Return a decorator `both(method, path)` that enters a handler under each of the places."""

    def both(method: str, path: str) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            for prefix in ("", "/api", "/comfy", "/comfy/api"):
                routes.route(method, prefix + path)(handler)
            return handler

        return register

    return both

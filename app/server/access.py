"""Who may talk to the server: local pages only on loopback, a token everywhere else."""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Middleware

from app.config import LOOPBACK, Settings
from app.server.refuse import Handler, Refused

COOKIE = "patchloom_token"


class Access:
    """The guard. On loopback, a page from elsewhere must not reach us through the user's browser."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def check(self, request: web.Request) -> None:
        """Refuse a request that must not pass."""
        self.check_origin(request)
        if self.settings.loopback:
            self.check_host(request)
        elif not hmac.compare_digest(self.presented(request).encode(), (self.settings.token or "").encode()):
            raise Refused(
                401,
                "no_token",
                "The token is missing or wrong.",
                "Open the address that the server printed at its start.",
            )

    def check_host(self, request: web.Request) -> None:
        """A foreign name that resolves to this machine (DNS rebinding) shows in the Host header."""
        host = urlsplit(f"//{request.host}").hostname or ""
        if host not in LOOPBACK:
            raise Refused(
                403,
                "foreign_host",
                f"The host {host!r} is not this machine.",
                "Open http://127.0.0.1 with the port.",
            )

    def check_origin(self, request: web.Request) -> None:
        """A page of another site shows in the Origin header."""
        origin = request.headers.get("Origin")
        if origin and urlsplit(origin).netloc != request.host:
            raise Refused(
                403, "foreign_origin", f"Pages of {origin} may not use this server.", "Use its own page."
            )

    def presented(self, request: web.Request) -> str:
        header = request.headers.get("Authorization", "")
        if header.startswith("Bearer "):
            return header.removeprefix("Bearer ")
        return request.query.get("token") or request.cookies.get(COOKIE, "")

    def remember(self, request: web.Request, response: web.StreamResponse) -> None:
        """Keep the token of a first visit in a cookie, so that it leaves the address bar."""
        if not self.settings.loopback and "token" in request.query and not response.prepared:
            response.set_cookie(COOKIE, request.query["token"], httponly=True, samesite="Strict")


def guard(settings: Settings) -> Middleware:
    """Return the middleware that asks `Access` about every request."""
    access = Access(settings)

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        access.check(request)
        response = await handler(request)
        access.remember(request, response)
        return response

    return guarded

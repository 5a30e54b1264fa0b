"""What lies in the model folders."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

from aiohttp import web

from app.checkpoints.listing import cards
from app.server.keys import STATE

routes = web.RouteTableDef()


@routes.get("/api/models")
async def models(request: web.Request) -> web.Response:
    """Read headers beside the other requests: a disk may take its time."""
    folders = request.app[STATE].settings.folders.models
    found = await asyncio.to_thread(cards, folders)
    return web.json_response({"models": [asdict(entry) for entry in found]})

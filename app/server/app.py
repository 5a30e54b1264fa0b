"""The web application, put together."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from aiohttp import web

from app.config import Settings
from app.server.access import guard
from app.server.hub import Hub
from app.server.keys import HUB, RUNNER, STATE
from app.server.refuse import refusals
from app.server.routes import (
    cameras,
    catalog,
    comfy,
    comfy_files,
    comfy_frontend,
    comfy_socket,
    files,
    jobs,
    models,
    previews,
    socket,
    workflows,
)
from app.server.runner import Runner
from app.server.state import open_state

BODY_LIMIT = 32 * 2**20
OURS = (catalog, jobs, models, previews, workflows, files, cameras, socket)
COMFYS = (comfy, comfy_files, comfy_socket, comfy_frontend)


def make_app(settings: Settings) -> web.Application:
    """Return the application; its worker starts and stops with it."""
    app = web.Application(middlewares=[refusals, guard(settings)], client_max_size=BODY_LIMIT)
    app[STATE] = open_state(settings)
    app[HUB] = Hub()
    app[RUNNER] = Runner(app[STATE], app[HUB])
    app[cameras.CAME] = {}
    for module in (*OURS, *COMFYS):
        app.add_routes(module.routes)
    app.cleanup_ctx.append(work)
    app.on_shutdown.append(close_sockets)
    return app


async def work(app: web.Application) -> AsyncIterator[None]:
    """Run the queue for as long as the server lives."""
    task = asyncio.create_task(app[RUNNER].work())
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    app[STATE].database.close()


async def close_sockets(app: web.Application) -> None:
    """Tell the canvases that we go, so that the server need not wait for them."""
    for client in list(app[HUB].clients):
        await client.socket.close(code=1001, message=b"server stops")

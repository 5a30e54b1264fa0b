"""Frames of a browser's camera, for the node that works on them while it runs."""

from __future__ import annotations

import time

from aiohttp import web

from app.execution.mailbox import Mailbox, mailbox
from app.server.keys import STATE
from app.server.refuse import Refused
from app.server.routes.files import SIGNATURES

routes = web.RouteTableDef()
LARGEST = 2 * 2**20  # bytes of a frame
MOST = 8  # cameras at a time
QUICKEST = 1 / 120  # seconds between two frames of one camera
FORGOTTEN = 10.0  # seconds without a frame after which a camera does not count any more
PICTURES = (".jpg", ".png", ".webp")
CAME = web.AppKey("came", dict[str, float])


@routes.post("/api/cameras/{name}")
async def frame(request: web.Request) -> web.Response:
    """Take the newest frame of a camera."""
    name = request.match_info["name"]
    box = box_of(request, name)
    slow_down(request.app[CAME], name)
    box.put(await picture(request))
    return web.Response(status=204)


@routes.delete("/api/cameras/{name}")
async def stop(request: web.Request) -> web.Response:
    """End the run that works on a camera's frames, and keep none of them."""
    name = request.match_info["name"]
    box_of(request, name).put(b"")
    request.app[CAME].pop(name, None)
    return web.Response(status=204)


def box_of(request: web.Request, name: str) -> Mailbox:
    return mailbox(request.app[STATE].settings.folders.temp, name)


def slow_down(came: dict[str, float], name: str) -> None:
    """Refuse a frame too soon after the last one, and a camera too many."""
    now = time.monotonic()
    if now - came.get(name, 0.0) < QUICKEST:
        raise Refused(
            429, "too_fast", "Frames come faster than 120 a second.", "Wait for the answer to each frame."
        )
    for other in [other for other, last in came.items() if now - last > FORGOTTEN]:
        del came[other]
    if len(came.keys() - {name}) >= MOST:
        raise Refused(429, "too_many_cameras", f"{MOST} cameras are at work.", "Stop one of them.")
    came[name] = now


async def picture(request: web.Request) -> bytes:
    """Return a sent frame; refuses what is too large or no picture."""
    data = bytearray()
    async for chunk in request.content.iter_any():
        data += chunk
        if len(data) > LARGEST:
            raise Refused(413, "too_large", "The frame is larger than 2 MiB.", "Send smaller pictures.")
    if not any(SIGNATURES[suffix].match(data) for suffix in PICTURES):
        raise Refused(415, "not_a_picture", "The frame is not a picture.", "Send a JPEG, PNG or WebP file.")
    return bytes(data)

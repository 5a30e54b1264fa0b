"""The websocket: hello, what was missed, then everything as it happens."""

from __future__ import annotations

from aiohttp import web

from app.server.hub import Client, compact
from app.server.keys import HUB, RUNNER, STATE
from app.server.refuse import number

routes = web.RouteTableDef()


@routes.get("/api/ws")
async def connect(request: web.Request) -> web.WebSocketResponse:
    since = number(request, "from", -1, 2**62, -1)
    socket = web.WebSocketResponse(compress=False, heartbeat=30, max_msg_size=2**16)
    await socket.prepare(request)
    client = Client(socket)
    catch_up(request, client, since)
    await request.app[HUB].attend(client)
    return socket


def catch_up(request: web.Request, client: Client, since: int) -> None:
    """Queue the hello and the events after `since`; no await, so that nothing can fall in between."""
    status = request.app[RUNNER].status()
    client.say(compact({"type": "hello", "seq": status["last_seq"], "status": status}))
    log = request.app[STATE].log
    for record in log.after(since) if since >= 0 else log.of_open_jobs():
        client.say(compact(record.to_json()))
    for node, frame in request.app[HUB].previews.items():
        client.show(node, frame)

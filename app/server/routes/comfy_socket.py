"""ComfyUI's websocket: the events of our log in its words, for each client from when it connects."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMessage, web

from app.interop import protocol
from app.server.hub import Client, compact
from app.server.keys import HUB, RUNNER, STATE
from app.server.routes.comfy import left, submitted

routes = web.RouteTableDef()
FEATURES = compact({"type": "feature_flags", "data": {"supports_preview_metadata": True}})


@dataclass(eq=False)
class ComfyClient(Client):
    """A client that hears ComfyUI's messages."""

    request: web.Request = field(kw_only=True)
    translators: dict[str, protocol.Translator] = field(default_factory=dict)

    def tell(self, event: dict[str, Any], text: str) -> None:
        translator = self.translator(event["job"])
        if translator is not None:
            for message in translator.messages(event, lambda: left(self.request)):
                self.say(compact(message))
        if event["type"] == "job_finished":
            self.translators.pop(event["job"], None)

    def translator(self, job: str | None) -> protocol.Translator | None:
        """Return what translates the events of a job; None for what concerns no job."""
        if job is not None and job not in self.translators:
            sent = submitted(self.request, self.request.app[STATE].jobs.get(job))
            self.translators[job] = protocol.Translator(sent)
        return self.translators.get(job or "")

    def hear(self, message: WSMessage) -> None:
        """Answer the frontend's first message, which names its features."""
        if message.type == web.WSMsgType.TEXT and '"feature_flags"' in message.data:
            self.say(FEATURES)

    def show(self, node: str, frame: bytes) -> None:
        current = self.request.app[RUNNER].current
        if current and current.id in self.translators:
            super().show(node, protocol.preview(frame, self.translators[current.id].prompt))


async def connect(request: web.Request) -> web.WebSocketResponse:
    """Say hello with the client's id, then tell everything that happens."""
    id = request.query.get("clientId") or secrets.token_hex(16)
    socket = web.WebSocketResponse(compress=False, heartbeat=30, max_msg_size=2**16)
    await socket.prepare(request)
    client = ComfyClient(socket, request=request)
    client.say(compact(protocol.status(left(request), id)))
    await request.app[HUB].attend(client, client.hear)
    return socket


for path in ("/ws", "/comfy/ws"):
    routes.get(path)(connect)

"""Connected canvases: every event reaches each of them in order; of previews only the newest."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMessage, web

from app.server.reels import Frame, Reels
from app.store.events import Record

BACKLOG = 10_000  # events a client may fall behind before it is cut off to catch up anew
compact = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(eq=False)
class Client:
    """One websocket. Events queue up, a preview replaces the one of the same node that was not sent yet."""

    socket: web.WebSocketResponse
    waiting: list[str] = field(default_factory=list)
    previews: dict[str, bytes] = field(default_factory=dict)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    room: int = BACKLOG

    def tell(self, event: dict[str, Any], text: str) -> None:
        """Take an event; `text` is what is sent of it, made once for all clients."""
        self.say(text)

    def say(self, text: str) -> None:
        self.waiting.append(text)
        self.wake.set()

    def show(self, node: str, frame: bytes) -> None:
        self.previews[node] = frame
        self.wake.set()

    async def send_all(self) -> None:
        """Send what has gathered, for as long as the socket is open."""
        while not self.socket.closed and len(self.waiting) < self.room:
            await self.wake.wait()
            self.wake.clear()
            texts, self.waiting = self.waiting, []
            for text in texts:
                await self.socket.send_str(text)
            frames, self.previews = self.previews, {}
            for frame in frames.values():
                await self.socket.send_bytes(frame)
        await self.socket.close()


class Hub:
    """All clients; the newest preview of each node for those who come later, and reels of the last jobs."""

    def __init__(self) -> None:
        self.clients: set[Client] = set()
        self.previews: dict[str, bytes] = {}
        self.reels = Reels()

    async def attend(self, client: Client, hear: Callable[[WSMessage], None] = lambda message: None) -> None:
        """Serve a client until it goes; what it has to catch up with does not count as falling behind."""
        client.room = BACKLOG + len(client.waiting)
        self.clients.add(client)
        sender = asyncio.create_task(client.send_all())
        try:
            async for message in client.socket:
                hear(message)
        finally:
            self.clients.discard(client)
            sender.cancel()

    def tell(self, record: Record) -> None:
        """Pass on an event; the start of a job makes the previews of the one before old."""
        if record.body["type"] == "job_started":
            self.previews.clear()
        if self.clients:
            event = record.to_json()
            text = compact(event)
            for client in self.clients:
                client.tell(event, text)

    def show(self, packet: bytes, job: str) -> None:
        """Pass on a preview frame of a job, and keep it."""
        frame = Frame.unpack(packet)
        self.previews[frame.node] = packet
        self.reels.add(job, frame)
        for client in self.clients:
            client.show(frame.node, packet)

"""Connected canvases: every event reaches each of them in order; of previews only the newest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMessage, web

from app.server.reels import Frame, Reels
from app.store.events import Record

BACKLOG = 10_000  # events a client may fall behind before it is cut off to catch up anew


@dataclass(eq=False)
class Client:
    """One websocket. Events queue up, a preview replaces the one of the same node that was not sent yet."""

    socket: web.WebSocketResponse
    events: list[dict[str, Any]] = field(default_factory=list)
    previews: dict[str, bytes] = field(default_factory=dict)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    room: int = BACKLOG

    def tell(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        self.wake.set()

    def show(self, node: str, frame: bytes) -> None:
        self.previews[node] = frame
        self.wake.set()

    async def send_all(self) -> None:
        """Send what has gathered, for as long as the socket is open."""
        while not self.socket.closed and len(self.events) < self.room:
            await self.wake.wait()
            self.wake.clear()
            waiting, self.events = self.events, []
            for event in waiting:
                await self.socket.send_json(event)
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
        client.room = BACKLOG + len(client.events)
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
        for client in self.clients:
            client.tell(record.to_json())

    def show(self, packet: bytes, job: str) -> None:
        """Pass on a preview frame of a job, and keep it."""
        frame = Frame.unpack(packet)
        self.previews[frame.node] = packet
        self.reels.add(job, frame)
        for client in self.clients:
            client.show(frame.node, packet)

"""Frames on the pipes between server and worker: `u32 length, u8 kind`, then JSON or a preview."""

from __future__ import annotations

import asyncio
import json
import os
import struct
import threading
from collections.abc import Mapping
from typing import Any, BinaryIO

HEADER = struct.Struct(">IB")
MESSAGE, PREVIEW = 0, 1
Frame = dict[str, Any] | bytes  # a message, or the bytes of a preview


class Channel:
    """The blocking end of a pipe pair, used by the worker; writing is safe from any thread."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self._source, self._sink = source, sink
        self._lock = threading.Lock()

    def send(self, frame: Mapping[str, Any] | bytes) -> None:
        """Write a frame; without a server there is nobody left to work for, and the process ends."""
        data = pack(frame)
        try:
            with self._lock:
                self._sink.write(data)
                self._sink.flush()
        except BrokenPipeError:
            os._exit(0)

    def receive(self) -> Frame:
        """Wait for the next frame; raises EOFError when the other side is gone."""
        length, kind = HEADER.unpack(self._exactly(HEADER.size))
        return unpack(kind, self._exactly(length))

    def _exactly(self, length: int) -> bytes:
        data = self._source.read(length)
        if len(data) < length:
            raise EOFError
        return data


def pack(frame: Mapping[str, Any] | bytes) -> bytes:
    if isinstance(frame, bytes):
        return HEADER.pack(len(frame), PREVIEW) + frame
    data = json.dumps(frame).encode()
    return HEADER.pack(len(data), MESSAGE) + data


def unpack(kind: int, data: bytes) -> Frame:
    return data if kind == PREVIEW else dict(json.loads(data))


async def read_frame(reader: asyncio.StreamReader) -> Frame:
    """Read the next frame; raises asyncio.IncompleteReadError when the other side is gone."""
    length, kind = HEADER.unpack(await reader.readexactly(HEADER.size))
    return unpack(kind, await reader.readexactly(length))

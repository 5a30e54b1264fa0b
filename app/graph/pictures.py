"""The document that travels inside a saved picture (PNG text chunk `patchloom`)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from app.graph.workflow import MalformedWorkflow, Workflow, read_text

SIGNATURE = b"\x89PNG\r\n\x1a\n"
KEY = b"patchloom"


def document_in(png: bytes) -> Workflow:
    """Return the document of a PNG saved by Patchloom; raises MalformedWorkflow when it carries none."""
    for kind, data in chunks(png):
        key, _, text = data.partition(b"\0")
        if kind == b"tEXt" and key == KEY:
            return read_text(text)
    raise MalformedWorkflow("This picture carries no workflow.", "Use a PNG that Patchloom saved, unedited.")


def chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Walk the chunks of a PNG: `u32 length, type, data, u32 checksum`."""
    at = len(SIGNATURE)
    while at + 12 <= len(png):
        (length,) = struct.unpack_from(">I", png, at)
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += 12 + length

"""Find the workflow text inside a file: plain JSON, or JSON that travels in a PNG, WebP or JPEG picture."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from app.graph.workflow import MalformedWorkflow

SIGNATURE = b"\x89PNG\r\n\x1a\n"
LARGEST = 2**26  # bytes of workflow text; the largest published template has 2 MB
LONG_NAMES = {"workflow": "workflow", "prompt": "prompt", "patchloom": "patchloom"}
JPEG, APP1, START_OF_SCAN = b"\xff\xd8\xff", 0xE1, 0xDA
EXIF = b"Exif\0\0"
EXIF_TEXT = 2  # the TIFF field type of a text


@dataclass(frozen=True)
class Carried:
    """The texts of one file by kind: `patchloom`, `workflow` (UI format), `prompt` (API format), `json`."""

    texts: dict[str, str | bytes]

    def best(self) -> tuple[str, str | bytes]:
        """Return kind and text of the one that tells most."""
        for kind in ("patchloom", "workflow", "prompt", "json"):
            if kind in self.texts:
                return kind, self.texts[kind]
        raise MalformedWorkflow(
            "This picture carries no workflow.",
            "Use a PNG, WebP or JPEG as ComfyUI or Patchloom saved it, unedited.",
        )


def carried_by(data: bytes) -> Carried:
    """Return the workflow texts in a file's bytes; raises MalformedWorkflow for what carries none."""
    if data.startswith(SIGNATURE):
        return Carried(png_texts(data))
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Carried(webp_texts(data))
    if data[:3] == JPEG:
        return Carried(jpeg_texts(data))
    if data[4:8] == b"ftyp" or data[:4] == b"\x1aE\xdf\xa3":
        raise MalformedWorkflow(
            "This is a video or an AVIF, and workflows are read from JSON, PNG, WebP and JPEG only.",
            "Open the workflow's JSON file.",
        )
    return Carried({"json": data})


def png_texts(png: bytes) -> dict[str, str | bytes]:
    """Read the text chunks of a PNG that hold workflows; a later chunk of the same name wins."""
    texts: dict[str, str | bytes] = {}
    for kind, data in chunks(png):
        key, _, rest = data.partition(b"\0")
        name = LONG_NAMES.get(key.decode("latin-1").lower())
        if name is not None and kind in READERS:
            texts[name] = READERS[kind](rest)
    return texts


def plain(rest: bytes) -> bytes:
    """Read the text of a tEXt chunk. The standard says Latin-1; programs also write UTF-8."""
    return rest if is_utf8(rest) else rest.decode("latin-1").encode()


def compressed(rest: bytes) -> bytes:
    """Read the text of a zTXt chunk: a zero for the method, then a zlib stream."""
    return plain(inflate(rest[1:]))


def international(rest: bytes) -> bytes:
    """Read the text of an iTXt chunk: compressed?, method, language, translated key, UTF-8 text."""
    flag, (_, _, text) = rest[:1], (*rest[2:].split(b"\0", 2), b"", b"", b"")[:3]
    return inflate(text) if flag == b"\1" else text


READERS = {b"tEXt": plain, b"zTXt": compressed, b"iTXt": international}


def inflate(data: bytes) -> bytes:
    """Decompress at most LARGEST bytes."""
    try:
        stream = zlib.decompressobj()
        text = stream.decompress(data, LARGEST)
    except zlib.error as error:
        raise MalformedWorkflow(
            f"The picture's workflow text cannot be decompressed: {error}.",
            "Get the picture again, unedited.",
        ) from None
    if stream.unconsumed_tail:
        raise MalformedWorkflow(
            f"The picture's workflow text is larger than {LARGEST // 2**20} MB.", "Open a smaller file."
        )
    return text


def is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def webp_texts(webp: bytes) -> dict[str, str | bytes]:
    """Read the EXIF chunk of a WebP, where ComfyUI writes `workflow:{...}` and `prompt:{...}` as texts."""
    texts: dict[str, str | bytes] = {}
    for chunk, data in riff_chunks(webp):
        if chunk == b"EXIF":
            texts |= named_texts(data.removeprefix(EXIF))
    return texts


def jpeg_texts(jpeg: bytes) -> dict[str, str | bytes]:
    """Read the EXIF segment of a JPEG, which holds the same texts as that of a WebP."""
    texts: dict[str, str | bytes] = {}
    for marker, data in segments(jpeg):
        if marker == APP1 and data.startswith(EXIF):
            texts |= named_texts(data.removeprefix(EXIF))
    return texts


def named_texts(tiff: bytes) -> dict[str, str | bytes]:
    """Return the EXIF texts `workflow:{...}`, `prompt:{...}` and `patchloom:{...}` by name."""
    texts: dict[str, str | bytes] = {}
    for text in exif_texts(tiff):
        key, colon, rest = text.partition(b":")
        name = LONG_NAMES.get(key.decode("latin-1").strip().lower())
        if colon and name is not None:
            texts[name] = plain(rest)
    return texts


def segments(jpeg: bytes) -> Iterator[tuple[int, bytes]]:
    """Walk the segments of a JPEG before its pixels: `0xff, marker, u16 length with itself, data`."""
    at = 2
    while at + 4 <= len(jpeg) and jpeg[at] == JPEG[0] and jpeg[at + 1] != START_OF_SCAN:
        (length,) = struct.unpack_from(">H", jpeg, at + 2)
        yield jpeg[at + 1], jpeg[at + 4 : at + 2 + length]
        at += 2 + max(length, 2)


def chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Walk the chunks of a PNG: `u32 length, type, data, u32 checksum`."""
    at = len(SIGNATURE)
    while at + 12 <= len(png):
        (length,) = struct.unpack_from(">I", png, at)
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += 12 + length


def riff_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Walk the chunks of a WebP: `type, u32 length, data`, padded to even lengths."""
    at = 12
    while at + 8 <= len(data):
        (length,) = struct.unpack_from("<I", data, at + 4)
        yield data[at : at + 4], data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def exif_texts(tiff: bytes) -> Iterator[bytes]:
    """Yield every text of the first directory of a TIFF block; a broken block yields what can be read."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return
    (start,) = struct.unpack_from(f"{order}I", tiff, 4)
    if start + 2 > len(tiff):
        return
    (count,) = struct.unpack_from(f"{order}H", tiff, start)
    for entry in range(start + 2, start + 2 + 12 * count, 12):
        if entry + 12 > len(tiff):
            return
        _, kind, length, offset = struct.unpack_from(f"{order}HHII", tiff, entry)
        if kind == EXIF_TEXT:
            place = entry + 8 if length <= 4 else offset
            yield tiff[place : place + length].rstrip(b"\0")

"""Pictures as the bytes of a file, with the document that made them where the format has room for it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any, Literal

import PIL.Image
import torch
from PIL.ExifTags import Base
from torch import Tensor

from app.engine.imaging.pictures import on_white, png, to_pictures, with_alpha
from app.engine.media import Image

PictureFormat = Literal["png", "png 16-bit", "webp", "jpeg", "avif"]
CHUNK = "patchloom"  # PNG text chunk, and start of the EXIF text, from which the document can be opened again
SUFFIXES: dict[str, str] = {
    "png": "png",
    "png 16-bit": "png",
    "webp": "webp",
    "jpeg": "jpg",
    "avif": "avif",
}
EXIF_ROOM = 65_000  # bytes; a JPEG segment holds 65,533


def encoded(image: Image, format: PictureFormat, quality: int, document: str) -> Iterator[bytes]:
    """Yield each picture of the batch as the bytes of a file.

    Args:
        image: The pictures; JPEG knows no transparency and gets white there.
        format: The file format.
        quality: 1..100 for the formats that lose something; at 100 WebP loses nothing that 8 bits hold.
        document: The document as ASCII text; JPEG and AVIF leave it out when it is longer than 65,000 bytes.
    """
    if format == "png":
        yield from png(image, {CHUNK: document})
    elif format == "png 16-bit":
        yield from (png_of_16_bits(pixels, document) for pixels in with_alpha(image))
    else:
        for picture in to_pictures(on_white(image) if format == "jpeg" else image):
            buffer = BytesIO()
            picture.save(buffer, format, exif=exif(document, format), **settings(format, quality))
            yield buffer.getvalue()


def settings(format: PictureFormat, quality: int) -> dict[str, Any]:
    """Return what Pillow's writers are told."""
    lossless = quality == 100
    match format:
        case "webp":
            return {"quality": quality, "lossless": lossless, "method": 4}
        case "avif":
            return {"quality": quality, "subsampling": "4:4:4" if lossless else "4:2:0"}
    return {"quality": quality, "subsampling": 0 if quality >= 90 else 2, "optimize": True}


def exif(document: str, format: PictureFormat) -> bytes:
    """Return EXIF data that holds the document; nothing where it has no room."""
    if format != "webp" and len(document) > EXIF_ROOM:
        return b""
    data = PIL.Image.Exif()
    data[Base.ImageDescription] = f"{CHUNK}:{document}"
    return data.tobytes()


def png_of_16_bits(pixels: Tensor, document: str) -> bytes:
    """(H, W, 3) or (H, W, 4) as a PNG with 16 bits for each channel, which Pillow cannot write.

    Reference: W3C, Portable Network Graphics (PNG) Specification (Third Edition), https://www.w3.org/TR/png-3/
    """
    rows = (pixels.clamp(0, 1).double() * 65535).round().to(torch.int32)
    bytes_ = torch.stack([rows >> 8, rows & 255], dim=-1).to(torch.uint8).flatten(1)
    unfiltered = torch.zeros(len(bytes_), 1, dtype=torch.uint8)
    lines = torch.cat([unfiltered, bytes_], dim=1).numpy().tobytes()
    height, width, channels = pixels.shape
    kind = 6 if channels == 4 else 2  # colour with or without alpha
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [
            chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)),
            chunk(b"tEXt", f"{CHUNK}\0{document}".encode("latin-1")),
            chunk(b"IDAT", zlib.compress(lines, 6)),
            chunk(b"IEND", b""),
        ]
    )


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

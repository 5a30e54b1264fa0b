"""Pictures on their way to a browser: small, without alpha, as alpha alone, or with a painted mask."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from app.execution.files import write_whole
from app.server.refuse import Refused

if TYPE_CHECKING:
    from PIL.Image import Image

SMALLEST, LARGEST = 32, 1024  # pixels of a thumbnail's longer side
QUALITY = 80  # of WebP and JPEG, 1 to 100
PREVIEWS = {"webp": "WEBP", "jpeg": "JPEG"}


def thumbnail(path: Path, size: int, kept: Path) -> Path:
    """Return a WebP picture of `path` that fits into size x size, made once and kept in the folder `kept`."""
    state = path.stat()
    key = f"{path}|{state.st_mtime_ns}|{state.st_size}|{size}"
    small = kept / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.webp"
    if not small.exists():
        with opened(path) as picture:
            picture.draft("RGB", (size, size))  # a JPEG is decoded at a fraction of its size
            picture.thumbnail((size, size))
            write_whole(small, encoded(upright(picture), "WEBP", QUALITY))
    return small


def preview(path: Path, wish: str) -> tuple[bytes, str]:
    """Return a picture as `webp` or `jpeg`, with a quality behind `;` if asked, and its content type."""
    kind, _, quality = wish.partition(";")
    kind = kind if kind in PREVIEWS else "webp"
    with opened(path) as picture:
        shown = picture.convert("RGB") if kind == "jpeg" else upright(picture)
        level = int(quality) if quality.isdecimal() and 1 <= int(quality) <= 100 else QUALITY
        return encoded(shown, PREVIEWS[kind], level), f"image/{kind}"


def channel(path: Path, name: str) -> bytes:
    """Return a picture as PNG: `rgb` without its alpha, `a` its alpha alone, in the alpha channel."""
    from PIL.Image import new

    with opened(path) as picture:
        if name == "rgb":
            return encoded(picture.convert("RGB"), "PNG")
        alone = new("RGBA", picture.size)
        alone.putalpha(picture.convert("RGBA").getchannel("A"))
        return encoded(alone, "PNG")


def masked(path: Path, mask: bytes) -> bytes:
    """Return the picture at `path` as PNG with the alpha channel of the picture `mask`."""
    with opened(path) as picture, opened(BytesIO(mask)) as painted:
        whole = picture.convert("RGBA")
        whole.putalpha(painted.convert("RGBA").getchannel("A").resize(whole.size))
        return encoded(whole, "PNG")


@contextmanager
def opened(source: Path | BytesIO) -> Iterator[Image]:
    """Open a picture; refuses what is none, or too large to be drawn."""
    from PIL import Image

    try:
        with Image.open(source) as picture:
            yield picture
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        name = source.name[:80] if isinstance(source, Path) else "The upload"
        raise Refused(
            415, "not_a_picture", f"{name!r} is not a picture.", "Choose a PNG, JPEG or WebP file."
        ) from None


def upright(picture: Image) -> Image:
    """Return the picture turned as its EXIF data says, in a mode that WebP takes."""
    from PIL import ImageOps

    turned = ImageOps.exif_transpose(picture)
    return turned.convert("RGBA" if turned.has_transparency_data else "RGB")


def encoded(picture: Image, kind: str, quality: int = QUALITY) -> bytes:
    data = BytesIO()
    picture.save(data, kind, quality=quality)
    return data.getvalue()

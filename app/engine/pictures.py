"""Picture files to images and back."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageOps
import torch
from PIL.PngImagePlugin import PngInfo
from torch.nn.functional import interpolate

from app.engine.media import Image
from app.graph.problem import Refusal


def open_picture(path: Path) -> Image:
    """Return the picture in a file, turned upright, on white where it is transparent."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", PIL.Image.DecompressionBombWarning)
            with PIL.Image.open(path) as file:
                upright = PIL.ImageOps.exif_transpose(file)
                return from_picture(on_white(upright))
    except FileNotFoundError:
        raise Refusal(f"{path.name} is missing.", "Choose another picture.", input="name") from None
    except (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning) as error:
        raise Refusal(f"{path.name} is too large: {error}", "Make it smaller first.", input="name") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise Refusal(
            f"{path.name} cannot be read as a picture: {error}.",
            "Save it as PNG, JPEG or WebP and upload it again.",
            input="name",
        ) from error


def on_white(picture: PIL.Image.Image) -> PIL.Image.Image:
    if not picture.has_transparency_data:
        return picture
    rgba = picture.convert("RGBA")
    return PIL.Image.alpha_composite(PIL.Image.new("RGBA", rgba.size, "white"), rgba)


def from_picture(picture: PIL.Image.Image) -> Image:
    """Return a Pillow picture as an image of one; 16-bit grey keeps its brightness."""
    if picture.mode.startswith("I"):
        picture = PIL.Image.fromarray((np.asarray(picture) / 257).round().clip(0, 255).astype(np.uint8))
    values = np.array(picture.convert("RGB"), dtype=np.float32) / 255
    return Image(torch.from_numpy(values)[None])


def png(image: Image, text: Mapping[str, str] | None = None) -> Iterator[bytes]:
    """Yield each picture of the batch as PNG bytes that carry `text` (key -> ASCII)."""
    chunks = PngInfo()
    for key, value in (text or {}).items():
        chunks.add_text(key, value)
    for pixels in (image.pixels.clamp(0, 1) * 255).round().to(torch.uint8).numpy():
        buffer = BytesIO()
        PIL.Image.fromarray(pixels).save(buffer, "PNG", pnginfo=chunks)
        yield buffer.getvalue()


def resize(image: Image, width: int, height: int, *, crop: bool) -> Image:
    """Return the pictures at another size; `crop` keeps proportions and cuts both sides evenly."""
    pixels = image.pixels.movedim(-1, 1)
    if crop:
        scale = max(width / image.width, height / image.height)
        rows, columns = min(image.height, round(height / scale)), min(image.width, round(width / scale))
        top, left = (image.height - rows) // 2, (image.width - columns) // 2
        pixels = pixels[:, :, top : top + rows, left : left + columns]
    scaled = interpolate(pixels, (height, width), mode="bicubic", antialias=True)
    return Image(scaled.clamp(0, 1).movedim(1, -1).contiguous())

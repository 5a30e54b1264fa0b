"""Picture files to images and back."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
import PIL.Image
import PIL.ImageOps
import torch
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from app.engine.media import Image, Mask
from app.graph.problem import Refusal

Behind = Literal["white", "black", "as stored"]


def open_picture(path: Path, behind: Behind = "white") -> Image:
    """Return the picture in a file, turned upright. See `open_layers` for `behind`."""
    return open_layers(path, behind)[0]


def open_layers(path: Path, behind: Behind = "white") -> tuple[Image, Mask]:
    """Return the picture in a file, turned upright, and a mask of what is transparent in it.

    `behind` says what shows where it is transparent: a colour, or the colours that the file holds there.
    """
    return layers(path, path.name, behind)


def read_picture(data: bytes, name: str) -> Image:
    """Return the picture that the bytes of a file are, turned upright, on white; `name` is for messages."""
    return layers(BytesIO(data), name, "white")[0]


def layers(source: Path | BytesIO, name: str, behind: Behind) -> tuple[Image, Mask]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", PIL.Image.DecompressionBombWarning)
            with PIL.Image.open(source) as file:
                upright = PIL.ImageOps.exif_transpose(file)
                return from_picture(flattened(upright, behind)), transparency(upright)
    except FileNotFoundError:
        raise Refusal(f"{name} is missing.", "Choose another picture.", input="name") from None
    except (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning) as error:
        raise Refusal(f"{name} is too large: {error}", "Make it smaller first.", input="name") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise Refusal(
            f"{name} cannot be read as a picture: {error}.",
            "Save it as PNG, JPEG or WebP and upload it again.",
            input="name",
        ) from error


def flattened(picture: PIL.Image.Image, behind: Behind) -> PIL.Image.Image:
    """Return a picture without transparency."""
    if not picture.has_transparency_data:
        return picture
    rgba = picture.convert("RGBA")
    if behind == "as stored":
        return rgba.convert("RGB")
    return PIL.Image.alpha_composite(PIL.Image.new("RGBA", rgba.size, behind), rgba)


def transparency(picture: PIL.Image.Image) -> Mask:
    """Return a mask that is 1 where a picture is fully transparent, and 0 all over where it has no alpha."""
    if not picture.has_transparency_data:
        return Mask(torch.zeros(1, picture.height, picture.width))
    alpha = np.array(picture.convert("RGBA").getchannel("A"), dtype=np.float32) / 255
    return Mask(1 - torch.from_numpy(alpha)[None])


def from_picture(picture: PIL.Image.Image) -> Image:
    """Return a Pillow picture as an image of one; 16-bit grey keeps its levels."""
    if picture.mode.startswith("I"):
        grey = np.clip(np.array(picture, dtype=np.float32) / 65535, 0, 1)
        return Image(torch.from_numpy(grey)[None, ..., None].repeat(1, 1, 1, 3))
    values = np.array(picture.convert("RGB"), dtype=np.float32) / 255
    return Image(torch.from_numpy(values)[None])


def to_pictures(image: Image) -> Iterator[PIL.Image.Image]:
    """Yield each picture of the batch in eight bits, with an alpha channel where it is transparent."""
    for pixels in eight_bits(with_alpha(image)).numpy():
        yield PIL.Image.fromarray(pixels)


def with_alpha(image: Image) -> Tensor:
    """Return pixels (B, H, W, 3), or (B, H, W, 4) with the alpha channel of transparent pictures."""
    if image.transparency is None:
        return image.pixels
    return torch.cat([image.pixels, 1 - image.transparency[..., None]], dim=-1)


def on_white(image: Image) -> Image:
    """Return pictures without transparency: white shows through."""
    if image.transparency is None:
        return image
    return Image(torch.lerp(image.pixels, torch.ones(()), image.transparency[..., None]))


def eight_bits(values: Tensor) -> Tensor:
    """Return values of 0..1 as uint8, cut off as ComfyUI does: 0.25 is 63. Eight bits come back exactly."""
    return (values.clamp(0, 1) * 255).to(torch.uint8)


def png(image: Image, text: Mapping[str, str] | None = None) -> Iterator[bytes]:
    """Yield each picture of the batch as PNG bytes that carry `text` (key -> ASCII)."""
    chunks = PngInfo()
    for key, value in (text or {}).items():
        chunks.add_text(key, value)
    for picture in to_pictures(image):
        buffer = BytesIO()
        picture.save(buffer, "PNG", pnginfo=chunks)
        yield buffer.getvalue()

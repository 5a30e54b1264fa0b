"""`nodes`: ComfyUI's own classes that packs build on, as far as our nodes do the same."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from app.engine.imaging.pictures import open_layers
from app.interop.packs.shims.folder_paths import FolderPaths

MAX_RESOLUTION = 16384


def paths() -> FolderPaths:
    """Return the folders of this start, as the module `folder_paths` has them."""
    found: FolderPaths = sys.modules["folder_paths"].__dict__["paths"]
    return found


class SaveImage:
    """Writes pictures to the output folder."""

    RETURN_TYPES = ()
    FUNCTION = "save_images"
    OUTPUT_NODE = True
    CATEGORY = "image"
    type = "output"
    prefix_append = ""
    compress_level = 4

    def __init__(self) -> None:
        self.output_dir = paths().get_directory_by_type(self.type) or ""

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        return {
            "required": {
                "images": ("IMAGE", {}),
                "filename_prefix": ("STRING", {"default": "ComfyUI"}),
            },
            "hidden": {"prompt": "PROMPT", "extra_pnginfo": "EXTRA_PNGINFO"},
        }

    def save_images(
        self,
        images: Tensor,
        filename_prefix: str = "ComfyUI",
        prompt: Any = None,
        extra_pnginfo: Any = None,
    ) -> dict[str, Any]:
        """Save each picture of (B, H, W, C) in 0..1 as PNG; 0.25 becomes 63, as ComfyUI writes it."""
        height, width = images[0].shape[:2]
        place = paths().get_save_image_path(
            filename_prefix + self.prefix_append, self.output_dir, width, height
        )
        folder, name, first, subfolder, _ = place
        saved = []
        for number, pixels in enumerate(images, first):
            file = f"{name.replace('%batch_num%', str(number - first))}_{number:05}_.png"
            levels = np.clip(255.0 * pixels.detach().cpu().numpy(), 0, 255).astype(np.uint8)
            chunks = texts({"prompt": prompt, **(extra_pnginfo or {})})
            PIL.Image.fromarray(levels).save(
                Path(folder, file), pnginfo=chunks, compress_level=self.compress_level
            )
            saved.append({"filename": file, "subfolder": subfolder, "type": self.type})
        return {"ui": {"images": saved}}


class PreviewImage(SaveImage):
    """Writes pictures to the folder for temporary files."""

    type = "temp"
    prefix_append = "_preview"
    compress_level = 1

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        return {
            "required": {"images": ("IMAGE", {})},
            "hidden": {"prompt": "PROMPT", "extra_pnginfo": "EXTRA_PNGINFO"},
        }


class LoadImage:
    """Opens a picture of the input folder."""

    RETURN_TYPES = ("IMAGE", "MASK")
    FUNCTION = "load_image"
    CATEGORY = "image"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        names = paths().folders.choices("images", "input")
        return {"required": {"image": (names, {"image_upload": True})}}

    def load_image(self, image: str) -> tuple[Tensor, Tensor]:
        """Return (1, H, W, 3) and (1, H, W): 1 where the picture is transparent."""
        picture, mask = open_layers(Path(paths().get_annotated_filepath(image)), "as stored")
        return picture.pixels, mask.coverage


CLASSES: dict[str, type] = {kind.__name__: kind for kind in (SaveImage, PreviewImage, LoadImage)}


def texts(entries: dict[str, Any]) -> PngInfo:
    """Return a PNG's text chunks; what is None is left out."""
    chunks = PngInfo()
    for name, value in entries.items():
        if value is not None:
            chunks.add_text(name, json.dumps(value))
    return chunks

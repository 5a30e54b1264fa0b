"""`comfy.utils`: the progress bar, and resizing of pictures."""

from __future__ import annotations

import time
from io import BytesIO
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from app.graph.problem import Refusal
from app.interop.packs.running import CONTEXT

PAUSE = 0.1  # seconds between two messages about progress
PARTS = 100  # steps that progress in fractions is told in
MODES = {"nearest-exact": "nearest-exact", "bilinear": "bilinear", "area": "area", "bicubic": "bicubic"}


class ProgressBar:
    """Tells how far a node is; stops the node when the user stopped the run."""

    def __init__(self, total: float, node_id: str | None = None) -> None:
        self.total, self.current = total, 0.0
        self.context = CONTEXT.get()  # a pack may go on in threads of its own
        self.told = 0.0

    def update(self, value: float) -> None:
        self.update_absolute(self.current + value)

    def update_absolute(self, value: float, total: float | None = None, preview: Any = None) -> None:
        """Tell that `value` of `total` is done; `preview` is (format, Pillow picture, largest side)."""
        self.total = self.total if total is None else total
        self.current = min(value, self.total)
        if self.context is None:
            return
        self.context.check_cancelled()
        now = time.monotonic()
        if now - self.told < PAUSE and self.current < self.total:
            return
        self.told = now
        self.context.progress(*self.steps())
        if preview is not None:
            self.context.preview(jpeg(preview[1], preview[2]))

    def steps(self) -> tuple[int, int]:
        """Return progress in whole steps."""
        if float(self.current).is_integer() and float(self.total).is_integer():
            return int(self.current), int(self.total)
        return round(PARTS * self.current / self.total), PARTS


def jpeg(picture: Any, largest: int | None) -> bytes:
    """Return a Pillow picture as a JPEG whose sides have at most `largest` pixels."""
    small = picture.convert("RGB")
    if largest:
        small.thumbnail((largest, largest))
    buffer = BytesIO()
    small.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def common_upscale(samples: Tensor, width: int, height: int, upscale_method: str, crop: str) -> Tensor:
    """Resize (B, C, H, W) to another width and height; crop "center" keeps proportions and cuts the rest."""
    if crop == "center":
        samples = cut_to(samples, width / height)
    if upscale_method == "lanczos":
        return lanczos(samples, width, height)
    if upscale_method == "bislerp":
        upscale_method = "bicubic"
    return interpolate(samples, size=(height, width), mode=MODES[upscale_method])


def cut_to(samples: Tensor, proportion: float) -> Tensor:
    """Cut (B, C, H, W) to width / height = `proportion`, the same on both sides."""
    height, width = samples.shape[-2:]
    left = max(0, round((width - height * proportion) / 2))
    top = max(0, round((height - width / proportion) / 2))
    return samples[..., top : height - top, left : width - left]


def lanczos(samples: Tensor, width: int, height: int) -> Tensor:
    """Resize (B, C, H, W) in 0..1 with Pillow's Lanczos filter, channel by channel in floats."""
    import numpy as np
    import PIL.Image

    planes = samples.detach().float().cpu().flatten(0, 1).numpy()
    resized = [
        np.asarray(PIL.Image.fromarray(plane).resize((width, height), PIL.Image.Resampling.LANCZOS))
        for plane in planes
    ]
    stacked = torch.from_numpy(np.stack(resized)).unflatten(0, samples.shape[:2])
    return stacked.to(samples.device, samples.dtype)


def load_torch_file(ckpt: str, safe_load: bool = True, device: Any = None, **more: Any) -> dict[str, Tensor]:
    """Return the tensors of a safetensors file; other formats could run code and are refused."""
    if Path(ckpt).suffix.lower() not in (".safetensors", ".sft"):
        raise Refusal(
            f"{Path(ckpt).name} may run code when it is opened, so it is not.",
            "Convert the file to safetensors.",
            code="unsafe_file",
        )
    return dict(safetensors.torch.load_file(ckpt, device=str(device or "cpu")))


def repeat_to_batch_size(tensor: Tensor, batch_size: int, dim: int = 0) -> Tensor:
    """Repeat or cut a tensor along one axis."""
    if tensor.shape[dim] > batch_size:
        return tensor.narrow(dim, 0, batch_size)
    index = torch.arange(batch_size, device=tensor.device) % tensor.shape[dim]
    return tensor.index_select(dim, index)

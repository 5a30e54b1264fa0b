"""`comfy.utils`: the progress bar, and resizing of pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from app.graph.problem import Refusal
from app.interop.packs.running import CALL

MODES = {"nearest-exact": "nearest-exact", "bilinear": "bilinear", "area": "area", "bicubic": "bicubic"}


class ProgressBar:
    """Tells how far a node is; stops the node when the user stopped the run."""

    def __init__(self, total: float, node_id: str | None = None) -> None:
        self.total, self.current = total, 0.0
        self.call = CALL.get()  # kept, because a pack may go on in threads of its own

    def update(self, value: float) -> None:
        self.update_absolute(self.current + value)

    def update_absolute(self, value: float, total: float | None = None, preview: Any = None) -> None:
        """Tell that `value` of `total` is done; `preview` is (format, Pillow picture, largest side)."""
        self.total = self.total if total is None else total
        self.current = min(value, self.total)
        if self.call is not None:
            self.call.progress(self.current, self.total, preview)


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
    stacked = torch.from_numpy(np.stack(resized)).view(*samples.shape[:2], height, width)
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

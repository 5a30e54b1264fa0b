"""What classifier-free guidance makes of two answers."""

from __future__ import annotations

import torch
from torch import Tensor


def guided(cond: Tensor, uncond: Tensor, guidance_scale: float, channels: int = 0) -> Tensor:
    """Return uncond + guidance_scale * (cond - uncond) in the first `channels` (0: all), elsewhere cond."""
    result = uncond + guidance_scale * (cond - uncond)
    return torch.cat([result[:, :channels], cond[:, channels:]], dim=1) if channels else result

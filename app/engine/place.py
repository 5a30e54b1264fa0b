"""Where models run, and how precisely."""

from __future__ import annotations

import torch


def compute_place() -> tuple[torch.device, torch.dtype]:
    """Return the device to compute on and the precision that suits it."""
    if torch.cuda.is_available():
        return torch.device("cuda"), torch.bfloat16
    return torch.device("cpu"), torch.float32  # CPUs compute half precision slower than single

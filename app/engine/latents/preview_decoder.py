"""A tiny decoder as a preview."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from app.checkpoints.contents import find_part
from app.engine.weights.building import build


@dataclass(frozen=True, eq=False)
class PreviewDecoder:
    """Pictures from latents, eight pixels to a cell.

    Attributes:
        module: A TinyDecoder.
    """

    module: Any

    def colours(self, cells: Tensor) -> Tensor:
        """(C, h, w) -> (8 h, 8 w, 3), 0..1."""
        first = next(self.module.parameters())
        with torch.no_grad():
            pictures: Tensor = self.module(cells[None].to(first.device, first.dtype))
        return pictures[0].movedim(0, -1).float().cpu()

    @property
    def channels(self) -> int:
        channels: int = self.module.config.latent_channels
        return channels

    @property
    def nbytes(self) -> int:
        return sum(parameter.nbytes for parameter in self.module.parameters())


def open_preview_decoder(path: Path) -> PreviewDecoder:
    """Read a tiny decoder from a file."""
    return PreviewDecoder(build(find_part(path, "preview_decoder")))

"""Pictures to tokens that say what is on them, for models that look at the picture they animate.

Reference: Radford et al., Learning Transferable Visual Models From Natural Language Supervision (2021),
https://arxiv.org/abs/2103.00020
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from app.checkpoints.contents import find_part
from app.engine.imaging.resizing import resize
from app.engine.media import Image
from app.engine.storage import Stored
from app.engine.weights.building import build

MEAN = (0.48145466, 0.4578275, 0.40821073)  # of the colours that CLIP was trained on
SPREAD = (0.26862954, 0.26130258, 0.27577711)
LAYER = -2  # hidden state that models which animate pictures are trained with: the last but one


@dataclass(frozen=True, eq=False)
class VisionTokens(Stored):
    """What a vision encoder says of pictures.

    Attributes:
        tokens: (B, N, D), one vector for the whole picture and one for each square of it.
    """

    tokens: Tensor

    @property
    def nbytes(self) -> int:
        return self.tokens.nbytes


@dataclass(frozen=True, eq=False)
class ClipVision:
    """A handle on a vision encoder of transformers; shared, never modified."""

    module: nn.Module

    @torch.no_grad()
    def encode(self, image: Image, *, crop: bool) -> VisionTokens:
        """Look at pictures: at the middle square of each, or at all of it pressed into a square."""
        side: int = self.module.config.image_size  # type: ignore[assignment, union-attr]
        square = resize(image, side, side, crop=crop).pixels
        levels = (square * 255).round() / 255
        colours = (levels - torch.tensor(MEAN)) / torch.tensor(SPREAD)
        parameter = next(self.module.parameters())
        given = colours.movedim(-1, 1).to(parameter.device, parameter.dtype)
        output = self.module(pixel_values=given, output_hidden_states=True)
        return VisionTokens(output.hidden_states[LAYER].float().cpu())

    @property
    def nbytes(self) -> int:
        return sum(parameter.nbytes for parameter in self.module.parameters())


def open_clip_vision(path: Path) -> ClipVision:
    """Read a vision encoder from a file."""
    return ClipVision(build(find_part(path, "vision_encoder")))

"""Pictures to tokens that say what is on them, for models that look at the picture they animate.

Reference: Radford et al., Learning Transferable Visual Models From Natural Language Supervision (2021),
https://arxiv.org/abs/2103.00020
Reference: Zhai et al., Sigmoid Loss for Language Image Pre-Training (2023), https://arxiv.org/abs/2303.15343
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from app.checkpoints.contents import find_part
from app.engine.imaging.resizing import resize
from app.engine.media import Image
from app.engine.storage import Stored
from app.engine.weights.building import build

MEAN = (0.48145466, 0.4578275, 0.40821073)  # of the colours that CLIP was trained on
SPREAD = (0.26862954, 0.26130258, 0.27577711)
SIGLIP, HALF = "siglip_vision_model", (0.5, 0.5, 0.5)  # its colours; its tokens are taken from its end
LAYER = -2  # of CLIP: hidden state that models which animate pictures are trained with: the last but one


@dataclass(frozen=True, eq=False)
class VisionTokens(Stored):
    """What a vision encoder says of pictures.

    Attributes:
        tokens: (B, N, D), one vector for each square of a picture, with CLIP after one for the whole.
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
        config: Any = self.module.config
        side, siglip = config.image_size, config.model_type == SIGLIP
        mean, spread = (HALF, HALF) if siglip else (MEAN, SPREAD)
        square = resize(image, side, side, crop=crop).pixels
        levels = (square * 255).round() / 255
        colours = (levels - torch.tensor(mean)) / torch.tensor(spread)
        parameter = next(self.module.parameters())
        given = colours.movedim(-1, 1).to(parameter.device, parameter.dtype)
        output = self.module(pixel_values=given, output_hidden_states=True)
        tokens = output.last_hidden_state if siglip else output.hidden_states[LAYER]
        return VisionTokens(tokens.float().cpu())

    @property
    def nbytes(self) -> int:
        return sum(parameter.nbytes for parameter in self.module.parameters())


def open_clip_vision(path: Path) -> ClipVision:
    """Read a vision encoder from a file."""
    return ClipVision(build(find_part(path, "vision_encoder")))

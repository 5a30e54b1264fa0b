"""Let a vision encoder look at a picture.

Reference: Radford et al., Learning Transferable Visual Models From Natural Language Supervision (2021), https://arxiv.org/abs/2103.00020
"""

from __future__ import annotations

from app.engine.media import Image
from app.engine.prompts.clip_vision import ClipVision, VisionTokens
from app.graph.node import node


@node(title="Encode CLIP vision")
def encode_clip_vision(clip_vision: ClipVision, image: Image, crop: bool = True) -> VisionTokens:
    """Turn a picture into tokens that say what is on it, for Image to video.

    Args:
        clip_vision: The vision encoder that the model was trained with.
        image: The picture; it is brought to the size that the encoder takes.
        crop: Whether to look at the middle square only; off presses the whole picture into a square, as
            HunyuanVideo 1.5 was trained.
    """
    return clip_vision.encode(image, crop=crop)

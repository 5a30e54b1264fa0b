"""Load CLIP vision: the encoder that looks at pictures."""

from __future__ import annotations

from typing import Annotated

from app.engine.prompts.clip_vision import ClipVision, open_clip_vision
from app.engine.weights.loading import import_libraries
from app.graph.node import Context, node
from app.graph.widgets import ModelFile


@node(prepare=import_libraries, title="Load CLIP vision")
def load_clip_vision(context: Context, name: Annotated[str, ModelFile("clip_vision")]) -> ClipVision:
    """Open a vision encoder, for models that look at the picture they animate.

    Args:
        name: A safetensors file; Wan 2.1's models for image to video were trained with CLIP ViT-H,
            HunyuanVideo 1.5 with SigLIP (sigclip_vision_patch14_384).
    """
    return open_clip_vision(context.model_path("clip_vision", name))

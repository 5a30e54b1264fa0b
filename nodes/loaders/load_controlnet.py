"""Load a control network."""

from __future__ import annotations

from typing import Annotated

from app.engine.control import ControlNet, open_control
from app.engine.weights.loading import import_libraries
from app.graph.node import Context, node
from app.graph.widgets import ModelFile


@node(prepare=import_libraries, title="Load ControlNet")
def load_controlnet(context: Context, name: Annotated[str, ModelFile("controlnet")]) -> ControlNet:
    """Open a network that steers a model with edges, depth, boxes or other pictures.

    Args:
        name: A safetensors file of a control network for Flux, SD3 or Qwen-Image.
    """
    return open_control(context.model_path("controlnet", name))

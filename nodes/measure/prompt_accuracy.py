"""How much of a prompt a picture of the embedded model shows."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from app.engine.imaging.judge import open_judge
from app.engine.media import Image
from app.graph.node import Context, node
from app.graph.widgets import ModelFile, TextBox


class PromptAccuracy(NamedTuple):
    """The mean share of facts that are right, and the share of pictures in which all are."""

    facts: float
    all_right: float


@node()
def prompt_accuracy(
    context: Context,
    image: Image,
    prompt: Annotated[str, TextBox()],
    judge: Annotated[str, ModelFile("models")] = "judges/mini/model.safetensors",
) -> PromptAccuracy:
    """Let a trained judge read pictures of the embedded model, and compare them with their prompt.

    Args:
        image: Pictures of the embedded model.
        prompt: What they should show.
        judge: The judge's weights.
    """
    opened = open_judge(context.model_path("models", judge).parent)
    shares = opened.accuracy(image, [prompt] * len(image.pixels))
    return PromptAccuracy(sum(shares) / len(shares), sum(share == 1 for share in shares) / len(shares))

"""Stream frames: a batch of pictures through a stream batch, each shown as soon as it is finished.

Reference: Kodaira et al., StreamDiffusion (2023), https://arxiv.org/abs/2312.12491
"""

from __future__ import annotations

from typing import Annotated

import torch

from app.engine.latents.preview import photo
from app.engine.latents.vae import Vae
from app.engine.media import Image
from app.engine.streaming.live import opened
from app.engine.streaming.similarity import SimilarityFilter
from app.engine.streaming.stream import StreamBatch
from app.graph.node import Context, node
from app.graph.widgets import Number, Slider


@node()
def stream_frames(
    context: Context,
    stream: StreamBatch,
    vae: Vae,
    frames: Image,
    similarity: Annotated[float, Slider(0.0, 1.0, step=0.005)] = 1.0,
    most_skips: Annotated[int, Number(0, 1000)] = 10,
) -> Image:
    """Send the frames of a video through a stream, and show each on the canvas while the next are made.

    Args:
        stream: What becomes of the frames.
        vae: The model's autoencoder.
        frames: The frames in their order: of a video, or a folder of pictures put into one batch.
        similarity: Frames more alike than this (cosine) to the last one that was worked on may be left out,
            the more alike the likelier; the picture of that one takes their place. 1 leaves none out.
        most_skips: How many may be left out in a row.
    """
    pictures = [Image(pixels[None]) for pixels in frames.pixels]
    finished: list[Image] = []
    standing: list[int] = []  # for each frame, which finished picture stands for it
    likeness = SimilarityFilter(similarity, most_skips, stream.seed)

    def show(picture: Image) -> None:
        finished.append(picture)
        context.preview(photo(picture.pixels[0]))

    with opened(stream, vae, likeness, pictures[0]) as live:
        for index, picture in enumerate(pictures):
            context.progress(index, len(pictures))
            if (done := live.push(picture)) is not None:
                show(done)
            standing.append(live.latest)
        for done in live.rest():
            show(done)
        context.report(live.report())
    context.progress(len(pictures), len(pictures))
    return Image(torch.cat([finished[number].pixels for number in standing]))

"""Stream a camera: every frame of a browser's camera through a stream batch, shown at once.

Reference: Kodaira et al., StreamDiffusion (2023), https://arxiv.org/abs/2312.12491
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from itertools import chain, islice
from typing import Annotated

import torch

from app.engine.imaging.pictures import read_picture
from app.engine.imaging.resizing import resize
from app.engine.latents.preview import photo
from app.engine.latents.vae import Vae
from app.engine.media import Image
from app.engine.streaming.live import opened
from app.engine.streaming.similarity import SimilarityFilter
from app.engine.streaming.stream import StreamBatch
from app.graph.node import Camera, Context, node
from app.graph.problem import Refusal
from app.graph.widgets import CameraName, Number, Slider

PAUSE = 0.005  # seconds between two looks for a new frame


@node(output=True, live=True)
def stream_camera(
    context: Context,
    stream: StreamBatch,
    vae: Vae,
    camera: Annotated[str, CameraName()] = "camera",
    width: Annotated[int, Number(16, 4096, step=16, unit="px")] = 512,
    height: Annotated[int, Number(16, 4096, step=16, unit="px")] = 512,
    similarity: Annotated[float, Slider(0.0, 1.0, step=0.005)] = 1.0,
    most_skips: Annotated[int, Number(0, 1000)] = 10,
    most_frames: Annotated[int, Number(0, 1_000_000)] = 0,
    keep: Annotated[int, Number(1, 500)] = 1,
    patience: Annotated[float, Number(0.1, 600.0, step=0.1, unit="s")] = 10.0,
) -> Image:
    """Change what a camera sees while it sees it, shown on this node until the camera is stopped.

    Args:
        stream: What becomes of the frames.
        vae: The model's autoencoder.
        camera: Start camera asks the browser for it and sends its frames under this name.
        width: Width of the pictures; frames are cropped to their proportions.
        height: Height of the pictures.
        similarity: Frames more alike than this (cosine) to the last one that was worked on may be left out,
            the more alike the likelier, which saves power while nothing moves. 1 leaves none out.
        most_skips: How many may be left out in a row.
        most_frames: After how many frames to end by itself; 0 for when the camera stops.
        keep: How many of the last pictures to hand on.
        patience: How long to wait for a frame before it is thought to have stopped.
    """
    source = context.camera(camera)
    likeness = SimilarityFilter(similarity, most_skips, stream.seed)
    finished: deque[Image] = deque(maxlen=keep)
    try:
        frames = (
            resize(read_picture(data, "frame"), width, height, crop=True)
            for data in islice(arriving(context, source, patience), most_frames or None)
        )
        first = next(frames, None)
        if first is None:
            raise no_frame(camera, patience)
        with opened(stream, vae, likeness, first) as live:
            for frame in chain([first], frames):
                if (done := live.push(frame)) is not None:
                    finished.append(done)
                    context.preview(photo(done.pixels[0]))
            finished.extend(live.rest())
            context.report(live.report())
    finally:
        source.discard()
    return Image(torch.cat([picture.pixels for picture in finished]))


def arriving(context: Context, source: Camera, patience: float) -> Iterator[bytes]:
    """Yield the newest frame again and again, until the camera stops or sends nothing for so long."""
    seen = time.monotonic()
    while not source.closed and time.monotonic() - seen < patience:
        context.check_cancelled()
        frame = source.take()
        if frame is None:
            time.sleep(PAUSE)
        else:
            seen = time.monotonic()
            yield frame
            seen = time.monotonic()


def no_frame(camera: str, patience: float) -> Refusal:
    return Refusal(
        f"No frame of '{camera}' came within {patience:g} s.",
        "Press Start camera on the node and allow the browser to use it, then run again.",
        code="no_frame",
        input="camera",
    )

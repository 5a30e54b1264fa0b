"""Pictures through a stream batch: a filter before it, and the autoencoder on both sides."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from app.engine.latents.vae import Vae
from app.engine.media import Image, Latent
from app.engine.streaming.similarity import SimilarityFilter
from app.engine.streaming.stream import Stream, StreamBatch
from app.graph.problem import Refusal


@dataclass
class Live:
    """Takes pictures (1, H, W, 3) of one size and gives them back finished, in their order.

    Attributes:
        left_out: How many the filter has left out.
    """

    stream: Stream
    vae: Vae
    likeness: SimilarityFilter
    left_out: int = 0

    @property
    def latest(self) -> int:
        """Number, from 0, of the picture that was worked on last; it stands for those left out after it."""
        return self.stream.frames - 1

    def push(self, picture: Image) -> Image | None:
        """Take the next picture; return the one that is finished now, if there is any."""
        if self.likeness.skips(picture.pixels):
            self.left_out += 1
            return None
        finished = self.stream.push(self.vae.encode(picture).samples)
        return None if finished is None else self.decoded(finished)

    def rest(self) -> Iterator[Image]:
        """Finish the pictures that are still on their way."""
        return map(self.decoded, self.stream.rest())

    def decoded(self, samples: Tensor) -> Image:
        return self.vae.decode(Latent(samples, self.vae.family.name))

    def report(self) -> dict[str, Any]:
        """Say what the stream did."""
        stream = self.stream
        return {
            "technique": "stream_batch",
            "frames": stream.frames + self.left_out,
            "left_out": self.left_out,
            "calls": stream.calls,
            "pictures_a_call": round(stream.computed / max(stream.calls, 1), 2),
        }


@contextmanager
def opened(batch: StreamBatch, vae: Vae, likeness: SimilarityFilter, first: Image) -> Iterator[Live]:
    """Open a stream for pictures of the size of the first one."""
    family, channels = batch.model.family, batch.model.channels
    latent = vae.encode(first)
    if latent.family != family.name or latent.samples.shape[1] != channels:
        raise Refusal(
            f"The autoencoder writes latents for {latent.family} with {latent.samples.shape[1]} channels; "
            f"the model is {family.name} and needs {channels}.",
            "Connect the vae that came with the model.",
            code="family_mismatch",
            input="vae",
        )
    with batch.opened(latent.samples) as stream:
        yield Live(stream, vae, likeness)

"""Pictures, masks, videos and latents: tensors with a stated shape and range."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from app.engine.storage import Stored
from app.graph.problem import Refusal


@dataclass(frozen=True, eq=False)
class Latent(Stored):
    """A picture or video as its model family's autoencoder writes it, scaled to about unit variance.

    Attributes:
        samples: (B, C, h, w), or (B, C, F, h, w) for video; float.
        family: Name of the model family it belongs to; empty when nobody knows, as for latents that a node
            pack made up.
        mask: (B or 1, H, W), 0..1, where sampling may change it, at any resolution; None for everywhere. Of a
            video it may be (B or 1, F, H, W), one mask for each frame of the latent.
        differential: Whether a shade of the mask says from which noise level on a cell may change.
        noise_rows: Which pictures of a batch its pictures get the noise of, one number for each; empty for
            the noise of a batch of their own.
    """

    samples: Tensor
    family: str
    mask: Tensor | None = None
    differential: bool = False
    noise_rows: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.samples.ndim not in (4, 5) or not self.samples.is_floating_point():
            raise Refusal(
                "A latent is (batch, channels, height, width) in floats, with frames too for video; "
                f"this one is {shape_of(self.samples)}.",
                "Make it with Empty latent or Encode image.",
                code="bad_latent",
            )
        if len(self.noise_rows) not in (0, len(self.samples)):
            raise ValueError(f"{len(self.noise_rows)} rows of noise for {len(self.samples)} pictures")

    def suits(self, family: str) -> bool:
        """Whether it is, or may be, of a model family."""
        return self.family in (family, "")

    @property
    def nbytes(self) -> int:
        return self.samples.nbytes + (self.mask.nbytes if self.mask is not None else 0)


@dataclass(frozen=True, eq=False)
class Image(Stored):
    """One or several pictures of the same size.

    Attributes:
        pixels: (B, H, W, 3) float32, 0..1, sRGB.
        transparency: (B, H, W) float32, 0..1, 1 is fully transparent; None for none. Nodes that save, show
            and split transparent pictures look at it; those that change pixels leave it out.
    """

    pixels: Tensor
    transparency: Tensor | None = None

    def __post_init__(self) -> None:
        if self.pixels.ndim != 4 or self.pixels.shape[-1] != 3 or self.pixels.dtype != torch.float32:
            raise Refusal(
                f"An image is (batch, height, width, 3) in float32; this one is {shape_of(self.pixels)}.",
                "Make it with Load image or Decode latent.",
                code="bad_image",
            )
        if self.transparency is not None and self.transparency.shape != self.pixels.shape[:3]:
            raise ValueError(f"transparency {shape_of(self.transparency)} of {shape_of(self.pixels)}")

    @property
    def width(self) -> int:
        return self.pixels.shape[2]

    @property
    def height(self) -> int:
        return self.pixels.shape[1]

    @property
    def nbytes(self) -> int:
        return self.pixels.nbytes + (self.transparency.nbytes if self.transparency is not None else 0)


@dataclass(frozen=True, eq=False)
class Mask(Stored):
    """One or several masks of the same size: how much each pixel is meant.

    Attributes:
        coverage: (B, H, W) float32, 0..1; 1 is inside the mask.
    """

    coverage: Tensor

    def __post_init__(self) -> None:
        if self.coverage.ndim != 3 or self.coverage.dtype != torch.float32:
            raise Refusal(
                f"A mask is (batch, height, width) in float32; this one is {shape_of(self.coverage)}.",
                "Make it with Load mask, Draw mask or Image to mask.",
                code="bad_mask",
            )

    @property
    def width(self) -> int:
        return self.coverage.shape[2]

    @property
    def height(self) -> int:
        return self.coverage.shape[1]

    @property
    def nbytes(self) -> int:
        return self.coverage.nbytes


@dataclass(frozen=True, eq=False)
class Audio(Stored):
    """Sound. Without samples it is silence that lasts no time.

    Attributes:
        samples: (channels, samples) float32, -1..1.
        sample_rate: Samples per second.
    """

    samples: Tensor
    sample_rate: int

    def __post_init__(self) -> None:
        if self.samples.ndim != 2 or self.samples.dtype != torch.float32 or self.sample_rate < 1:
            raise Refusal(
                "Sound is (channels, samples) in float32 with a sample rate; "
                f"this one is {shape_of(self.samples)} at {self.sample_rate} Hz.",
                "Make it with Load audio or Video parts.",
                code="bad_audio",
            )

    @property
    def nbytes(self) -> int:
        return self.samples.nbytes


@dataclass(frozen=True, eq=False)
class Video(Stored):
    """Frames with their pace, and the sound that belongs to them. Eight bits, as in video files.

    Attributes:
        frames: (F, H, W, 3) uint8, sRGB.
        fps: Frames per second.
        audio: (channels, samples) float32, -1..1; None for a silent video.
        sample_rate: Samples of the sound per second; 0 for a silent video.
    """

    frames: Tensor
    fps: float
    audio: Tensor | None = None
    sample_rate: int = 0

    def __post_init__(self) -> None:
        if self.frames.ndim != 4 or self.frames.shape[-1] != 3 or self.frames.dtype != torch.uint8:
            raise Refusal(
                f"A video is (frames, height, width, 3) in uint8; this one is {shape_of(self.frames)}.",
                "Make it with Load video or Create video.",
                code="bad_video",
            )
        if not 0 < self.fps <= 1000:
            raise Refusal(
                f"A video has more than 0 and up to 1000 frames per second; this one has {self.fps:g}.",
                "Set fps, for example to 24.",
                code="bad_video",
                input="fps",
            )
        if self.audio is not None and (self.audio.ndim != 2 or self.sample_rate < 1):
            raise Refusal(
                "Sound is (channels, samples) with a sample rate; "
                f"this one is {shape_of(self.audio)} at {self.sample_rate} Hz.",
                "Load the video anew.",
                code="bad_video",
            )

    @property
    def width(self) -> int:
        return self.frames.shape[2]

    @property
    def height(self) -> int:
        return self.frames.shape[1]

    @property
    def nbytes(self) -> int:
        return self.frames.nbytes + (self.audio.nbytes if self.audio is not None else 0)


def shape_of(tensor: Tensor) -> str:
    """Say a tensor's shape and type for a message: `(1, 4, 8, 8) float32`."""
    return f"{tuple(tensor.shape)} {str(tensor.dtype).removeprefix('torch.')}"

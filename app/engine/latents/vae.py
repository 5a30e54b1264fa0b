"""The autoencoder: pictures to latents and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from app.engine.families import FAMILIES, Family
from app.engine.families.family import LatentFormat
from app.engine.latents.preview import LinearPreview, fit
from app.engine.media import Image, Latent
from app.engine.memory.offloading import place_of, weight_bytes
from app.graph.problem import Refusal

LAST_NOISE, LAST_LEVEL = 0.025, 0.05  # as LTX-Video's decoders were trained: share of noise, level told
MOSAIC = 16  # tiles along each side of the picture that preview colours are fitted on


@dataclass(frozen=True, eq=False)
class Vae:
    """A handle on an autoencoder.

    Attributes:
        module: An autoencoder of diffusers.
        family: Whose latents it writes.
        shared: Whether it also reads latents of the other families that have the same autoencoder.
    """

    module: nn.Module
    family: Family
    shared: bool = False

    @torch.no_grad()
    def encode(self, image: Image) -> Latent:
        """Return the latent of pictures: of each by itself, or of all as the frames of one video.

        Width, height and the number of frames must suit the family.
        """
        form = self.family.latent
        refuse_odd_size(image, self.family)
        refuse_odd_length(len(image.pixels), self.family)
        given = (image.pixels.movedim(-1, 1) * 2 - 1).to(self.device, self.dtype)
        if form.frames:
            given = given.movedim(0, 1).unsqueeze(0)
        elif form.video_vae:
            given = given.unsqueeze(2)
        encoded = self.module.encode(given)  # type: ignore[operator]
        raw = encoded.latent if hasattr(encoded, "latent") else encoded.latent_dist.mode()
        mean, spread = self.statistics(raw, self.family)
        samples = (raw.float() - mean) / spread
        if form.video_vae and not form.frames:
            samples = samples.squeeze(2)
        if form.frames and form.lead:
            samples = torch.cat([samples[:, :, :1].expand(-1, -1, form.lead, -1, -1), samples], dim=2)
        return Latent(samples.cpu(), self.family.name)

    @torch.no_grad()
    def decode(self, latent: Latent) -> Image:
        """Return the pictures of a latent; the frames of a video come out as a batch."""
        family = self.writer(latent)
        samples = latent.samples.to(self.device)
        if family.latent.video_vae and samples.ndim == 4:
            samples = samples.unsqueeze(2)
        if samples.ndim == 5:
            samples = samples[:, :, family.latent.lead :]
        mean, spread = self.statistics(samples, family)
        given, told = self.last_touch(samples)
        decoded = self.module.decode((given * spread + mean).to(self.dtype), **told).sample  # type: ignore[operator]
        pixels = (decoded.float() / 2 + 0.5).clamp(0, 1).cpu().movedim(1, -1)
        return Image(pixels.flatten(0, 1) if pixels.ndim == 5 else pixels)

    def last_touch(self, samples: Tensor) -> tuple[Tensor, dict[str, Any]]:
        """Return what a decoder takes, and is told, that removes a last bit of noise itself."""
        if not getattr(self.module.config, "timestep_conditioning", False):
            return samples, {}
        noise = torch.randn(samples.shape, generator=torch.Generator("cpu").manual_seed(0)).to(samples)
        level = torch.full((len(samples),), LAST_LEVEL, device=samples.device, dtype=self.dtype)
        return (1 - LAST_NOISE) * samples + LAST_NOISE * noise, {"temb": level}

    def writer(self, latent: Latent) -> Family:
        """Return the family of a latent; refuses one that this autoencoder cannot read."""
        if latent.suits(self.family.name):
            return self.family
        for family in FAMILIES if self.shared else ():
            if (family.name, family.latent.autoencoder) == (latent.family, self.family.latent.autoencoder):
                return family
        raise Refusal(
            f"The latent belongs to {latent.family}, the autoencoder to {self.family.name}.",
            "Connect the vae of the model that made the latent.",
            code="family_mismatch",
            input="latent",
        )

    def statistics(self, like: Tensor, family: Family) -> tuple[Tensor, Tensor]:
        """Return the mean and spread of a family's raw latents, shaped to broadcast over `like`."""
        config: Any = self.module.config
        if isinstance(norm := getattr(self.module, "bn", None), nn.BatchNorm2d):
            return tiled_statistics(norm, config.batch_norm_eps, like)
        buffers: dict[str, Any] = dict(self.module.named_buffers())
        if "latents_mean" in buffers:
            mean, spread = buffers["latents_mean"].tolist(), buffers["latents_std"].tolist()
        elif getattr(config, "latents_mean", None) is not None:
            mean, spread = config.latents_mean, config.latents_std
        elif family is not self.family:
            mean, spread = family.latent.shift, 1 / family.latent.scale
        else:
            mean, spread = getattr(config, "shift_factor", None) or 0.0, 1 / config.scaling_factor
        shape = (1, -1, *[1] * (like.ndim - 2))
        return tuple(torch.tensor(value, device=like.device).reshape(shape) for value in (mean, spread))  # type: ignore[return-value]

    def preview(self) -> LinearPreview:
        """Fit preview colours on a mosaic of coloured tiles, so that they suit these very weights."""
        random = torch.Generator("cpu").manual_seed(0)
        tiles = torch.rand(1, MOSAIC, MOSAIC, 3, generator=random)
        side = self.family.latent.multiple
        pixels = tiles.repeat_interleave(side, dim=1).repeat_interleave(side, dim=2)
        samples = self.encode(Image(pixels)).samples
        return fit(samples if samples.ndim == 4 else samples[:, :, 0], pixels)

    @property
    def channels(self) -> int:
        """Channels of its latents."""
        config: Any = self.module.config
        channels: int = config.get("latent_channels") or config["z_dim"]
        return channels

    @property
    def device(self) -> torch.device:
        return place_of(self.module)

    @property
    def dtype(self) -> torch.dtype:
        return next(self.module.parameters()).dtype

    @property
    def nbytes(self) -> int:
        return weight_bytes(self.module)


def tiled_statistics(norm: nn.BatchNorm2d, eps: float, like: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and spread for each place in squares of 2 x 2 latent cells, over the whole of `like`."""
    assert norm.running_mean is not None and norm.running_var is not None
    across = like.shape[-2] // 2, like.shape[-1] // 2
    mean, variance = (
        found.float().reshape(1, -1, 2, 2).repeat(1, 1, *across)
        for found in (norm.running_mean, norm.running_var)
    )
    return mean, (variance + eps).sqrt()


def refuse_odd_size(image: Image, family: Family) -> None:
    multiple = family.latent.multiple
    width, height = nearest_size(image.width, image.height, multiple)
    if (width, height) != (image.width, image.height):
        raise Refusal(
            f"The picture is {image.width} x {image.height}; {family.name} needs multiples of {multiple}.",
            f"Put a Resize image node before it, for example to {width} x {height}.",
            code="bad_size",
            input="image",
        )


def nearest_size(width: int, height: int, multiple: int) -> tuple[int, int]:
    """Return the nearest size whose sides are multiples, at least one of each."""
    across, down = (max(1, round(side / multiple)) * multiple for side in (width, height))
    return across, down


def refuse_odd_length(frames: int, family: Family) -> None:
    """Refuse a number of frames that a video family's autoencoder cannot write."""
    if not family.latent.frames or (fitting := nearest_length(frames, family.latent)) == frames:
        return
    step = family.latent.frame_group
    raise Refusal(
        f"The video has {frames} frames; {family.name} needs 1 more than a multiple of {step}.",
        f"The nearest length is {fitting}; Encode video's `length` and Image from batch take some out.",
        code="bad_length",
        input="image",
    )


def nearest_length(frames: int, form: LatentFormat) -> int:
    """Return the nearest number of frames that an autoencoder writes: one, and whole groups of others."""
    return 1 + max(0, round((frames - 1) / form.frame_group)) * form.frame_group

"""What flows between our nodes and those of packs: pictures, masks, latents and noise levels change clothes.

A pack works with bare tensors and dicts. Everything that has no counterpart is handed on as it is, so that a
model can pass through a pack's node and come out as the same model.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from app.engine.imaging.pictures import with_alpha
from app.engine.media import Image, Latent, Mask
from app.engine.sampling import Sigmas
from app.graph.node import Blocked
from app.graph.problem import Refusal
from app.graph.spec import Output
from app.interop.packs.shims.graph_utils import ExecutionBlocker

FAMILY = "patchloom_family"  # key of a latent's dict that says which model family it belongs to
NOISE_MASK = "noise_mask"  # key of (B, 1, H, W): where sampling may change the latent
NOISE_ROWS = "batch_index"  # key of the numbers that say which noise of a batch its pictures get
BARE: dict[type, str] = {Image: "pixels", Mask: "coverage"}
UNKNOWN = ""  # the family of a latent that a pack made up


@dataclass(frozen=True, eq=False)
class PackImage(Image):
    """A picture that a pack keeps in another form, such as grey; packs get that form back."""

    raw: Any = None


@dataclass(frozen=True, eq=False)
class PackMask(Mask):
    """A mask that a pack keeps in another form, such as without a batch."""

    raw: Any = None


@dataclass(frozen=True, eq=False)
class PackLatent(Latent):
    """A latent with more in its dict than samples, such as a noise mask."""

    raw: Any = None


def to_pack(value: Any) -> Any:
    """Return a value as packs know it."""
    match value:
        case PackImage() | PackMask() | PackLatent():
            return value.raw
        case Latent():
            return to_dict(value)
        case Image(transparency=Tensor()):
            return with_alpha(value)
        case Blocked():
            return ExecutionBlocker(value.message or None)
        case Sigmas():
            return torch.tensor(value.values)
    return getattr(value, BARE.get(type(value), ""), value)


def to_dict(latent: Latent) -> dict[str, Any]:
    """Return a latent as packs know it."""
    known: dict[str, Any] = {"samples": latent.samples, FAMILY: latent.family}
    if latent.mask is not None:
        known[NOISE_MASK] = latent.mask[:, None]
    if latent.noise_rows:
        known[NOISE_ROWS] = list(latent.noise_rows)
    return known


@dataclass
class Crossing:
    """Takes values to a call of a pack's node and back.

    What comes back unchanged is what went in, whatever the type of the output: `same` finds it by identity.
    """

    same: dict[int, tuple[Any, Any]] = field(default_factory=dict)
    families: set[str] = field(default_factory=set)

    def enter(self, value: Any) -> Any:
        """Return a value as packs know it; of a list, each element."""
        if isinstance(value, list):
            return [self.enter(entry) for entry in value]
        inside = to_pack(value)
        if inside is not value:
            self.same[id(inside)] = (inside, value)
        if isinstance(value, Latent):
            self.families.add(value.family)
        return inside

    def leave(self, value: Any, kind: str) -> Any:
        """Return a value of a pack as one of ours; `kind` is our name of the output's type."""
        if id(value) in self.same:
            return self.same[id(value)][1]
        if isinstance(value, ExecutionBlocker):
            return Blocked(value.message or "")
        with contextlib.suppress(Refusal):  # what no node of ours could take stays as it is, for other packs
            return self.dressed(value, kind)
        return value

    def dressed(self, value: Any, kind: str) -> Any:
        kinds = kind.split(",")
        if isinstance(value, dict) and isinstance(value.get("samples"), Tensor):
            return self.latent(value)
        if not isinstance(value, Tensor):
            return value
        if "Image" in kinds or ("Any" in kinds and looks_like_pictures(value)):
            return picture(value)
        if "Mask" in kinds:
            return mask(value)
        if "Sigmas" in kinds:
            return Sigmas(tuple(value.tolist()))
        return value

    def latent(self, value: dict[str, Any]) -> Latent:
        """Return a latent; without a word about its family it is of the only one that went in."""
        family = value.get(FAMILY) or (next(iter(self.families)) if len(self.families) == 1 else UNKNOWN)
        noise_mask = value.get(NOISE_MASK)
        shaped = None if noise_mask is None else mask(noise_mask).coverage
        rows = tuple(value.get(NOISE_ROWS, ()))
        if len(rows) != len(value["samples"]):  # packs that change a batch may forget to change these
            rows = ()
        if value.keys() <= {"samples", FAMILY, NOISE_MASK, NOISE_ROWS}:
            return Latent(value["samples"], family, shaped, noise_rows=rows)
        return PackLatent(value["samples"], family, shaped, noise_rows=rows, raw={**value, FAMILY: family})


def looks_like_pictures(value: Tensor) -> bool:
    return value.ndim == 4 and value.shape[-1] in (1, 3, 4) and value.is_floating_point()


def picture(raw: Tensor) -> Image:
    """Return (B, H, W, C) or (H, W, C) as pictures: grey gets three channels, a fourth is alpha."""
    if raw.ndim == 4 and raw.shape[-1] == 3 and raw.dtype == torch.float32 and raw.device.type == "cpu":
        return Image(raw.detach())
    pixels = raw.detach().float().cpu()
    pixels = pixels[None] if pixels.ndim == 3 else pixels
    if pixels.shape[-1] == 1:
        pixels = pixels.expand(*pixels.shape[:-1], 3)
    clear = 1 - pixels[..., 3].clamp(0, 1) if pixels.shape[-1] == 4 else None
    return PackImage(pixels[..., :3].contiguous(), clear, raw=raw)


def mask(raw: Tensor) -> Mask:
    """Return (B, H, W), (H, W) or (B, 1, H, W) as a mask."""
    if raw.ndim == 3 and raw.dtype == torch.float32 and raw.device.type == "cpu":
        return Mask(raw.detach())
    coverage = raw.detach().float().cpu()
    coverage = coverage[None] if coverage.ndim == 2 else coverage
    if coverage.ndim == 4 and coverage.shape[1] == 1:
        coverage = coverage[:, 0]
    return PackMask(coverage.contiguous(), raw)


def results(values: Iterable[Any], outputs: Iterable[Output], crossing: Crossing) -> list[Any]:
    """Return the outputs of a call as ours; of an output that is a list, each element."""
    return [
        [crossing.leave(entry, output.type) for entry in value]
        if output.multiple and isinstance(value, list | tuple)
        else crossing.leave(value, output.type)
        for value, output in zip(values, outputs, strict=False)
    ]

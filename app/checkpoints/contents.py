"""Which models a file or folder holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

from app.checkpoints.architecture import Architecture, Kind, Layout
from app.checkpoints.archive import Archive, Shapes, open_archive
from app.checkpoints.known import ARCHITECTURES
from app.checkpoints.rules import Piece, original_name, shapes_of, translate
from app.graph.problem import Refusal

# What stands before the names of one part, besides what text encoders in a common file are called.
PREFIXES = (
    "model.diffusion_model.",
    "diffusion_model.",
    "transformer.",
    "first_stage_model.",
    "vae.",
    "language_model.",
    "language_model.model.",
    "model.language_model.",
    "language_model.model.",
    "model.",
)
TEXT_ENCODERS = re.compile(r"text_encoders\.\w+\.(?:transformer\.)?(?:model\.)?")
# Marks and tokenizers that publishers put beside the weights.
BESIDE = ("spiece_model", "scaled_fp8", "tekken_model", "tokenizer_json", "logit_scale", "model_ema.")
LORA = re.compile(r"\.(lora_[AB]|lora_(down|up)|lora\.(down|up)|lokr_w\d|hada_w\d_[ab])\b")


@dataclass(frozen=True)
class Part:
    """One model part in an archive.

    Attributes:
        archive: Where its tensors are.
        architecture: What it is.
        layout: How its tensors are named.
        prefix: What all its names begin with in the file.
        named: Shapes by name, without the prefix and without what the model does not need.
    """

    archive: Archive
    architecture: Architecture
    layout: Layout
    prefix: str
    named: Shapes

    @cached_property
    def pieces(self) -> dict[str, Piece]:
        """Where each tensor of the model comes from; sources are named without the prefix."""
        return translate(self.named, self.layout.rules(self.named))

    @cached_property
    def shapes(self) -> Shapes:
        """Shapes in the model."""
        return shapes_of(self.pieces, self.named)

    @cached_property
    def config(self) -> dict[str, Any]:
        """Arguments of the model's class, as shapes tell them."""
        try:
            return {**self.architecture.config(self.shapes), **self.archive.told.get("config", {})}
        except KeyError as error:
            name = original_name(str(error.args[0]), self.layout.rules(self.named))
            raise self.not_whole(f"but lacks {name}") from error
        except (IndexError, ValueError, ZeroDivisionError) as error:
            raise self.not_whole(f"but its shapes do not go together: {error}") from error

    def not_whole(self, wrong: str) -> Refusal:
        return Refusal(
            f"{self.archive.path} looks like {self.architecture.name}, {wrong}.",
            "The file is not whole, or holds a variant that Patchloom does not know.",
            code="missing_keys",
        )

    @property
    def variant(self) -> str:
        try:
            return self.architecture.variant(self.shapes)
        except (KeyError, IndexError):
            return ""

    @property
    def names(self) -> list[str]:
        """Names in the file."""
        return [self.prefix + name for name in self.named]

    @property
    def precision(self) -> str:
        return self.archive.precision(self.names)


def parts_of(archive: Archive) -> Iterator[Part]:
    """Yield the model parts in an archive."""
    if looks_like_lora(archive):
        return
    rest = dict(archive.shapes)
    encoders = {match.group() for name in rest if (match := TEXT_ENCODERS.match(name))}
    prefixes = sorted({*PREFIXES, *encoders, ""}, key=len, reverse=True)
    for whole, prefix in product((True, False), prefixes):
        bare = {name.removeprefix(prefix): shape for name, shape in rest.items() if name.startswith(prefix)}
        if (found := recognise(bare, whole=whole)) is not None:
            architecture, layout = found
            named = {
                name: shape for name, shape in bare.items() if not name.startswith((*layout.ignored, *BESIDE))
            }
            yield Part(archive, architecture, layout, prefix, named)
            rest = {name: shape for name, shape in rest.items() if not name.startswith(prefix)}


def recognise(shapes: Shapes, *, whole: bool) -> tuple[Architecture, Layout] | None:
    """Return what has tensors of these names, and who names them so."""
    for architecture in ARCHITECTURES:
        for layout in architecture.layouts:
            if layout.whole == whole and layout.fits(shapes):
                return architecture, layout
    return None


def looks_like_lora(archive: Archive) -> bool:
    return any(LORA.search(name) for name in archive.entries)


def read_parts(path: Path) -> tuple[Part, ...]:
    return tuple(parts_of(open_archive(path)))


def family_of(folder: Path) -> str | None:
    """Return the family that the header of a transformer's folder tells; None where it tells none."""
    kinds = (part.architecture for part in read_parts(folder))
    return next((known.name for known in kinds if known.kind == "transformer"), None)


def find_part(path: Path, kind: Kind) -> Part:
    """Return the part of a kind in a file or folder; refuses a file of something else, saying what it is."""
    archive = open_archive(path)
    found = tuple(parts_of(archive))
    for part in found:
        if part.architecture.kind == kind:
            return part
    raise Refusal(
        f"{path} holds {described(archive, found)}, not {words(kind)}.",
        f"Choose a file that holds {words(kind)}.",
        code="wrong_part",
        input="name",
    )


def described(archive: Archive, parts: tuple[Part, ...]) -> str:
    """Say what a file holds, for messages."""
    if parts:
        return " and ".join(f"{words(part.architecture.kind)} of {part.architecture.name}" for part in parts)
    if looks_like_lora(archive):
        return "a LoRA"
    if any("controlnet" in name or name.startswith("control_model.") for name in archive.entries):
        return "a ControlNet"
    some = ", ".join(list(archive.entries)[:3])
    return f"a model that Patchloom does not know (its tensors begin with {some})"


def words(kind: Kind) -> str:
    spoken = {"vae": "an autoencoder (VAE)"}
    return spoken.get(kind, f"a {kind.replace('_', ' ')}")

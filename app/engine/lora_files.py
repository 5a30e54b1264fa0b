"""Reads LoRA files for a model and its text encoders."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor, nn

from app.checkpoints.archive import Archive, open_archive
from app.checkpoints.known import architecture_of
from app.checkpoints.lora import Factors, Names, Target, encoder_of, factors, names_of, unused
from app.engine.low_rank import Adapter, Update
from app.engine.model import Model
from app.engine.text_encoder import TextEncoder
from app.graph.problem import Refusal

SHOWN = 3  # names in a message


@dataclass(frozen=True)
class LoraFile:
    """A LoRA file, looked at but not read."""

    archive: Archive
    factors: Mapping[str, Factors]

    def for_model(self, model: Model) -> dict[str, Update]:
        """Read the updates of a transformer; refuses a file that has none for it."""
        names = linear_names(model.module, model.family.name)
        found = self.read({stem: self.targets(stem, stem, names) for stem in self.factors}, model)
        if not found:
            some = ", ".join(list(self.factors)[:SHOWN])
            raise Refusal(
                f"{self.archive.path} is a LoRA for another model than {model.family.name}: it changes {some}.",
                "Choose a LoRA that was trained for this model.",
                code="wrong_part",
                input="name",
            )
        refuse_other_sizes(self.archive.path, found, model.module)
        return found

    def for_encoder(self, text_encoder: TextEncoder, architecture: str) -> dict[str, Update]:
        """Read the updates of one text encoder."""
        tower = text_encoder.towers[architecture]
        names = linear_names(tower.module, architecture)
        folders = {role.encoder: role.architecture for role in text_encoder.prompting.towers}
        targets = {}
        for stem in self.factors:
            belongs, name = encoder_of(stem, folders) or ("", "")
            if belongs == architecture:
                targets[stem] = self.targets(stem, name, names)
        found = self.read(targets, tower)
        refuse_other_sizes(self.archive.path, found, tower.module)
        return found

    def targets(self, stem: str, name: str, names: Names) -> list[Target]:
        return names.targets(name, self.archive.entries[self.factors[stem].up].shape)

    def read(self, targets: Mapping[str, list[Target]], like: Model | object) -> dict[str, Update]:
        """Read matrices onto the device and precision of what they change."""
        found: dict[str, Update] = {}
        place = {"device": like.device, "dtype": like.dtype}  # type: ignore[attr-defined]
        with safe_open(self.archive.path, "pt") as file:
            for stem, wanted in targets.items():
                for target in wanted:
                    found[target.module] = update(file, self.factors[stem], target, place)
        return found

    def unused(self, updated: Iterable[str]) -> list[str]:
        return unused(self.archive, (self.factors[stem] for stem in updated))


def open_lora(path: Path) -> LoraFile:
    archive = open_archive(path)
    return LoraFile(archive, factors(archive))

"""Reads LoRA files for a transformer and its text encoders."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from app.checkpoints.archive import Archive, open_archive
from app.checkpoints.known import ARCHITECTURES
from app.checkpoints.lora import Factors, Target, encoder_of, factors, names_of
from app.engine.model import Model
from app.engine.prompts.text_encoder import TextEncoder
from app.engine.weights.low_rank import Adapter, Update
from app.graph.problem import Refusal

SHOWN = 3  # names in a message
BLOCK_STRENGTH = re.compile(
    r"(?P<stack>[a-z_]+)(?:\.(?P<first>\d+)(?:-(?P<last>\d+))?)?=(?P<strength>-?[\d.]+)"
)


@dataclass(frozen=True)
class LoraFile:
    """A LoRA file whose names are known and whose matrices are not read yet."""

    archive: Archive
    factors: Mapping[str, Factors]

    def updates(self, module: nn.Module, stems: Mapping[str, str]) -> dict[str, Update]:
        """Read the updates of a model; `stems` maps the file's names of them to names in the model."""
        from safetensors import safe_open

        linear = [name for name, part in module.named_modules() if isinstance(part, nn.Linear)]
        names = names_of(linear, [known for known in ARCHITECTURES if known.model == type(module).__name__])
        found = {}
        with safe_open(self.archive.path, "pt") as file:
            for stem, name in stems.items():
                for target in names.targets(name, self.archive.entries[self.factors[stem].up].shape):
                    update = read_update(file, self.factors[stem], target)
                    self.refuse_other_sizes(update, module.get_submodule(target.module), stem)
                    found[target.module] = update
        return found

    def refuse_other_sizes(self, update: Update, module: Any, stem: str) -> None:
        given, wanted = (update.up.shape[0], update.down.shape[1]), (module.out_features, module.in_features)
        if given != wanted:
            raise Refusal(
                f"{self.archive.path} changes {stem} as {given[0]} x {given[1]}; the model has "
                f"{wanted[0]} x {wanted[1]} there.",
                "Choose a LoRA that was trained for this size of the model.",
                code="shape_mismatch",
                input="name",
            )

    def encoders(self, text_encoder: TextEncoder | None) -> dict[str, tuple[str, str]]:
        """Return what the file calls updates of text encoders -> (architecture, name in it)."""
        roles = text_encoder.prompting.towers if text_encoder else ()
        folders = {role.encoder: role.architecture for role in roles}
        found = ((stem, encoder_of(stem, folders)) for stem in self.factors)
        return {stem: place for stem, place in found if place is not None}


def open_lora(path: Path) -> LoraFile:
    archive = open_archive(path)
    return LoraFile(archive, factors(archive))


def with_lora(model: Model, file: LoraFile, strength: float, blocks: str = "") -> Model:
    """Return a handle that computes with a LoRA; refuses a file that has nothing for its transformer.

    Args:
        model: What to adapt.
        file: The LoRA.
        strength: Factor on all that it adds.
        blocks: Further factors on some blocks, see `strengths_of`.
    """
    elsewhere = file.encoders(None)
    found = file.updates(model.module, {stem: stem for stem in file.factors if stem not in elsewhere})
    if not found:
        raise Refusal(
            f"{file.archive.path} is a LoRA for something else than {model.family.name}: "
            f"it changes {', '.join(list(file.factors)[:SHOWN])}.",
            "Choose a LoRA that was trained for this model.",
            code="wrong_part",
            input="name",
        )
    return model.with_adapter(
        Adapter(placed(found, model.device, model.dtype), strengths_of(found, strength, blocks))
    )


def with_text_lora(text_encoder: TextEncoder, file: LoraFile, strength: float) -> TextEncoder:
    """Return a handle whose encoders compute with a LoRA, as far as the file has something for them."""
    stems = file.encoders(text_encoder)
    for architecture, tower in text_encoder.towers.items():
        own = {stem: name for stem, (belongs, name) in stems.items() if belongs == architecture}
        if found := file.updates(tower.module, own):
            example = next(tower.module.parameters())
            adapter = Adapter(placed(found, example.device, example.dtype), strengths_of(found, strength))
            text_encoder = text_encoder.with_adapter(architecture, adapter)
    return text_encoder


def read_update(file: Any, factors: Factors, target: Target) -> Update:
    down, up = (file.get_tensor(name).float() for name in (factors.down, factors.up))
    down, up = down.flatten(1), up.flatten(1)  # some trainers store 1 x 1 convolutions
    alpha = float(file.get_tensor(factors.alpha)) if factors.alpha else float(len(down))
    if target.rows:
        up = torch.cat([up[start:end] for start, end in target.rows])
    return Update(down, up * (alpha / len(down)))


def placed(updates: Mapping[str, Update], device: torch.device, dtype: torch.dtype) -> dict[str, Update]:
    def move(tensor: Tensor) -> Tensor:
        return tensor.to(device, dtype)

    return {name: Update(move(update.down), move(update.up)) for name, update in updates.items()}


def strengths_of(modules: Mapping[str, Update], strength: float, blocks: str = "") -> dict[str, float]:
    """Return the factor of each module.

    `blocks` is a list such as `transformer_blocks.0-9=0.5, single_transformer_blocks=0`: a stack of blocks,
    or one or a span of them, and a factor for it; a module counts to the first entry that names its block.
    """
    entries = [
        entry
        for part in blocks.split(",")
        if part.strip()
        for entry in [block_strength(part.strip(), modules)]
    ]
    factors = {}
    for name in modules:
        stack, _, rest = name.partition(".")
        index = int(rest.split(".")[0]) if rest.split(".")[0].isdigit() else -1
        factor = next((factor for place, span, factor in entries if place == stack and index in span), 1.0)
        factors[name] = strength * factor
    return factors


def block_strength(text: str, modules: Mapping[str, Update]) -> tuple[str, range, float]:
    match = BLOCK_STRENGTH.fullmatch(text)
    stacks = sorted({name.split(".")[0] for name in modules})
    if match is None or match["stack"] not in stacks:
        raise Refusal(
            f"{text!r} names no blocks that this LoRA changes.",
            f"Write {stacks[0]}.0-3=0.5, with one of: {', '.join(stacks)}.",
            code="bad_value",
            input="blocks",
        )
    first = int(match["first"] or 0)
    last = int(match["last"] or match["first"] or 10**6)
    return match["stack"], range(first, last + 1), float(match["strength"])


def unused(file: LoraFile, model: Model, text_encoder: TextEncoder | None) -> Iterator[str]:
    """Name what a file changes and neither the transformer nor a text encoder has."""
    linear = [name for name, part in model.module.named_modules() if isinstance(part, nn.Linear)]
    names = names_of(linear, [known for known in ARCHITECTURES if known.model == type(model.module).__name__])
    elsewhere = file.encoders(text_encoder)
    for stem, entry in file.factors.items():
        if stem not in elsewhere and not names.targets(stem, file.archive.entries[entry.up].shape):
            yield stem

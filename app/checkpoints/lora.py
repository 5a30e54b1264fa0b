"""Which modules a LoRA file changes: kohya's, diffusers' and ai-toolkit's names, and each model's own.

Trainers name a module by the authors' names or by those of diffusers, with dots or with underscores, behind
one of a few prefixes. All of them are found in one table that is made from the model itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.checkpoints.architecture import Architecture
from app.checkpoints.archive import Archive
from app.checkpoints.entry import Shape
from app.checkpoints.rules import Rows, Rule
from app.graph.problem import Refusal

FACTORS = re.compile(
    r"(?P<stem>.+?)\.(?:lora_(?P<letter>[AB])(?:\.default)?|lora[_.](?P<way>down|up))\.weight"
)
OTHER_KINDS = {
    "lokr_w": "LoKr",
    "hada_w": "LoHa",
    "dora_scale": "DoRA",
    "lora_magnitude_vector": "DoRA",
    "lora_mid": "LoCon",
}
PREFIXES = (
    "base_model.model.",
    "model.diffusion_model.",
    "diffusion_model.",
    "transformer.",
    "lora_unet_",
    "lora_transformer_",
    "lycoris_",
)
# What stands before the names of a text encoder: kohya's by architecture, those of diffusers by folder.
KOHYA_ENCODERS = {"lora_te1_": "clip-l", "lora_te_": "clip-l", "lora_te2_": "clip-g", "lora_te3_": "t5-xxl"}


@dataclass(frozen=True)
class Factors:
    """The two matrices of one low-rank update, by name in the file; `alpha` scales it by alpha / rank."""

    stem: str
    down: str
    up: str
    alpha: str | None


@dataclass(frozen=True)
class Target:
    """A module of the model, and the rows of the update that are meant for it; no rows for all."""

    module: str
    rows: Rows = ()


def factors(archive: Archive) -> dict[str, Factors]:
    """Return the updates in a file by the name of what they change; refuses what is no LoRA."""
    found: dict[str, dict[str, str]] = {}
    for name in archive.entries:
        refuse_other_kinds(archive, name)
        if match := FACTORS.fullmatch(name):
            side = {"A": "down", "B": "up"}.get(match["letter"] or "", match["way"])
            found.setdefault(match["stem"], {})[side] = name
    if not found:
        raise Refusal(
            f"{archive.path} holds no LoRA: no tensor in it is called lora_A, lora_down or the like.",
            "Choose a LoRA file; a whole model goes into a loader of its own.",
            code="wrong_part",
            input="name",
        )
    return {stem: paired(archive, stem, sides) for stem, sides in found.items()}


def paired(archive: Archive, stem: str, sides: dict[str, str]) -> Factors:
    if len(sides) != 2:
        raise Refusal(
            f"{archive.path} has only one of the two matrices of {stem}.",
            "Fetch the file again from where it came from.",
            code="missing_keys",
            input="name",
        )
    alpha = f"{stem}.alpha"
    return Factors(stem, sides["down"], sides["up"], alpha if alpha in archive.entries else None)


def refuse_other_kinds(archive: Archive, name: str) -> None:
    for mark, kind in OTHER_KINDS.items():
        if mark in name:
            raise Refusal(
                f"{archive.path} is a {kind}, which Patchloom does not apply.",
                "Use a plain LoRA.",
                code="unsupported",
                input="name",
            )


@dataclass(frozen=True)
class Names:
    """Every name under which trainers know the modules of one model.

    Attributes:
        table: Name with underscores -> (module of the model, rule that names it so, its place in the rule).
    """

    table: dict[str, list[tuple[str, Rule | None, int]]]

    def targets(self, stem: str, up: Shape) -> list[Target]:
        """Return what an update changes, given the shape (out, rank) of its second matrix."""
        bare = stem
        for prefix in PREFIXES:
            bare = bare.removeprefix(prefix)
        found = self.table.get(plain(bare), [])
        return [Target(module, rule.cuts(up[0])[place] if rule else ()) for module, rule, place in found]


def names_of(modules: Iterable[str], architectures: Iterable[Architecture]) -> Names:
    """Collect the names of a model's modules, in its own words and in those of every layout."""
    modules = tuple(modules)
    table: dict[str, list[tuple[str, Rule | None, int]]] = {
        plain(name): [(name, None, 0)] for name in modules
    }
    for layout in (layout for architecture in architectures for layout in architecture.layouts):
        theirs = [name for name, *_ in renamed(modules, layout.rules(()))]  # some rules count the blocks
        for name, module, rule, place in renamed(modules, layout.rules(theirs)):
            table.setdefault(plain(name), []).append((module, rule, place))
    return Names(table)


def renamed(modules: Iterable[str], rules: Iterable[Rule]) -> Iterator[tuple[str, str, Rule, int]]:
    """Yield (authors' name, module, rule, place in the rule) for the modules that have another name there."""
    backwards = [
        (Rule(ours, (rule.original,)), rule, place) for rule in rules for place, ours in enumerate(rule.ours)
    ]
    for module in modules:
        for back, rule, place in backwards:
            if names := back.names(module):
                yield names[0], module, rule, place
                break


def plain(name: str) -> str:
    return name.replace(".", "_")


def encoder_of(stem: str, folders: dict[str, str]) -> tuple[str, str] | None:
    """Return (architecture, name in it) of an update of a text encoder; `folders` names them by folder."""
    prefixes = {**KOHYA_ENCODERS, **{f"{folder}.": architecture for folder, architecture in folders.items()}}
    for prefix, architecture in prefixes.items():
        if stem.startswith(prefix):
            return architecture, stem.removeprefix(prefix)
    return None

"""Opens models that are single files, or parts that lie apart: the header says what each is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import NamedTuple

from torch import nn

from app.checkpoints.architecture import Kind
from app.checkpoints.archive import open_archive
from app.checkpoints.contents import Part, find_part, parts_of
from app.checkpoints.weights import shards
from app.engine.families import FAMILIES, Family, family_for
from app.engine.families.prompts import TextTower
from app.engine.latents.vae import Vae
from app.engine.model import Model
from app.engine.prompts.text_encoder import TextEncoder, Tower
from app.engine.prompts.tokenizers import tokenizer_for
from app.engine.weights.building import Precision, build, stated_config
from app.graph.problem import Refusal

AUTO = "auto"


class Opened(NamedTuple):
    """What an all-in-one file holds; a part that it lacks is None."""

    model: Model
    text_encoder: TextEncoder | None
    vae: Vae | None


def open_checkpoint(path: Path) -> Opened:
    """Read an all-in-one file: a transformer, and what else is beside it."""
    transformer = find_part(path, "transformer")
    parts = tuple(parts_of(transformer.archive))
    model = transformer_of(transformer)
    encoders = [part for part in parts if part.architecture.kind == "text_encoder"]
    vae = next((part for part in parts if part.architecture.kind == "vae"), None)
    return Opened(
        model,
        text_encoder_of(encoders, model.family) if encoders else None,
        vae_of(vae, model.family.name) if vae else None,
    )


def open_transformer(path: Path, precision: Precision = "auto", family: str = AUTO) -> Model:
    """Read a transformer alone, from a file or from the folder of a model part."""
    return transformer_of(find_part(path, "transformer"), precision, family)


def transformer_of(part: Part, precision: Precision = "auto", family: str = AUTO) -> Model:
    """Read a transformer. Families whose files look the same are told apart by `family`."""
    refuse_unsupported(part)
    names = part.architecture.names
    if family not in (AUTO, *names):
        raise Refusal(
            f"{part.archive.path} holds a transformer of {' or '.join(names)}, not of {family}.",
            "Leave family at auto, or choose the file that you mean.",
            code="wrong_part",
            input="family",
        )
    told, path = part.archive.told, part.archive.path
    folder = path if path.is_dir() else path.parent if len(shards(path)) > 1 else None
    module = build(part, precision, stated_config(folder) if folder else None)
    keep_settings(part, module)
    stated = family_for(module, told.get("family", names[0]) if family == AUTO else family)
    size = told.get("size")
    return Model(module, stated, size=tuple(size) if size else None)


def keep_settings(part: Part, module: nn.Module) -> None:
    """Let the model's config say what the file's header says and its class does not ask."""
    wanted = part.architecture.kept
    stated = part.archive.settings.get("transformer", {}) if wanted else {}
    if found := {name: stated[name] for name in wanted if name in stated}:
        module.register_to_config(**found)  # type: ignore[operator]


def refuse_unsupported(part: Part) -> None:
    """Refuse a variant that Patchloom knows by its header and cannot run."""
    if lacking := part.architecture.unsupported.get(part.variant):
        raise Refusal(
            f"{part.archive.path} is {part.architecture.name} ({part.variant}), which needs {lacking}.",
            "Patchloom cannot give it that yet; use another variant of the model.",
            code="unsupported",
            input="name",
        )


def open_vae(path: Path, family: str = AUTO) -> Vae:
    """Read an autoencoder alone."""
    return vae_of(find_part(path, "vae"), family)


def vae_of(part: Part, family: str = AUTO) -> Vae:
    """Read an autoencoder. Families that share it are told apart by their latents."""
    refuse_unsupported(part)
    name = f"{part.architecture.name}-{part.variant.removesuffix(' channels')}"
    users = [known for known in FAMILIES if known.latent.autoencoder == name]
    chosen = [known for known in users if family in (AUTO, known.name)]
    if not chosen:
        served = ", ".join(known.name for known in users) or "no family that Patchloom knows"
        raise Refusal(
            f"{part.archive.path} is an autoencoder ({name}) for {served}.",
            "Choose the autoencoder that belongs to the model.",
            code="wrong_part",
            input="name",
        )
    form = chosen[0].latent
    told = {"scaling_factor": form.scale, "shift_factor": form.shift}
    module = build(part, told=told if part.architecture.name == "kl" else {})
    return Vae(module, chosen[0], shared=family == AUTO)


def open_text_encoder(paths: Sequence[Path], family: str = AUTO) -> TextEncoder:
    """Read the text encoders of a family from one file each, in any order."""
    parts = [part for path in paths for part in text_encoders(path)]
    refuse_twice(parts)
    return text_encoder_of(parts, named_family(family, parts) if family != AUTO else family_of(parts))


def text_encoders(path: Path) -> list[Part]:
    kind: Kind = "text_encoder"
    find_part(path, kind)  # says what the file is, where it is something else
    return [part for part in parts_of(open_archive(path)) if part.architecture.kind == kind]


def family_of(parts: Iterable[Part]) -> Family:
    """Return the first family that reads prompts with exactly these encoders."""
    given = {part.architecture.name: None for part in parts}
    for family in FAMILIES:
        if reads(family, given.keys()):
            return family
    kin = [family for family in FAMILIES if given.keys() & {role.architecture for role in towers(family)}]
    raise Refusal(
        f"No family reads prompts with {listed(given)} alone.",
        "Use a loader with a place for each encoder of a family, and one file for each: "
        f"{'; '.join(described(family) for family in kin)}.",
        code="wrong_part",
    )


def refuse_twice(parts: Iterable[Part]) -> None:
    """Refuse two files of one encoder, since no family has two of a kind."""
    seen: dict[str, Part] = {}
    for part in parts:
        name = part.architecture.name
        if name in seen:
            raise Refusal(
                f"{seen[name].archive.path} and {part.archive.path} are both {name}.",
                "Choose one file for each encoder.",
                code="wrong_part",
            )
        seen[name] = part


def towers(family: Family) -> tuple[TextTower, ...]:
    return family.prompting.towers if family.prompting else ()


def text_encoder_of(parts: Sequence[Part], family: Family) -> TextEncoder:
    """Put the encoders of a family together."""
    if family.prompting is None:
        raise Refusal(
            f"Patchloom cannot read the text encoders of {family.name} yet.",
            "Use another family.",
            code="unsupported",
        )
    given = {part.architecture.name: part for part in parts}
    roles = {role.architecture: role for role in family.prompting.towers}
    missing = {name for name, role in roles.items() if role.needed and name not in given}
    if missing or given.keys() - roles.keys():
        raise Refusal(
            f"{family.name} reads prompts with {described(family).partition(': ')[2]}; "
            f"given are {listed(given)}.",
            "Choose one file for each.",
            code="wrong_part",
        )
    towers = {
        name: Tower(role, tokenizer_for(given[name]), build(given[name]))
        for name, role in roles.items()
        if name in given
    }
    return TextEncoder(family, family.prompting, towers)


def named_family(name: str, parts: Iterable[Part]) -> Family:
    """Return the family of a name, or the one with the same transformer that reads what is given instead."""
    named = next(family for family in FAMILIES if family.name == name)
    given = {part.architecture.name for part in parts}
    kin = (family for family in FAMILIES if family.transformer == named.transformer and reads(family, given))
    return named if reads(named, given) else next(kin, named)


def reads(family: Family, given: AbstractSet[str]) -> bool:
    """Whether a family reads prompts with exactly these encoders."""
    roles = towers(family)
    needed = {role.architecture for role in roles if role.needed}
    return bool(roles) and needed <= given <= {role.architecture for role in roles}


def described(family: Family) -> str:
    roles = towers(family)
    names = [role.architecture + ("" if role.needed else " (may be left out)") for role in roles]
    return f"{family.name}: {listed(names)}"


def listed(names: Iterable[str]) -> str:
    return " + ".join(names)

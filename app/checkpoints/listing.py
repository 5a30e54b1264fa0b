"""What lies in the model folders: for each file, what it is, told by its header."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from app.checkpoints.archive import open_archive
from app.checkpoints.contents import Part, described, family_of, looks_like_lora, parts_of
from app.checkpoints.formats import quantisation
from app.checkpoints.known import ARCHITECTURES
from app.checkpoints.lora_families import changed, told_by
from app.checkpoints.weights import is_later_shard, read_json, shards
from app.graph.problem import Refusal

SUFFIXES = {".safetensors", ".gguf", ".ckpt", ".pt", ".pth", ".bin"}
INDEX = "model_index.json"
ROOT = "models"  # the kind that holds all others
HOMES = {  # folder -> what its loaders take
    "checkpoints": ("checkpoint", "transformer"),
    "diffusion_models": ("transformer", "checkpoint"),
    "text_encoders": ("text_encoder", "checkpoint"),
    "vae": ("vae", "checkpoint"),
    "clip_vision": ("vision_encoder",),
    "loras": ("lora",),
    "controlnet": ("controlnet",),
    "vae_approx": ("preview_decoder",),
}
JUDGE = "heads.kind_1.weight"  # a tensor of app/engine/imaging/judge.py's network


@dataclass(frozen=True)
class ModelCard:
    """One model in one of the configured folders.

    Attributes:
        folder: Kind of the folder, such as `diffusion_models`.
        name: As nodes name it.
        kind: `transformer`, `text_encoder`, `vae`, `checkpoint` (several in one file), `model` (a folder),
            `lora`, `controlnet`, `judge` or `unknown`.
        families: What it holds, by name: families of transformers, names of encoders and autoencoders; of a
            LoRA those that it may be for.
        variant: Which of the family's models.
        layout: How its tensors are named.
        precision: Type that holds most of its numbers.
        size: Bytes on the disk.
        parameters: Numbers in it.
        quantisation: How its weights are quantised, and what that brings; empty where they are not.
        problem: Why it cannot be used; empty where nothing speaks against it.
    """

    folder: str
    name: str
    kind: str
    families: tuple[str, ...] = ()
    variant: str = ""
    layout: str = ""
    precision: str = ""
    size: int = 0
    parameters: int = 0
    quantisation: str = ""
    problem: str = ""


def cards(folders: Mapping[str, tuple[Path, ...]]) -> list[ModelCard]:
    """Describe every model; a file is listed once, by the most particular folder that it lies in."""
    found: dict[Path, ModelCard] = {}
    for kind in sorted(folders, key=lambda kind: kind == ROOT):
        for root in folders[kind]:
            for path in model_paths(root):
                name = path.relative_to(root).as_posix()
                found.setdefault(path.resolve(), card(kind, name, path))
    return sorted(found.values(), key=lambda entry: (entry.folder, entry.name))


def model_paths(root: Path) -> Iterator[Path]:
    """Yield model folders and the files outside of them; of numbered ones the first stands for all."""
    folders = {index.parent for index in root.glob(f"**/{INDEX}")}
    yield from folders
    for path in root.rglob("*"):
        if path.suffix.lower() not in SUFFIXES or is_later_shard(path):
            continue
        if path.is_file() and not folders & set(path.parents):
            yield path


def card(folder: str, name: str, path: Path) -> ModelCard:
    """Describe one model."""
    stamps = [part.stat() for part in shards(path) if part.exists()]
    said = dict(facts(path, max(x.st_mtime_ns for x in stamps), sum(x.st_size for x in stamps)))
    said["problem"] = said.get("problem") or misplaced(folder, said["kind"])
    return ModelCard(folder, name, **said)


def misplaced(folder: str, kind: str) -> str:
    """Say where a file belongs that no loader looks for in this folder; empty where it lies well."""
    if kind in HOMES.get(folder, (kind,)):
        return ""
    home = next((home for home, kinds in HOMES.items() if kinds[0] == kind), None)
    spoken = kind.replace("_", " ").replace("lora", "LoRA").replace("vae", "VAE")
    return f"It is a {spoken}; move it to {home}." if home else ""


@lru_cache(maxsize=4096)
def facts(path: Path, modified: int, size: int) -> tuple[tuple[str, Any], ...]:
    """Return what a header says; the same file is read once, until it changes."""
    try:
        found = of_folder(path) if path.is_dir() else {"size": size, **of_file(path)}
    except Refusal as refusal:
        found = {"kind": "unknown", "size": size, "problem": str(refusal)}
    return tuple(found.items())


def of_file(path: Path) -> dict[str, Any]:
    archive = open_archive(path)
    parts = tuple(parts_of(archive))
    if not parts:
        lora, control = looks_like_lora(archive), "ControlNet" in described(archive, parts)
        judge = JUDGE in archive.entries
        kind = "lora" if lora else "controlnet" if control else "judge" if judge else "unknown"
        said = "" if kind != "unknown" else f"It holds {described(archive, parts)}."
        families = tuple(sorted((told_by(changed(archive)) or set()) - {"flux-mini"})) if lora else ()
        return {
            "kind": kind,
            "families": families,
            "precision": archive.precision(archive.entries),
            "problem": said,
        }
    return {**of_parts(parts), "precision": archive.precision(archive.entries)}


def of_parts(parts: tuple[Part, ...]) -> dict[str, Any]:
    """Describe the parts of one file; the transformer's variant stands for the whole."""
    main = next((part for part in parts if part.architecture.kind == "transformer"), parts[0])
    lacking = main.architecture.unsupported.get(main.variant)
    return {
        "kind": main.architecture.kind if len(parts) == 1 else "checkpoint",
        "families": tuple(name_of(part) for part in parts),
        "variant": main.variant,
        "layout": main.layout.name,
        "parameters": sum(part.archive.parameters(part.names) for part in parts),
        "quantisation": quantisation(main.archive.entries[name] for name in main.names),
        "problem": f"It needs {lacking}, which Patchloom cannot give it yet." if lacking else "",
    }


def name_of(part: Part) -> str:
    """Return what a part is; a transformer that Patchloom wrote says it itself."""
    stated = part.archive.told.get("family") if part.architecture.kind == "transformer" else None
    return str(stated or part.architecture.name)


def of_folder(path: Path) -> dict[str, Any]:
    """Describe a folder in diffusers layout by its index and the header of its transformer."""
    index = read_json(path / INDEX)
    entry = index.get("transformer")
    kind = entry[1] if isinstance(entry, list) and len(entry) == 2 else None
    known = any(known.model == kind for known in ARCHITECTURES)
    family = index.get("_patchloom_family") or (family_of(path / "transformer") if known else None)
    weights = open_archive(path / "transformer") if family else None
    return {
        "kind": "model",
        "families": (family,) if family else (),
        "layout": "diffusers",
        "size": sum(file.stat().st_size for file in path.rglob("*") if file.is_file()),
        "precision": weights.precision(weights.entries) if weights else "",
        "parameters": weights.parameters(weights.entries) if weights else 0,
        "problem": "" if family else f"Its transformer is {kind}, which Patchloom does not know.",
    }

"""The model parts in a file or folder, by their headers: their sizes, and the networks without weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from torch import nn

from app.checkpoints.archive import open_archive
from app.checkpoints.contents import Part, looks_like_lora, parts_of
from app.checkpoints.sizes import PartSize, part_size
from app.checkpoints.weights import read_json
from app.engine.place import compute_place
from app.engine.weights.building import empty

INDEX = "model_index.json"
TITLES = {
    "transformer": "transformer",
    "text_encoder": "text encoder",
    "vision_encoder": "vision encoder",
    "vae": "autoencoder",
    "controlnet": "ControlNet",
}


@dataclass(frozen=True, eq=False)
class Network:
    """A model part that is not loaded.

    Attributes:
        size: What its weights take.
        build: Builds it on the `meta` device; None for what is no network of its own.
        stated: What the index of its folder says of the whole model.
        kept: How a loader is asked to keep the weights; see part_size.
    """

    size: PartSize
    build: Callable[[], nn.Module] | None = None
    stated: Mapping[str, Any] | None = None
    kept: str = "auto"


def networks_in(path: Path, kept: str) -> tuple[Network, ...]:
    """Return what a loader finds in a file or folder and keeps as it is asked to; raises Refusal."""
    stamp = path.stat()
    return found_in(path, stamp.st_mtime_ns, kept, compute_place()[1].itemsize)


@lru_cache(maxsize=256)
def found_in(path: Path, modified: int, kept: str, itemsize: int) -> tuple[Network, ...]:
    """Return the parts; the headers of a file are read once, until it changes."""
    if (path / INDEX).is_file():
        return tuple(in_folder(path, kept, itemsize))
    archive = open_archive(path)
    if looks_like_lora(archive):
        return (Network(part_size(archive, archive.entries, ("LoRA", ""), "float32", itemsize)),)
    return tuple(in_file(part, kept, itemsize) for part in parts_of(archive))


def in_file(part: Part, kept: str, itemsize: int) -> Network:
    known = part.architecture
    title = TITLES.get(known.kind, known.kind), " ".join(filter(None, (known.name, part.variant)))
    size = part_size(part.archive, part.names, title, kept, itemsize)
    return Network(size, partial(empty, part, {}), kept=kept)


def in_folder(path: Path, kept: str, itemsize: int) -> Iterator[Network]:
    """Yield the parts of a folder in diffusers layout that have weights."""
    index = read_json(path / INDEX)
    family = index.get("_patchloom_family", "")
    for name, entry in index.items():
        library, kind = entry if isinstance(entry, list) and len(entry) == 2 and all(entry) else ("", "")
        if library not in ("diffusers", "transformers") or not any((path / name).glob("*.safetensors")):
            continue
        archive = open_archive(path / name)
        title = TITLES.get(name.removesuffix("_2").removesuffix("_3"), name), family or kind
        size = part_size(archive, archive.entries, title, kept, itemsize)
        yield Network(size, partial(from_config, path / name, library, kind), index, kept)


def from_config(folder: Path, library: str, kind: str) -> nn.Module:
    """Build the network that a folder's `config.json` describes."""
    import diffusers
    import transformers
    from accelerate import init_empty_weights  # type: ignore[import-untyped]

    config = read_json(folder / "config.json")
    with init_empty_weights(include_buffers=False):
        if library == "diffusers":
            module: nn.Module = getattr(diffusers, kind).from_config(config)
        else:
            model = getattr(transformers, kind)
            module = model(model.config_class(**config))
    return module

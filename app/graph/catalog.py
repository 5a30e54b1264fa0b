"""Find the node files and hold what they declare: id -> NodeSpec, as JSON for the browser and the server."""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from app.graph.spec import NodeSpec


@dataclass(frozen=True)
class FailedFile:
    """A node file that could not be read, and why; it hurts no other node."""

    file: str
    reason: str


@dataclass(frozen=True)
class Catalog:
    """All nodes that exist. Looks up old ids too.

    `renew` asks nodes of packs again for what they offer, which may depend on files; it returns the same
    catalogue when nothing is new.
    """

    specs: Mapping[str, NodeSpec] = field(default_factory=dict)
    failed: tuple[FailedFile, ...] = ()
    renew: Callable[[], Catalog] | None = field(default=None, compare=False)

    def __iter__(self) -> Iterator[NodeSpec]:
        return iter(self.specs.values())

    def get(self, id: str) -> NodeSpec | None:
        """Return the node called `id`, now or in an older version; None when there is none."""
        return self.specs.get(id) or next((spec for spec in self if id in spec.was), None)

    @property
    def version(self) -> str:
        """A fingerprint that changes when any node does."""
        text = json.dumps([spec.to_stored() for spec in self], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def to_json(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "nodes": [spec.to_stored() for spec in self],
            "failed": [{"file": entry.file, "reason": entry.reason} for entry in self.failed],
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Catalog:
        specs = (NodeSpec.from_json(entry) for entry in data["nodes"])
        failed = tuple(FailedFile(**entry) for entry in data["failed"])
        return Catalog({spec.id: spec for spec in specs}, failed)


def find(packages: Sequence[str] = ("nodes",)) -> Catalog:
    """Import every file below the packages and collect its node; a broken file is listed, not raised."""
    specs: dict[str, NodeSpec] = {}
    failed = []
    for name in (name for package in packages for name in sorted(module_names(package))):
        try:
            spec = spec_in(importlib.import_module(name))
            add(specs, spec)
        except Exception as error:
            failed.append(FailedFile(name.replace(".", "/") + ".py", f"{type(error).__name__}: {error}"))
    return Catalog(dict(sorted(specs.items(), key=lambda item: (item[1].category, item[0]))), tuple(failed))


def module_names(package: str) -> Iterable[str]:
    """Name the modules two levels below `package`: nodes/<category>/<node>.py."""
    root = importlib.import_module(package)
    for folder in root.__path__:
        for path in Path(folder).rglob("*.py"):
            parts = path.relative_to(folder).with_suffix("").parts
            if len(parts) > 1 and not path.stem.startswith("_"):
                yield ".".join((package, *parts))


def spec_in(module: ModuleType) -> NodeSpec:
    name = module.__name__.rsplit(".", 1)[-1]
    spec = getattr(getattr(module, name, None), "__node_spec__", None)
    if not isinstance(spec, NodeSpec):
        raise TypeError(f"expected a function '{name}' marked with @node() in the file of that name")
    return spec


def add(specs: dict[str, NodeSpec], spec: NodeSpec) -> None:
    if spec.id in specs:
        raise ValueError(
            f"node id '{spec.id}' is taken by category {specs[spec.id].category}; rename one of them"
        )
    specs[spec.id] = spec


def source_digest(packages: Sequence[str] = ("nodes",), places: Sequence[Path] = ()) -> str:
    """Fingerprint the node sources without importing them, to know whether a stored catalogue still holds.

    `places` are folders and files with further sources, such as those of packs.
    """
    digest = hashlib.sha256()
    for place in places:
        digest.update(str(place).encode() + b"\0")
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place] if place.is_file() else []:
            digest.update(path.relative_to(place).as_posix().encode() + b"\0" + path.read_bytes())
    for package in packages:
        for folder in importlib.import_module(package).__path__:
            for path in sorted(Path(folder).rglob("*.py")):
                digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    for path in (Path(__file__).with_name(name) for name in ("node.py", "spec.py", "widgets.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def read(path: Path, digest: str) -> Catalog | None:
    """Return the catalogue stored at `path` if it was written for these node sources."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return Catalog.from_json(data["catalog"]) if data["digest"] == digest else None
    except (OSError, ValueError, KeyError, TypeError):
        return None  # absent or of another version: the worker will write it anew


def write(path: Path, catalog: Catalog, digest: str) -> None:
    """Store the catalogue so that the next start can draw the canvas before any node file is imported."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps({"digest": digest, "catalog": catalog.to_json()}), encoding="utf-8")
    part.replace(path)

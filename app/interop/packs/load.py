"""Load packs: import each from where it lies, and turn its classes into nodes. One failing hurts no other."""

from __future__ import annotations

import importlib.util
import logging
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from app.execution.files import Folders
from app.graph import catalog
from app.graph.catalog import Catalog, FailedFile
from app.graph.spec import NodeSpec
from app.interop.flat import NATIVE
from app.interop.names import RULES
from app.interop.orders import PASSES, READ_BY_OTHERS
from app.interop.packs.describe import describe
from app.interop.packs.shims.install import install
from app.interop.packs.v1 import V1Class
from app.interop.packs.world import World
from app.interop.scopes import UNDRAWN

log = logging.getLogger(__name__)
OURS = {*RULES, *PASSES, *READ_BY_OTHERS, *UNDRAWN}  # class types that mean something here already


class Unusable(Exception):
    """A pack or a class that is in order and cannot be used; the text says why."""


def with_packs(
    found: Catalog,
    places: Sequence[str],
    folders: Folders,
    deadly: Mapping[str, str] | None = None,
    tell: Callable[[str], None] = lambda pack: None,
) -> Catalog:
    """Return the catalogue with the nodes of the packs at these places, and why others were left out.

    A place is a pack, or a folder of packs as ComfyUI's `custom_nodes` is one. `tell` hears of each pack
    before it is imported; one that ended the process then is `deadly`, with the reason, and is left out.
    """
    loading = Loading(World(folders, describe), install(folders), deadly or {}, tell)
    for place in places:
        loading.load_all(Path(place))
    specs = {**loading.specs, **found.specs}
    inside = dict(sorted(specs.items(), key=lambda item: (item[1].category, item[0])))
    loading.world.catalog = Catalog(inside, (*found.failed, *loading.failed), loading.world.renewed)
    return loading.world.catalog


@dataclass
class Loading:
    """What is loaded so far. `table` is what packs see of one another's classes."""

    world: World
    table: dict[str, type]
    deadly: Mapping[str, str]
    tell: Callable[[str], None]
    specs: dict[str, NodeSpec] = field(default_factory=dict)
    failed: list[FailedFile] = field(default_factory=list)

    def load_all(self, place: Path) -> None:
        paths = packs_in(place)
        if not paths:
            self.fail(place.name, Unusable(f"there is no pack in {place}: no __init__.py, no .py file."))
        for path in paths:
            try:
                self.refuse_deadly(path)
                module = import_pack(path)
                classes = classes_of(module)
            except (Exception, SystemExit) as error:
                self.fail(path.stem, error)
                continue
            for node in read_classes(path, module, classes):
                self.add(node)

    def refuse_deadly(self, path: Path) -> None:
        if str(path) in self.deadly:
            reason = self.deadly[str(path)]
            raise Unusable(f"importing it ended the worker process: {reason}. Start again to try once more.")
        self.tell(str(path))

    def add(self, node: V1Class) -> None:
        """Take one class; one that cannot be a node hurts no other of its pack."""
        try:
            refuse_taken(node, self.specs, self.world)
            spec = describe(node, self.world)
        except (Exception, SystemExit) as error:
            self.fail(f"{node.pack}/{node.class_type}", error)
            return
        self.specs[spec.id] = spec
        self.world.classes[spec.id] = node
        self.table.setdefault(node.class_type, node.kind)

    def fail(self, name: str, error: BaseException) -> None:
        if not isinstance(error, Unusable | ModuleNotFoundError | SyntaxError):
            log.info("packs/%s was left out", name, exc_info=error)
        self.failed.append(FailedFile(f"packs/{name}", reason_of(error)))


def packs_in(place: Path) -> list[Path]:
    """Return the packs at a place: itself, or in a folder of packs every one that is not switched off."""
    if place.suffix == ".py" or (place / "__init__.py").is_file():
        return [place]
    entries = sorted(place.iterdir()) if place.is_dir() else []
    return [
        entry
        for entry in entries
        if (entry.suffix == ".py" or (entry / "__init__.py").is_file())
        and not entry.name.startswith((".", "_"))
        and not entry.name.endswith(".disabled")
    ]


def import_pack(path: Path) -> ModuleType:
    """Import a pack by its location; its name may be no Python name."""
    name = "patchloom_pack_" + re.sub(r"\W", "_", path.stem)
    while name in sys.modules:
        name += "_"
    folder = path.is_dir()
    spec = importlib.util.spec_from_file_location(
        name,
        path / "__init__.py" if folder else path,
        submodule_search_locations=[str(path)] if folder else None,
    )
    assert spec is not None and spec.loader is not None, f"{path} is a Python file"
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        for part in [part for part in sys.modules if part == name or part.startswith(f"{name}.")]:
            del sys.modules[part]
        raise
    return module


def classes_of(module: ModuleType) -> Mapping[str, Any]:
    """Return what a pack lists; raises Unusable when it lists nothing."""
    found = getattr(module, "NODE_CLASS_MAPPINGS", None)
    if isinstance(found, Mapping):
        return found
    if hasattr(module, "comfy_entrypoint"):
        raise Unusable("it is written for ComfyUI's newer interface (comfy_entrypoint); Patchloom runs V1.")
    raise Unusable("it has no NODE_CLASS_MAPPINGS, so there is no node in it.")


def read_classes(path: Path, module: ModuleType, classes: Mapping[str, Any]) -> Iterator[V1Class]:
    titles = getattr(module, "NODE_DISPLAY_NAME_MAPPINGS", None)
    titles = titles if isinstance(titles, Mapping) else {}
    digest = catalog.source_digest((), [path])[:12]
    for class_type, kind in classes.items():
        title = str(titles.get(class_type) or class_type)
        yield V1Class(path.stem if path.suffix == ".py" else path.name, str(class_type), kind, title, digest)


def refuse_taken(node: V1Class, specs: Mapping[str, NodeSpec], world: World) -> None:
    """Refuse a class type that is taken: ComfyUI files that use it would mean two things."""
    if node.class_type in OURS or node.class_type.startswith(NATIVE):
        raise Unusable("Patchloom has this class type itself, and its own is used.")
    other = next((entry for entry in world.classes.values() if entry.class_type == node.class_type), None)
    if other is not None:
        raise Unusable(f"the pack '{other.pack}' has this class type, too, and was named first.")


def reason_of(error: BaseException) -> str:
    """Say why a pack or class cannot be used, and what to do about it."""
    match error:
        case Unusable():
            return str(error)
        case NotImplementedError():
            return f"{error}."
        case SystemExit():
            return f"it ended the program (sys.exit({error.code!r})) instead of loading."
        case ModuleNotFoundError(name=str() as name):
            return (
                f"it needs the Python package '{name.partition('.')[0]}'. Install what its requirements.txt "
                "names into Patchloom's environment, then start again."
            )
        case SyntaxError():
            return f"{Path(error.filename or '').name}, line {error.lineno}: {error.msg}."
    return f"{type(error).__name__}: {error}".strip().rstrip(".") + "."

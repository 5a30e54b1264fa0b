"""What the nodes of all packs share: the catalogue, objects that live on, and the prompt that runs."""

from __future__ import annotations

import json
import logging
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from app.execution.files import Folders
from app.graph import workflow
from app.graph.catalog import Catalog
from app.graph.expansion import RunningNode
from app.graph.node import Context
from app.graph.spec import NodeSpec
from app.interop import documents
from app.interop.packs.prompts import Prompts, of_running
from app.interop.packs.v1 import V1Class

log = logging.getLogger(__name__)
MOST_OBJECTS = 1000


@dataclass
class World:
    """Everything that calls of different nodes have in common.

    Attributes:
        folders: Where results go.
        describe: Turns a class into a node.
        classes: The packs' classes by our node type.
        catalog: All nodes, ours too.
    """

    folders: Folders
    describe: Callable[[V1Class, World], NodeSpec]
    classes: dict[str, V1Class] = field(default_factory=dict)
    catalog: Catalog = field(default_factory=Catalog)
    _objects: OrderedDict[tuple[str, str], Any] = field(default_factory=OrderedDict)
    _run: tuple[weakref.ref[Mapping[str, RunningNode]], Prompts] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def renewed(self) -> Catalog:
        """Ask all classes again for their inputs, which may list files; one that fails stays as it was."""
        with self._lock:
            new: dict[str, NodeSpec] = {}
            for id, node in self.classes.items():
                try:
                    spec = self.describe(node, self)
                except (Exception, SystemExit):
                    log.exception("class %s cannot be read again", node.class_type)
                    continue
                if spec.to_stored() != self.catalog.specs[id].to_stored():
                    new[id] = spec
            if new:
                self.catalog = replace(self.catalog, specs={**self.catalog.specs, **new})
            return self.catalog

    def made_types(self, type: str) -> Mapping[str, Any] | None:
        """Return the outputs of a pack's node type with the type objects of its class; None for our types."""
        node, spec = self.classes.get(type), self.catalog.get(type)
        if node is None or spec is None:
            return None
        names = (output.name for output in spec.outputs)
        return dict(zip(names, node.kind.RETURN_TYPES, strict=True))

    def object_for(self, node: V1Class, id: str) -> Any:
        """Return the object of a node; one node of a document keeps it from run to run."""
        with self._lock:
            key = (id, node.class_type)
            if key not in self._objects:
                self._objects[key] = node.kind()
                if len(self._objects) > MOST_OBJECTS:
                    self._objects.popitem(last=False)
            self._objects.move_to_end(key)
            return self._objects[key]

    def prompts(self, context: Context) -> Prompts:
        """Return the running document as ComfyUI's prompt; once for a run."""
        with self._lock:
            if self._run is None or self._run[0]() is not context.running:
                self._run = weakref.ref(context.running, self.forget), self.read(context)
            return self._run[1]

    def forget(self, ended: weakref.ref[Mapping[str, RunningNode]]) -> None:
        """Let go of a run that is over: its expansions hold pictures and models."""
        if self._run is not None and self._run[0] is ended:
            self._run = None

    def read(self, context: Context) -> Prompts:
        """Return the document as a prompt: the one it came as, or the same said in ComfyUI's format."""
        document = context.document()
        came_as = document.get(documents.KEY)
        told = came_as if isinstance(came_as, dict) else {}
        if told.get("format") == "comfy-api":
            return Prompts(json.loads(told["document"]), told.get("extra_pnginfo"))
        if len(document["graphs"]) > 1:
            return Prompts(of_running(context.running), {"workflow": document})
        written = documents.to_api(workflow.read(document), self.catalog)
        return Prompts(written.document, {"workflow": document})

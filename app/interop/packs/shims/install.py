"""Put the modules that packs import where Python looks for them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from app.execution.files import Folders
from app.interop.packs.shims import (
    api,
    cli_args,
    comfy_utils,
    core_models,
    core_nodes,
    graph,
    graph_utils,
    internals,
    model_management,
    node_typing,
    samplers,
    server,
)
from app.interop.packs.shims.folder_paths import FolderPaths

PACKAGES = ("comfy", "comfy_execution", "comfy_api")
MODULES: dict[str, ModuleType] = {
    "comfy.utils": comfy_utils,
    "comfy.cli_args": cli_args,
    "comfy.samplers": samplers,
    "comfy.model_management": model_management,
    "comfy.comfy_types": node_typing,
    "comfy.comfy_types.node_typing": node_typing,
    "comfy_execution.graph": graph,
    "comfy_execution.graph_utils": graph_utils,
    "comfy_api.v0_0_2": api,
    "server": server,
}


def install(folders: Folders) -> dict[str, type]:
    """Make the modules importable; returns the table of classes that `nodes` shows to packs."""
    paths = FolderPaths(folders)
    own = importlib.import_module("nodes")  # ours, which stays importable below the same name
    table: dict[str, type] = {**core_nodes.CLASSES, **core_models.CLASSES}
    names = {
        **table,
        "MAX_RESOLUTION": core_nodes.MAX_RESOLUTION,
        "NODE_CLASS_MAPPINGS": table,
        "NODE_DISPLAY_NAME_MAPPINGS": {},
        "__path__": own.__path__,
    }
    for name in PACKAGES:
        add(name, {"__path__": []})
    add("folder_paths", paths.module())
    add("nodes", names)
    for name, module in MODULES.items():
        sys.modules[name] = module
        parent, _, last = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], last, module)
    internals.install()
    return table


def add(name: str, contents: Mapping[str, Any]) -> None:
    module = ModuleType(name)
    module.__dict__.update(contents)
    sys.modules[name] = module

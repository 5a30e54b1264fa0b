"""ComfyUI's inner modules, by name only: a pack that imports one loads, and the node that needs it says so.

Many packs look into ComfyUI (`comfy.sd`, `comfy.supported_models`, ...) from one file and nowhere else.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, NoReturn

INNER = ("comfy", "comfy_api", "comfy_execution", "comfy_extras", "execution", "latent_preview")


class Missing:
    """A name in one of those modules: it can be handed around and derived from, but does nothing."""

    def __init__(self, name: str) -> None:
        self.__dict__["__name__"] = name

    def __getattr__(self, name: str) -> Missing:
        if name.startswith("__"):
            raise AttributeError(name)
        return Missing(f"{self.__name__}.{name}")

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        return ()

    def __instancecheck__(self, value: object) -> bool:
        return False

    def __call__(self, *_: Any, **__: Any) -> NoReturn:
        raise NotImplementedError(f"it needs ComfyUI's {self.__name__}, which Patchloom does not have")

    __iter__ = __getitem__ = __len__ = __bool__ = __enter__ = __call__


class Inner(ModuleType):
    """A module in which every name is missing; `import *` finds nothing."""

    __all__: Sequence[str] = ()

    def __getattr__(self, name: str) -> Missing:
        if name.startswith("__"):
            raise AttributeError(name)
        return Missing(f"{self.__name__}.{name}")


class InnerModules(MetaPathFinder, Loader):
    """Finds what nothing else finds under ComfyUI's names."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        return ModuleSpec(name, self, is_package=True) if name.partition(".")[0] in INNER else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return Inner(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run."""


def install() -> None:
    """Ask last, so that our own modules and installed packages come first."""
    if not any(isinstance(finder, InnerModules) for finder in sys.meta_path):
        sys.meta_path.append(InnerModules())

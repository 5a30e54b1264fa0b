"""A node class of a pack, and the questions that are asked of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from app.interop.packs.options import Declared, declared


@dataclass(frozen=True)
class V1Class:
    """A class that a pack lists under `class_type`. `digest` changes with the files of the pack."""

    pack: str
    class_type: str
    kind: Any
    title: str
    digest: str

    def input_types(self) -> Mapping[str, Any]:
        """Ask the class for its inputs; they may be others every time, such as the files of a folder."""
        found = self.kind.INPUT_TYPES()
        if not isinstance(found, Mapping):
            raise TypeError(f"INPUT_TYPES returned {type(found).__name__}, expected a dict")
        return found

    def inputs(self) -> Iterator[Declared]:
        """Walk the declared inputs in the order they are drawn."""
        found = self.input_types()
        for part in ("required", "optional"):
            for name, entry in (found.get(part) or {}).items():
                yield declared(name, entry, required=part == "required")

    def hidden(self) -> dict[str, str]:
        """Return the parameters that are filled by the machine, with what they want."""
        wanted = self.input_types().get("hidden") or {}
        return {
            name: str(entry if isinstance(entry, str) else entry[0]) for name, entry in dict(wanted).items()
        }

    def takes(self, name: str) -> bool:
        """Whether a typed-in value may go to an input: a class can declare a dict that holds any name."""
        found = self.input_types()
        return any(name in (found.get(part) or ()) for part in ("required", "optional"))

    def output_names(self) -> tuple[str, ...]:
        """Return the outputs' names as the class has them; they may be the same."""
        kinds = tuple(self.kind.RETURN_TYPES)
        names = tuple(getattr(self.kind, "RETURN_NAMES", None) or ())
        words = [kind if isinstance(kind, str) else "COMBO" for kind in kinds]
        return tuple(str(names[n] if n < len(names) else word) for n, word in enumerate(words))

    def output_is_list(self) -> tuple[bool, ...]:
        flags = tuple(getattr(self.kind, "OUTPUT_IS_LIST", ()))
        return tuple(bool(flags[n]) if n < len(flags) else False for n in range(len(self.kind.RETURN_TYPES)))

    def input_is_list(self) -> bool:
        """Whether a call takes whole lists. `INPUT_IS_LIST = (True,)` happens, too."""
        return bool(getattr(self.kind, "INPUT_IS_LIST", False))

    def is_output(self) -> bool:
        return getattr(self.kind, "OUTPUT_NODE", False) is True

    def function(self) -> Callable[..., Any]:
        """Return the function as the class has it; raises TypeError when it is not there."""
        name = getattr(self.kind, "FUNCTION", None)
        found = getattr(self.kind, name, None) if isinstance(name, str) else None
        if not callable(found):
            raise TypeError(f"FUNCTION is {name!r}, which names no method")
        return cast("Callable[..., Any]", found)

    def is_async(self) -> bool:
        return inspect.iscoroutinefunction(self.function())


def accepted(function: Any, named: dict[str, Any]) -> dict[str, Any]:
    """Leave out the arguments that a function does not name."""
    parameters = inspect.signature(function).parameters.values()
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters):
        return named
    return {name: value for name, value in named.items() if name in {entry.name for entry in parameters}}

"""Values as bytes, so that results and the state of a run can be kept on disk and read back bit for bit.

What a file may hold is said by the annotations of the reading side: no class is named in a file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from functools import lru_cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Self, TypeVar, Union, get_args, get_origin, get_type_hints

import safetensors.torch
import torch
from torch import Tensor

REST = "fields"  # metadata entry that holds what is no tensor
PLAIN = (bool, int, float, str, NoneType)
ANYTHING = (
    *PLAIN,
    Tensor,
    list[Any],
    tuple[Any, ...],
    dict[Any, Any],
)  # what may stand where `Any` is annotated


class NotStorable(TypeError):
    """A value whose annotation does not say how to build it again."""


class Stored:
    """A dataclass of tensors, numbers, texts, and collections and further dataclasses of these."""

    def to_bytes(self) -> bytes:
        """Return it as a safetensors file."""
        return to_bytes(self, type(self))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return the value that `to_bytes` wrote."""
        value: Self = from_bytes(data, cls)
        return value


@dataclass
class Writer:
    """Takes a value apart into JSON data and numbered tensors."""

    tensors: dict[str, Tensor] = field(default_factory=dict)

    def apart(self, value: Any, hint: Any) -> Any:
        """Return JSON data for a value of the annotated type; raises NotStorable."""
        origin, options = get_origin(hint) or hint, get_args(hint)
        if origin is Annotated:
            return self.apart(value, options[0])
        if origin in (Union, UnionType):
            return self.option(value, options)
        if hint is Any:
            return self.option(value, ANYTHING)
        if isinstance(value, Tensor | torch.Generator):
            return self.tensor(value if isinstance(value, Tensor) else value.get_state())
        return plain(value, origin) if type(value) in PLAIN else self.parts(value, hint)

    def parts(self, value: Any, hint: Any) -> Any:
        """Return JSON data for what has parts: a dataclass, a mapping, or any other collection."""
        origin, options = get_origin(hint) or hint, get_args(hint)
        if is_dataclass(value) and type(value) is origin:
            hints = hints_of(hint)
            return {f.name: self.apart(getattr(value, f.name), hints[f.name]) for f in fields(value)}
        if isinstance(value, range | slice) and type(value) is origin:
            return [value.start, value.stop, value.step]
        if isinstance(value, Mapping) and options:
            kinds = options if len(options) == 2 else (*options, int)  # a Counter names its keys only
            return [
                [self.apart(part, kind) for part, kind in zip(item, kinds, strict=True)]
                for item in value.items()
            ]
        if isinstance(value, Iterable):
            return [self.apart(part, kind) for part, kind in elements(value, hint)]
        raise NotStorable(f"{type(value).__name__} annotated as {hint}")

    def tensor(self, tensor: Tensor) -> dict[str, Any]:
        name = str(len(self.tensors))
        self.tensors[name] = (
            tensor.detach().cpu().contiguous().clone()
        )  # views may share memory; files may not
        return {"tensor": name, "device": tensor.device.type}

    def option(self, value: Any, options: tuple[Any, ...]) -> list[Any]:
        """Return the number of the first option that fits, and the value as that."""
        for number, option in enumerate(options):
            if isinstance(value, runtime_type(option)):
                return [number, self.apart(value, option)]
        raise NotStorable(f"{type(value).__name__} is none of the annotated types")


@dataclass(frozen=True)
class Reader:
    """Puts together what a Writer took apart. Tensors that were on a device go to `device`."""

    tensors: Mapping[str, Tensor]
    device: torch.device

    def together(self, data: Any, hint: Any) -> Any:
        """Return the value of the annotated type."""
        origin, options = get_origin(hint) or hint, get_args(hint)
        if origin is Annotated:
            return self.together(data, options[0])
        if origin in (Union, UnionType):
            return self.together(data[1], options[data[0]])
        if hint is Any:
            return self.together(data[1], ANYTHING[data[0]])
        if origin in PLAIN or origin is Literal:
            return data
        if origin is Tensor:
            return self.tensor(data)
        return self.parts(data, hint)

    def parts(self, data: Any, hint: Any) -> Any:
        """Return what has parts."""
        origin, options = get_origin(hint) or hint, get_args(hint)
        if origin is torch.Generator:
            return torch.Generator().set_state(self.tensor(data))
        if is_dataclass(origin):
            return self.dataclass(data, origin, hints_of(hint))
        if origin in (range, slice):
            return origin(*data)
        if options and issubclass(origin, Mapping):
            kinds = options if len(options) == 2 else (*options, int)
            pairs = (
                [self.together(part, kind) for part, kind in zip(item, kinds, strict=True)] for item in data
            )
            return concrete(origin, dict)(dict(pairs))
        return gathered([self.together(part, kind) for part, kind in elements(data, hint)], origin)

    def tensor(self, data: Mapping[str, str]) -> Tensor:
        tensor = self.tensors[data["tensor"]]
        return tensor if data["device"] == "cpu" else tensor.to(self.device)

    def dataclass(self, data: Mapping[str, Any], kind: Any, hints: Mapping[str, Any]) -> Any:
        known = {entry.name: entry for entry in fields(kind)}
        missing = [f.name for f in known.values() if f.name not in data and f.default is MISSING]
        if missing or data.keys() - known.keys():
            raise ValueError(f"these are not the fields of {kind.__name__}: {sorted(data)}")
        values = {name: self.together(part, hints[name]) for name, part in data.items()}
        made = kind(**{name: value for name, value in values.items() if known[name].init})
        for name in values.keys() - {entry.name for entry in known.values() if entry.init}:
            object.__setattr__(made, name, values[name])
        return made


def plain(value: Any, kind: Any) -> Any:
    """Return a number, text or None that is annotated as what it is."""
    if kind in (type(value), Literal) or (kind is float and type(value) is int):
        return value
    raise NotStorable(f"{value!r} annotated as {kind}")


def to_bytes(value: Any, hint: Any) -> bytes:
    """Return a value of the annotated type as a safetensors file; raises NotStorable."""
    writer = Writer()
    rest = writer.apart(value, hint)
    return safetensors.torch.save(writer.tensors, {REST: json.dumps(rest)})


def from_bytes(data: bytes, hint: Any, device: torch.device | None = None) -> Any:
    """Return the value that `to_bytes` wrote; raises ValueError or KeyError for anything else."""
    reader = Reader(safetensors.torch.load(data), device or torch.device("cpu"))
    return reader.together(json.loads(metadata(data)[REST]), hint)


@lru_cache
def hints_of(kind: Any) -> dict[str, Any]:
    """Return the annotations of a class, or of a generic class for given parameters; raises NotStorable."""
    origin, given = get_origin(kind) or kind, get_args(kind)
    try:
        hints = get_type_hints(origin, include_extras=True)
    except NameError as error:
        raise NotStorable(f"{origin.__name__}: {error}") from error
    bound = dict(zip(getattr(origin, "__parameters__", ()), given, strict=False))
    return {name: filled(hint, bound) for name, hint in hints.items()}


def filled(hint: Any, bound: Mapping[Any, Any]) -> Any:
    """Return an annotation with its type variables replaced."""
    if isinstance(hint, TypeVar):
        return bound.get(hint, hint)
    free = getattr(hint, "__parameters__", ())
    return hint[tuple(bound.get(variable, variable) for variable in free)] if free and bound else hint


def elements(values: Iterable[Any], hint: Any) -> list[tuple[Any, Any]]:
    """Pair the elements of a list, tuple, named tuple or set with their annotations."""
    origin, options, values = get_origin(hint) or hint, get_args(hint), list(values)
    if hasattr(origin, "_fields"):
        return list(zip(values, hints_of(origin).values(), strict=True))
    if origin is tuple and options and options[-1] is not ...:
        return list(zip(values, options, strict=True))
    if not options:
        raise NotStorable(f"{hint} does not say what it holds")
    return [(value, options[0]) for value in values]


def gathered(values: list[Any], origin: Any) -> Any:
    return origin(*values) if hasattr(origin, "_fields") else concrete(origin, list)(values)


def concrete(origin: Any, otherwise: type) -> Any:
    """Return a class that can be made: the annotated one, or `otherwise` for an abstract one."""
    return otherwise if getattr(origin, "__abstractmethods__", None) else origin


def runtime_type(hint: Any) -> Any:
    """Return what `isinstance` takes for an annotation."""
    if get_origin(hint) is Literal:
        return tuple({type(option) for option in get_args(hint)})
    return get_origin(hint) or hint


def metadata(data: bytes) -> dict[str, str]:
    """Return the texts in a safetensors header: `u64 length, JSON`."""
    length = int.from_bytes(data[:8], "little")
    found: dict[str, str] = json.loads(data[8 : 8 + length]).get("__metadata__", {})
    return found

"""Results that are cheap to keep and dear to make, on disk under their content key; they outlive the process.

A file holds a JSON head and then the bytes of each value. Only values that say how (`to_bytes` and
`from_bytes`) and plain JSON values are kept, so a result with a model in it never is.
"""

from __future__ import annotations

import json
import logging
import struct
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol, Self, get_args, get_origin, get_type_hints, runtime_checkable

from app.execution.events import SavedFile
from app.execution.files import write_whole
from app.execution.result import NodeResult
from app.graph.spec import NodeSpec

log = logging.getLogger(__name__)
LENGTH = struct.Struct(">Q")
DEAR = 0.05  # seconds of work from which a result is worth a file


@runtime_checkable
class Storable(Protocol):
    """A value that can be written to disk and read back as it was, bit for bit."""

    def to_bytes(self) -> bytes:
        """Return the value as bytes."""

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return the value that `to_bytes` wrote."""


class DiskCache:
    """Files of results below `folder`, up to `limit` (bytes); those not used longest leave first."""

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder, self.limit = folder, limit
        folder.mkdir(parents=True, exist_ok=True)
        self.used = sum(path.stat().st_size for path in folder.iterdir())

    def put(self, key: str, spec: NodeSpec, result: NodeResult, duration: float) -> None:
        """Keep a node's result that took `duration` (s), if it is worth it and can be written."""
        data = pack(result, spec) if duration >= DEAR and result.outputs else None
        if data is not None and len(data) <= self.limit:
            write_whole(self.folder / key, data)
            self.used += len(data)
            self.make_room()

    def get(self, key: str, spec: NodeSpec) -> NodeResult | None:
        """Return a kept result of a node; None when there is none. A damaged file is thrown away."""
        path = self.folder / key
        try:
            data = path.read_bytes()
            path.touch()
        except FileNotFoundError:
            return None
        try:
            return unpack(data, spec)
        except (struct.error, ValueError, KeyError, TypeError) as error:
            log.warning("the stored result %s is damaged (%s) and was deleted", path, error)
            self.used -= len(data)
            path.unlink()
            return None

    def make_room(self) -> None:
        if self.used <= self.limit:
            return
        oldest_first = sorted(self.folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)
        for path in oldest_first:
            if self.used <= self.limit * 0.9:
                return
            self.used -= path.stat().st_size
            path.unlink()


def pack(result: NodeResult, spec: NodeSpec) -> bytes | None:
    """Return a result as bytes; None when one of its values cannot be written and found again."""
    kinds = output_kinds(spec)
    blobs: list[bytes] = []
    values: dict[str, list[Any]] = {}
    for name, elements in result.outputs.items():
        values[name] = []
        for value in elements:
            if isinstance(value, bool | int | float | str):
                values[name].append({"plain": value})
            elif isinstance(value, Storable) and kinds[name] is type(value):
                blobs.append(value.to_bytes())
                values[name].append({"bytes": len(blobs[-1])})
            else:
                return None
    files = [asdict(file) for file in result.files]
    head = json.dumps({"values": values, "files": files, "reports": list(result.reports)}).encode()
    return LENGTH.pack(len(head)) + head + b"".join(blobs)


def unpack(data: bytes, spec: NodeSpec) -> NodeResult:
    """Return the result that `pack` wrote for a node."""
    (length,) = LENGTH.unpack_from(data)
    at = LENGTH.size + length
    head = json.loads(data[LENGTH.size : at])
    kinds = output_kinds(spec)
    outputs: dict[str, list[Any]] = {}
    for name, elements in head["values"].items():
        outputs[name] = []
        for element in elements:
            if "plain" in element:
                outputs[name].append(element["plain"])
            else:
                outputs[name].append(kinds[name].from_bytes(data[at : at + element["bytes"]]))
                at += element["bytes"]
    files = tuple(SavedFile(**file) for file in head["files"])
    return NodeResult(outputs, files, tuple(head["reports"]))


def output_kinds(spec: NodeSpec) -> Mapping[str, Any]:
    """Return the class of each output, from the function's return type: no class is named in a file."""
    hint = get_type_hints(spec.function)["return"]
    fields: Iterable[Any] = get_type_hints(hint).values() if hasattr(hint, "_fields") else [hint]
    names = (output.name for output in spec.outputs)
    return {name: element_kind(kind) for name, kind in zip(names, fields, strict=True)}


def element_kind(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is list else hint

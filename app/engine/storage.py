"""Values as bytes, so that results can be kept on disk and read back bit for bit."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any, Self

import safetensors.torch
from torch import Tensor

REST = "fields"  # metadata entry that holds the fields which are no tensors


class Stored:
    """A dataclass whose fields are tensors, texts, numbers or None."""

    def to_bytes(self) -> bytes:
        """Return it as a safetensors file."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}  # type: ignore[arg-type]
        tensors = {name: value.contiguous() for name, value in values.items() if isinstance(value, Tensor)}
        rest = {name: value for name, value in values.items() if name not in tensors}
        return safetensors.torch.save(tensors, {REST: json.dumps(rest)})

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return the value that `to_bytes` wrote."""
        values: dict[str, Any] = {**safetensors.torch.load(data), **json.loads(metadata(data)[REST])}
        return cls(**values)


def metadata(data: bytes) -> dict[str, str]:
    """Return the texts in a safetensors header: `u64 length, JSON`."""
    length = int.from_bytes(data[:8], "little")
    found: dict[str, str] = json.loads(data[8 : 8 + length]).get("__metadata__", {})
    return found

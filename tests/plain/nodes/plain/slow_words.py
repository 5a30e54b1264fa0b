from __future__ import annotations

import time
from dataclasses import dataclass

from app.graph.node import node


@dataclass(frozen=True)
class Words:
    """A value that can be kept on disk."""

    text: str

    def to_bytes(self) -> bytes:
        return self.text.encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Words:
        return cls(data.decode())


@node()
def slow_words(text: str = "a b", pause: float = 0.06) -> list[Words]:
    """Take a while to part a text.

    Args:
        text: The text.
        pause: How long (s).
    """
    time.sleep(pause)
    return [Words(word) for word in text.split()]

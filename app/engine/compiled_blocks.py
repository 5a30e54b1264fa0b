"""The wish to run a transformer's blocks compiled; see `compiling` for how."""

from __future__ import annotations

from dataclasses import dataclass

from app.engine.model import Patch


@dataclass(frozen=True)
class CompiledBlocks(Patch[None]):
    """Compiles the blocks themselves, below all other patches.

    Attributes:
        backend: A compiler of torch: `inductor` makes kernels, `eager` only shows what would be compiled.
    """

    backend: str = "inductor"

"""Compiled transformer blocks, below the patches: what a technique decides stays outside of what is compiled.

What patches do around a block is left out. Where a patch works inside a block, on an attention module or MLP,
that module runs uncompiled, and the block is compiled around it.
Blocks of a kind share what is compiled, in every step and in later runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import torch
from torch import nn
from torch._dynamo.exc import BackendCompilerFailed

from app.engine.hooks import Forward, PartHook, replaced_forward
from app.graph.problem import Refusal

VARIANTS = 64  # sizes and sets of techniques that a kind of block is compiled for before it runs uncompiled


class OpaquePartHook(PartHook):
    """A hook that the compiler does not look into."""

    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return super().__call__(*args, **kwargs)


@contextmanager
def compiled_forward(block: nn.Module, backend: str) -> Iterator[None]:
    """Compile a block for the length of a run."""
    variants = torch._dynamo.config.patch(recompile_limit=VARIANTS)
    with variants, replaced_forward(block, lambda forward: compiled(forward, backend)):
        yield


def compiled(forward: Forward, backend: str) -> Forward:
    """Return `forward`, compiled when it is first called with operands of a shape."""
    call = torch.compile(forward, backend=backend)

    @wraps(forward)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return call(*args, **kwargs)
        except BackendCompilerFailed as error:
            reason = str(error.inner_exception).strip().splitlines()[0]
            raise Refusal(
                f"Compiling a block failed: {reason}",
                "Install a C++ compiler (g++, clang, MSVC), for a GPU also Triton, or remove Compile blocks.",
                code="compiler_failed",
                input="model",
            ) from error

    return run

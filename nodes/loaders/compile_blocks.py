"""Compile the transformer's blocks into fused kernels, below all techniques.

Reference: PyTorch, Regional compilation, https://docs.pytorch.org/tutorials/recipes/regional_compilation.html
"""

from __future__ import annotations

from app.engine.compiled_blocks import CompiledBlocks
from app.engine.model import Model
from app.graph.node import node


@node()
def compile_blocks(model: Model) -> Model:
    """Compile the model's blocks. The first step of a new picture size takes long, the others are faster.

    Args:
        model: The diffusion transformer. Techniques may come before or after; those that work on attention or
            MLPs leave less to compile.
    """
    return model.with_patch(CompiledBlocks())

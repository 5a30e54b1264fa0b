"""Measures what passes through a transformer: with a technique that changes nothing and notes sizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from app.engine.flow import Flow
from app.engine.installation import open_run
from app.engine.model import Model, Patch
from app.engine.prediction import ModelInput
from app.engine.sites import Arguments, Block, Part
from app.engine.step import Step
from app.engine.tokens import Tokens


@dataclass
class Sizes:
    """Bytes by place, of one call."""

    entry: Tokens | None = None
    image: int = 0
    added: int = 0
    modules: dict[str, int] = field(default_factory=lambda: {"attention": 0, "mlp": 0})


@dataclass(frozen=True, eq=False)
class Scale(Patch[Sizes]):
    """Notes how large what passes is."""

    sizes: Sizes = field(default_factory=Sizes)
    image_attention: ClassVar[bool] = False

    def new_memory(self) -> Sizes:
        return self.sizes

    def wrap_block(
        self, step: Step, memory: Sizes, block: Block, tokens: Tokens, call: Callable[[Tokens], Tokens]
    ) -> Tokens:
        if block.first:
            memory.entry, memory.image = tokens, tokens.image.nbytes
        after = call(tokens)
        if block.last and memory.entry:
            memory.added = (after - memory.entry).nbytes
        return after

    def wrap_module(
        self, step: Step, memory: Sizes, part: Part, given: Arguments, call: Callable[[Arguments], Any]
    ) -> Any:
        output = call(given)
        if part.block.in_trunk:
            leaves = tree_leaves(output)
            memory.modules[part.role] += sum(leaf.nbytes for leaf in leaves if isinstance(leaf, Tensor))
        return output


@torch.no_grad()
def flow_through(model: Model, given: ModelInput) -> Flow:
    """Return what passes through a model at one call; tensors may lie on `meta`."""
    scale = Scale()
    with open_run(replace(model, patches=(scale,))) as run:
        run(given, index=0, total=1, evaluation=0, branch="cond")
    sizes = scale.sizes
    entry = sizes.entry.nbytes if sizes.entry else 0
    return Flow(entry, sizes.image, sizes.added, sizes.modules["attention"], sizes.modules["mlp"])

"""Token merging: let tokens that look alike go through the blocks as one, and part again at the end.

One token in each 2 x 2 is a target, at a place that moves with the steps; the others that look most like a
target join it. On the way out each gets what its group gained. A batch is one call of the model, so it shares
its choice.

Reference: Bolya and Hoffman, Token Merging for Fast Stable Diffusion (2023), https://arxiv.org/abs/2303.17604
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

import torch
from torch import Tensor
from torch.nn.functional import normalize

from app.engine.model import Model, Patch
from app.engine.report import tokens_report
from app.engine.sites import Block
from app.engine.step import Step
from app.engine.tokens import Layout, Tokens
from app.graph.node import node
from app.graph.widgets import Number, Slider

ROWS_AT_ONCE = 4096  # of the table of likenesses


@dataclass(frozen=True, eq=False)
class Groups:
    """Which tokens go in as one: `active` (n,) of the grid, and for each token its place among them (N,)."""

    active: Tensor
    owner: Tensor

    def merge(self, image: Tensor) -> Tensor:
        """Return the mean of each group, (B, n, D), from (B, N, D)."""
        sums = image.new_zeros(len(image), len(self.active), image.shape[2]).index_add(1, self.owner, image)
        return sums / torch.bincount(self.owner, minlength=len(self.active)).to(image)[:, None]


@dataclass(frozen=True, eq=False)
class Merge:
    """The groups of a call, and the image tokens before and after they were merged."""

    groups: Groups
    before: Tensor
    merged: Tensor


@dataclass
class Memory:
    """How the tokens of this call are merged, and which tokens each call computed."""

    merge: Merge | None = None
    layout: Layout | None = None
    computed: list[Tensor | None] = field(default_factory=list)
    steps: int = 0


@dataclass(frozen=True)
class TokenMerging(Patch[Memory]):
    """Merges share `ratio` of the image tokens into others from block `dense_blocks` on."""

    ratio: float
    dense_blocks: int

    # tokens that come and go are more than what caches and other attention can follow
    claims: ClassVar[frozenset[str]] = frozenset({"tokens", "blocks", "modules", "attention"})

    def new_memory(self) -> Memory:
        return Memory()

    def wrap_block(
        self, step: Step, memory: Memory, block: Block, tokens: Tokens, call: Callable[[Tokens], Tokens]
    ) -> Tokens:
        if not block.in_trunk:
            return call(tokens)
        if block.depth == min(self.dense_blocks, block.count - 1):
            tokens = self.merge(step, memory, tokens)
        after = call(tokens)
        if block.last and memory.merge:
            step.select(None)
            gained = (after.image - memory.merge.merged)[:, memory.merge.groups.owner]
            after = Tokens({**after.streams, "image": memory.merge.before + gained})
        return after

    def merge(self, step: Step, memory: Memory, tokens: Tokens) -> Tokens:
        """Choose the groups of this call and let the trunk go on with them."""
        memory.steps, memory.layout, memory.merge = step.total, step.whole, None
        memory.computed.append(None)
        if self.ratio == 0:
            return tokens
        groups = group(tokens.image, step, self.ratio)
        memory.merge = Merge(groups, tokens.image, groups.merge(tokens.image))
        memory.computed[-1] = groups.active
        step.select(groups.active)
        return Tokens({**tokens.streams, "image": memory.merge.merged})

    def report(self, memories: Mapping[str, Memory]) -> dict[str, Any]:
        layout = next((memory.layout for memory in memories.values()), None)
        computed = [active for memory in memories.values() for active in memory.computed]
        steps = max(memory.steps for memory in memories.values())
        return tokens_report("token_merging", steps, layout, computed)


def group(image: Tensor, step: Step, ratio: float) -> Groups:
    """Join the `ratio` of the tokens (B, N, D) that look most like a target to it, by their cosine."""
    total = image.shape[1]
    place = step.whole.positions(image.device)
    _, rows, columns = step.whole.grid
    row, column = step.index // 2 % min(2, rows), step.index % min(2, columns)
    is_target = (place[:, 1] % 2 == row) & (place[:, 2] % 2 == column)
    targets, others = is_target.nonzero()[:, 0], (~is_target).nonzero()[:, 0]
    likeness, best = most_alike(normalize(image.float(), dim=-1), targets, others)
    joining = likeness.topk(min(int(ratio * total), len(others))).indices
    goes_to = torch.arange(total, device=image.device)
    goes_to[others[joining]] = targets[best[joining]]
    active, owner = torch.unique(goes_to, return_inverse=True)
    return Groups(active, owner)


def most_alike(unit: Tensor, targets: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """Return for each of `others` its greatest cosine with a target, mean over the batch, and with which."""
    found = [
        torch.einsum("bnd,bmd->nm", unit[:, some], unit[:, targets]).div(len(unit)).max(1)
        for some in torch.split(others, ROWS_AT_ONCE)
    ]
    return torch.cat([best.values for best in found]), torch.cat([best.indices for best in found])


@node(patch=TokenMerging)
def token_merging(
    model: Model,
    ratio: Annotated[float, Slider(0.0, 0.75, step=0.05)] = 0.5,
    dense_blocks: Annotated[int, Number(0, 100)] = 1,
) -> Model:
    """Compute tokens that look alike only once.

    Args:
        model: The diffusion transformer to speed up.
        ratio: Share of the image tokens that join another one; 0 computes all, higher is faster and less
            exact.
        dense_blocks: Blocks at the start that still see all tokens.
    """
    return model.with_patch(TokenMerging(ratio, dense_blocks))

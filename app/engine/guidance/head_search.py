"""HeadHunter's search: which attention heads are worth perturbing, found greedily.

Reference: Ahn et al., Fine-Grained Perturbation Guidance via Attention Head Selection (2025), https://arxiv.org/abs/2506.10978
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor

from app.engine.block_choice import BlockChoice
from app.engine.model import Patch
from app.engine.sites import Attention, Heads
from app.engine.step import Step


class Head(NamedTuple):
    """One head of the attention between image tokens in a block of the trunk."""

    depth: int
    head: int


class Found(NamedTuple):
    """The chosen heads, the best first, and the score with all of each round's heads."""

    heads: tuple[Head, ...]
    scores: tuple[float, ...]


Score = Callable[[Sequence[Head]], float]
"""What perturbing these heads together is worth; higher is better."""


def greedy(score: Score, candidates: Iterable[Head], rounds: int, each: int) -> Found:
    """In each round, try every candidate beside the heads chosen so far, and keep the best `each` of them.

    A round that improves on nothing ends the search.
    """
    left, chosen = list(candidates), list[Head]()
    scores = [score(chosen)]
    for _ in range(rounds):
        tried = sorted(((score([*chosen, head]), head) for head in left), reverse=True)
        best = [head for value, head in tried[:each] if value > scores[-1]]
        if not best:
            break
        chosen += best
        left = [head for head in left if head not in best]
        scores.append(score(chosen))
    return Found(tuple(chosen), tuple(scores))


@dataclass(frozen=True)
class CountHeads(Patch[None]):
    """Notes how many heads the attention between image tokens has in each block of the trunk."""

    counts: dict[int, int]

    def wrap_attention(
        self, step: Step, memory: None, attention: Attention, heads: Heads, call: Callable[[Heads], Tensor]
    ) -> Tensor:
        if attention.between_image_tokens:
            self.counts[attention.block.depth] = heads.query.shape[1]
        return call(heads)


def choice_of(heads: Iterable[Head]) -> BlockChoice:
    """Return heads as a technique takes them."""
    by_depth: dict[int, tuple[int, ...]] = {}
    for depth, head in heads:
        by_depth[depth] = (*by_depth.get(depth, ()), head)
    return BlockChoice(by_depth)


def written(heads: Iterable[Head]) -> str:
    """Return heads as a user types them: `12.0.3, 14.1`."""
    choice = choice_of(sorted(heads)).heads
    return ", ".join(".".join(map(str, (depth, *(chosen or ())))) for depth, chosen in choice.items())

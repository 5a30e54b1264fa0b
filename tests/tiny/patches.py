"""Techniques that exist only to show what the engine lets a technique do."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from app.engine.model import Patch
from app.engine.prediction import ModelInput
from app.engine.sites import Arguments, Attention, Block, Heads, Part
from app.engine.step import Step
from app.engine.tokens import Tokens


@dataclass(frozen=True)
class Identity(Patch[Counter[str]]):
    """Takes part everywhere, changes nothing, and counts what it sees."""

    image_attention: ClassVar[bool] = False

    def new_memory(self) -> Counter[str]:
        return Counter()

    def wrap_model(
        self, step: Step, memory: Counter[str], given: ModelInput, call: Callable[[ModelInput], Tensor]
    ) -> Tensor:
        memory["model"] += 1
        return call(given)

    def wrap_block(
        self, step: Step, memory: Counter[str], block: Block, tokens: Tokens, call: Callable[[Tokens], Tokens]
    ) -> Tokens:
        memory["block"] += 1
        return call(tokens)

    def wrap_module(
        self, step: Step, memory: Counter[str], part: Part, given: Arguments, call: Callable[[Arguments], Any]
    ) -> Any:
        memory["module"] += 1
        return call(given)

    def wrap_attention(
        self,
        step: Step,
        memory: Counter[str],
        attention: Attention,
        heads: Heads,
        call: Callable[[Heads], Tensor],
    ) -> Tensor:
        memory["attention"] += 1
        return call(heads)

    def report(self, memories: Mapping[str, Counter[str]]) -> dict[str, Any]:
        return {"technique": "identity", **{branch: dict(seen) for branch, seen in memories.items()}}


@dataclass(frozen=True)
class Failing(Patch[None]):
    """Raises in the middle of step 1."""

    image_attention: ClassVar[bool] = False

    def wrap_attention(
        self, step: Step, memory: None, attention: Attention, heads: Heads, call: Callable[[Heads], Tensor]
    ) -> Tensor:
        if step.index == 1:
            raise ArithmeticError("on purpose")
        return call(heads)


@dataclass
class Seen:
    steps: list[tuple[int, int, float, str, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Witness(Patch[Seen]):
    """Writes down where it was told to be."""

    def new_memory(self) -> Seen:
        return Seen()

    def wrap_model(
        self, step: Step, memory: Seen, given: ModelInput, call: Callable[[ModelInput], Tensor]
    ) -> Tensor:
        memory.steps.append((step.index, step.total, step.sigma, step.branch, step.evaluation))
        return call(given)

    def report(self, memories: Mapping[str, Seen]) -> dict[str, Any]:
        return {"technique": "witness", **{branch: seen.steps for branch, seen in memories.items()}}


@dataclass
class Bank:
    heads: dict[Attention, Heads] = field(default_factory=dict)
    after: Tokens | None = None
    widths: list[int] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class SomeTokens(Patch[Bank]):
    """From the second step on, runs the trunk on chosen image tokens; old keys stand for the others."""

    chosen: Tensor

    def new_memory(self) -> Bank:
        return Bank()

    def wrap_block(
        self, step: Step, memory: Bank, block: Block, tokens: Tokens, call: Callable[[Tokens], Tokens]
    ) -> Tokens:
        if not block.in_trunk:
            return call(tokens)
        if block.first and memory.after is not None:
            step.select(self.chosen)
            tokens = Tokens({**tokens.streams, "image": tokens.image[:, self.chosen]})
        after = call(tokens)
        memory.widths.append(after.image.shape[1])
        if block.last:
            after = self.whole(step, memory, after)
        return after

    def whole(self, step: Step, memory: Bank, after: Tokens) -> Tokens:
        if memory.after is not None:
            image = memory.after.image.clone()
            image[:, self.chosen] = after.image
            after = Tokens({**after.streams, "image": image})
            step.select(None)
        memory.after = after
        return after

    def wrap_attention(
        self, step: Step, memory: Bank, attention: Attention, heads: Heads, call: Callable[[Heads], Tensor]
    ) -> Tensor:
        if not attention.is_self or not attention.block.in_trunk:
            return call(heads)
        if step.layout.active is not None:
            rows = step.whole.rows(attention.keys, self.chosen)
            old = memory.heads[attention]
            key, value = old.key.clone(), old.value.clone()
            key[:, :, rows], value[:, :, rows] = heads.key, heads.value
            heads = replace(heads, key=key, value=value)
        memory.heads[attention] = heads
        return call(heads)

    def report(self, memories: Mapping[str, Bank]) -> dict[str, Any]:
        return {"technique": "some_tokens", "widths": memories["cond"].widths}


@dataclass(frozen=True)
class NoImageSeesAnother(Patch[None]):
    """In the branch `perturbed`, image tokens see themselves and the text only, as in perturbed attention."""

    def wrap_attention(
        self, step: Step, memory: None, attention: Attention, heads: Heads, call: Callable[[Heads], Tensor]
    ) -> Tensor:
        spans = step.layout.spans(attention.queries)
        if step.branch != "perturbed" or not attention.is_self or "image" not in spans:
            return call(heads)
        keep = torch.ones(heads.query.shape[2], heads.key.shape[2], dtype=torch.bool)
        span = spans["image"]
        keep[span, span] = torch.eye(step.layout.image, dtype=torch.bool)
        return call(heads.with_mask(keep))

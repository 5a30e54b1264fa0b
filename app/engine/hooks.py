"""Stand-ins for the forward of a block or module, which send what passes through the patches of a run."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import lru_cache, partial
from typing import Any

from torch import nn

from app.engine.families.family import Stack
from app.engine.run import Run
from app.engine.sites import Arguments, Block, Part
from app.engine.tap import AttentionTap
from app.engine.tokens import Tokens
from app.graph.problem import Refusal

Forward = Callable[..., Any]


@contextmanager
def replaced_forward(module: nn.Module, hook: Callable[[Forward], Forward]) -> Iterator[None]:
    """Let `hook` stand in for the module's forward; what another library put there before runs below it."""
    before = module.__dict__.get("forward")
    module.forward = hook(module.forward)
    try:
        yield
    finally:
        if before is None:
            del module.forward
        else:
            module.forward = before


class BlockHook:
    """Shows a block's token streams to the patches, whatever the block's own calling convention."""

    def __init__(self, run: Run, site: Block, stack: Stack, forward: Forward) -> None:
        self.run, self.site, self.stack, self.forward = run, site, stack, forward
        self.names = parameter_names(forward)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        given = {**dict(zip(self.names, args, strict=False)), **kwargs}
        carried = {stream: given[name] for stream, name in self.stack.inputs.items()}
        tokens = self.stack.apart(carried, self.run.step.layout)
        tokens = self.run.around("wrap_block", (self.site,), tokens, partial(self.call, given))
        together = self.stack.together(tokens, self.run.step.layout)
        output = tuple(together.get(name) for name in self.stack.returns)
        return output if len(output) > 1 else output[0]

    def call(self, given: Mapping[str, Any], tokens: Tokens) -> Tokens:
        """Run the block itself, on some image tokens only if a patch chose so."""
        step, stack = self.run.step, self.stack
        named = {stack.inputs[name]: x for name, x in stack.together(tokens, step.layout).items()}
        if step.layout.active is not None and stack.cut:
            named |= stack.cut(given, step.whole, step.layout.active)
        output = self.forward(**{**given, **named})
        output = output if isinstance(output, tuple) else (output,)
        carried = {name: x for name, x in zip(stack.returns, output, strict=True) if x is not None}
        return stack.apart(carried, step.layout)


class PartHook:
    """Shows the call of an attention module or MLP to the patches, and the attention operation inside it."""

    def __init__(self, run: Run, site: Part, tap: AttentionTap | None, forward: Forward) -> None:
        self.run, self.site, self.tap, self.forward = run, site, tap, forward

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.run.around("wrap_module", (self.site,), Arguments(args, kwargs), self.call)

    def call(self, given: Arguments) -> Any:
        if self.tap is None:
            return self.forward(*given.positional, **given.named)
        self.tap.found = False
        with nullcontext() if self.tap.narrow else self.tap:
            output = self.forward(*given.positional, **given.named)
        if not self.tap.found:
            raise Refusal(
                f"{self.site} runs no softmax attention that a technique could change.",
                "Use the model's standard attention backend, or remove the attention technique.",
                code="nothing_to_patch",
                input="model",
            )
        return output


def parameter_names(forward: Forward) -> tuple[str, ...]:
    """Return the names of a forward's parameters; a wrapper of another library shows the original's."""
    return names_of(getattr(forward, "__func__", forward), bound=hasattr(forward, "__self__"))


@lru_cache
def names_of(function: Forward, *, bound: bool) -> tuple[str, ...]:
    return tuple(inspect.signature(function).parameters)[bound:]

"""One sampling run of a patched model: where it is, and what each patch remembers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from torch import Tensor

from app.engine.model import Model, Patch
from app.engine.prediction import ModelInput
from app.engine.step import Step
from app.engine.walking import rows

Value = TypeVar("Value")
Result = TypeVar("Result")

LAYERS = ("wrap_model", "wrap_block", "wrap_module", "wrap_attention")


class Run:
    """The patches of one handle at work: where they are, and what each remembers in each guidance branch."""

    def __init__(self, model: Model) -> None:
        self.model, self.device, self.dtype = model, model.device, model.dtype
        self.users = {layer: patches_on(layer, model) for layer in LAYERS}
        self.memories: dict[tuple[int, str], Any] = {}
        self.step: Step

    def __call__(self, given: ModelInput, *, index: int, total: int, evaluation: int, branch: str) -> Tensor:
        """Return the denoised sample; the rest says where in the sampling run this is."""
        layout, share = self.model.family.layout(given), self.model.share_at(given.sigma)
        self.step = Step(index, total, given.sigma, branch, evaluation, layout, share)
        return self.around("wrap_model", (), given, self.forward)

    def forward(self, given: ModelInput) -> Tensor:
        family, module = self.model.family, self.model.module
        self.step.layout = family.layout(given)
        conditioning = given.conditioning.to(self.device, self.dtype)
        typed = replace(given, latent=given.latent.to(self.dtype), conditioning=conditioning)
        output = family.output(module(**rows.arguments(family, module, typed), return_dict=False))
        return rows.denoised(family, given, output.to(given.latent.dtype))

    def around(
        self, layer: str, site: tuple[Any, ...], value: Value, call: Callable[[Value], Result]
    ) -> Result:
        """Send `value` through the patches of a layer to `call`."""
        for position in reversed(self.users[layer]):
            wrap = getattr(self.model.patches[position], layer)
            call = partial(self.enter, wrap, position, site, call)
        return call(value)

    def enter(
        self, wrap: Callable[..., Result], position: int, site: tuple[Any, ...], call: Any, value: Any
    ) -> Result:
        return wrap(self.step, self.memory(position), *site, value, call)

    def memory(self, position: int) -> Any:
        """Return what the patch at `position` remembers in the branch that asks now."""
        patch = self.model.patches[position]
        key = position, "" if patch.shares_branches else self.step.branch
        if key not in self.memories:
            self.memories[key] = patch.new_memory()
        return self.memories[key]

    def reports(self) -> Iterator[dict[str, Any]]:
        """Say what each technique did."""
        for position, patch in enumerate(self.model.patches):
            memories = {branch: memory for (at, branch), memory in self.memories.items() if at == position}
            if memories and (report := patch.report(memories)):
                yield report


def patches_on(layer: str, model: Model) -> tuple[int, ...]:
    """Return the positions of the patches that override a layer, the outermost first; others cost nothing."""
    default = getattr(Patch, layer)
    users = [at for at, patch in enumerate(model.patches) if getattr(type(patch), layer) is not default]
    return tuple(sorted(users, key=lambda at: model.patches[at].inner))

"""A Taylor expansion over sampling steps: forecasts what was computed at some steps for the steps between.

Reference: Liu et al., From Reusable to Predictable: TaylorSeers (2025), https://arxiv.org/abs/2503.06923
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Protocol, Self, TypeVar


class Linear(Protocol):
    """What can be added and scaled: tensors, and tokens."""

    def __add__(self, other: Self, /) -> Self: ...
    def __sub__(self, other: Self, /) -> Self: ...
    def __mul__(self, factor: float, /) -> Self: ...


Value = TypeVar("Value", bound=Linear)


@dataclass(frozen=True, eq=False)
class Expansion(Generic[Value]):
    """A value at the step that computed it, and its derivatives there by step index."""

    step: int
    derivatives: tuple[Value, ...]

    def forecast(self, step: int) -> Value:
        """Return what the value would be at a later step."""
        total, factor = self.derivatives[0], 1.0
        for power, derivative in enumerate(self.derivatives[1:], start=1):
            factor *= (step - self.step) / power
            total = total + derivative * factor
        return total


def expand(before: Expansion[Value] | None, step: int, value: Value, order: int) -> Expansion[Value]:
    """Estimate derivatives up to `order` by backward differences, each from the next lower one."""
    derivatives = [value]
    if before is not None:
        for old in before.derivatives[:order]:
            derivatives.append((derivatives[-1] - old) * (1 / (step - before.step)))
    return Expansion(step, tuple(derivatives))

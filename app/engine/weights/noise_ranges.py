"""Layers with a weight of their own for each range of noise levels, and what tells them the level.

Reference: Zhao et al., ViDiT-Q (2024), https://arxiv.org/abs/2406.02540 (balances by ranges of timesteps)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass

from torch import Tensor, nn

from app.engine.model import Patch
from app.engine.prediction import ModelInput
from app.engine.step import Step
from app.engine.weights.packed_linear import PackedLinear

LEVEL: ContextVar[float] = ContextVar("noise level", default=1.0)


def range_of(sigma: float, count: int) -> int:
    """Return which of `count` ranges of equal width a noise level lies in, the noisiest first."""
    return min(int((1 - sigma) * count), count - 1)


class RangedLinear(nn.Linear):
    """A linear layer that is another one in each range of noise levels, the noisiest first."""

    def __init__(self, ranges: Sequence[PackedLinear]) -> None:
        nn.Module.__init__(self)
        self.in_features, self.out_features = ranges[0].in_features, ranges[0].out_features
        self.ranges = nn.ModuleList(ranges)
        self.bias = ranges[0].bias

    @property
    def now(self) -> PackedLinear:
        """The layer for the noise level that the model is asked about."""
        layer = self.ranges[range_of(LEVEL.get(), len(self.ranges))]
        assert isinstance(layer, PackedLinear)
        return layer

    @property
    def weight(self) -> Tensor:  # type: ignore[override]
        return self.now.weight

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self.now(x)
        return output


@dataclass(frozen=True)
class TellsNoise(Patch[None]):
    """Tells the layers of a model the noise level that it is asked about."""

    inner = True

    def wrap_model(
        self, step: Step, memory: None, given: ModelInput, call: Callable[[ModelInput], Tensor]
    ) -> Tensor:
        before = LEVEL.set(given.sigma)
        try:
            return call(given)
        finally:
            LEVEL.reset(before)

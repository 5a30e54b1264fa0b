"""Frequencies of rotary positions, squeezed so that more tokens than a model was trained on fit its range.

Reference: Peng et al., YaRN: Efficient Context Window Extension of Large Language Models (2023),
    https://arxiv.org/abs/2309.00071
Reference: Wang et al., FiTv2 (2024), https://arxiv.org/abs/2410.13925
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log, pi

import torch
from torch import Tensor

# Turns within the trained range, from many to few, between which one kind of scaling gives way to the next.
KEPT_TO_NTK, NTK_TO_LINEAR, KEPT_TO_LINEAR = (16.0, 2.0), (1.25, 0.75), (32.0, 1.0)


@dataclass(frozen=True)
class Axis:
    """One axis of a picture.

    Attributes:
        width: Numbers of a head that turn with it, d.
        theta: Frequency i is theta ** (-2 i / d).
        trained: Tokens along it that the model was trained on.
        scale: How many times as many there are now.
    """

    width: int
    theta: float
    trained: float
    scale: float

    def own(self, base: float | None = None) -> Tensor:
        """Return the model's frequencies, (d / 2,), or those of another base."""
        powers = torch.arange(0, self.width, 2, dtype=torch.float64) / max(self.width, 1)
        return (base or self.theta) ** -powers

    def linear(self) -> Tensor:
        """Squeeze all positions alike."""
        return self.own() / self.scale

    def stretched(self) -> Tensor:
        """Raise the base as far as time-aware scaling does."""
        return self.own(self.theta * self.scale)

    def ntk(self) -> Tensor:
        """Raise the base so that the slowest frequency is squeezed by the scale, the fastest not at all."""
        power = 1.0 if self.width == 2 else self.width / (self.width - 2)
        return self.own(self.theta * self.scale**power)

    def ntk_by_parts(self) -> Tensor:
        """Keep fast frequencies, squeeze slow ones as `linear` does, and those between as `ntk` does."""
        slow = mixed(self.ntk(), self.linear(), self.fast(NTK_TO_LINEAR))
        return mixed(self.own(), slow, self.fast(KEPT_TO_NTK))

    def yarn(self) -> Tensor:
        """Keep fast frequencies and squeeze slow ones as `linear` does."""
        return mixed(self.own(), self.linear(), self.fast(KEPT_TO_LINEAR))

    def fast(self, turns: tuple[float, float]) -> Tensor:
        """Return (d / 2,): 1 for those of turns[0] or more in the trained range, 0 for turns[1] or less."""
        places = [
            self.width * log(self.trained / (count * 2 * pi)) / (2 * log(self.theta)) for count in turns
        ]
        low, high = max(floor(places[0]), 0), min(ceil(places[1]), self.width - 1)
        ramp = (torch.arange(self.width // 2, dtype=torch.float64) - low) / (high - low or 0.001)
        return 1 - ramp.clamp(0, 1)


def mixed(one: Tensor, other: Tensor, share: Tensor) -> Tensor:
    """Return `share` of one and the rest of the other."""
    return one * share + other * (1 - share)


def magnitude(scale: float) -> float:
    """Return by how much YaRN lengthens queries and keys, so that attention to more tokens stays sharp."""
    return 0.1 * log(scale) + 1 if scale > 1 else 1.0

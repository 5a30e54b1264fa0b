"""The named schedules of ComfyUI and k-diffusion, over a flow model's table of noise levels.

The table holds shift * t / (1 + (shift - 1) * t) for t = 1/N, 2/N, ... 1. Each schedule returns
levels that fall from the noisiest one to 0.

Reference: Crowson, k-diffusion, https://github.com/crowsonkb/k-diffusion
Reference: Esser et al., Scaling Rectified Flow Transformers (2024), https://arxiv.org/abs/2403.03206
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import atan, exp, log, tan
from typing import Literal

from app.engine.schedules.quantiles import quantile

Scheduler = Literal[
    "simple",
    "sgm_uniform",
    "karras",
    "exponential",
    "ddim_uniform",
    "beta",
    "normal",
    "linear_quadratic",
    "kl_optimal",
]
RHO = 7.0  # how Karras' steps shrink
BETA_SHAPE = 0.6  # both parameters of the beta schedule
SLOW_PART = 0.025  # how far the noise falls in the first half of a linear-quadratic schedule


@dataclass(frozen=True)
class Levels:
    """The table: `count` levels with a shift."""

    shift: float
    count: int

    def at(self, time: float) -> float:
        """Return the level at a time from 0 (picture) to 1 (noise)."""
        return self.shift * time / (1 + (self.shift - 1) * time)

    def __getitem__(self, index: int) -> float:
        return self.at((index % self.count + 1) / self.count)

    @property
    def lowest(self) -> float:
        return self[0]


def simple(levels: Levels, steps: int) -> list[float]:
    return [*(levels[-1 - int(step * levels.count / steps)] for step in range(steps)), 0.0]


def ddim_uniform(levels: Levels, steps: int) -> list[float]:
    """Every n-th level, from the second lowest upwards: steps are only about as many as asked for."""
    picked = range(1, levels.count, max(levels.count // steps, 1))
    return [*(levels[index] for index in reversed(picked)), 0.0]


def normal(levels: Levels, steps: int) -> list[float]:
    """Even times from 1 to the lowest level, which is taken for a time: so it is shifted twice."""
    return [*(levels.at(time) for time in spaced(1.0, levels.lowest, steps)), 0.0]


def sgm_uniform(levels: Levels, steps: int) -> list[float]:
    return [*(levels.at(time) for time in spaced(1.0, levels.lowest, steps + 1)[:-1]), 0.0]


def karras(levels: Levels, steps: int) -> list[float]:
    return [*(root**RHO for root in spaced(1.0, levels.lowest ** (1 / RHO), steps)), 0.0]


def exponential(levels: Levels, steps: int) -> list[float]:
    return [*(exp(clock) for clock in spaced(0.0, log(levels.lowest), steps)), 0.0]


def beta(levels: Levels, steps: int) -> list[float]:
    """Even quantiles of a beta distribution over the table; levels that fall together are taken once."""
    shares = (1 - step / steps for step in range(steps))
    indices = (round(quantile(share, BETA_SHAPE, BETA_SHAPE) * (levels.count - 1)) for share in shares)
    return [*(levels[index] for index in dict.fromkeys(indices)), 0.0]


def linear_quadratic(levels: Levels, steps: int) -> list[float]:
    """A line over the first half of the steps, then the parabola that goes on from it and ends at 0."""
    if steps == 1:
        return [1.0, 0.0]
    slow = steps // 2
    fast = steps - slow
    pace = SLOW_PART / slow
    bend = (1 - SLOW_PART - pace * fast) / fast**2
    line = [1 - pace * step for step in range(slow)]
    return [*line, *(1 - SLOW_PART - pace * step - bend * step**2 for step in range(fast)), 0.0]


def kl_optimal(levels: Levels, steps: int) -> list[float]:
    return [*(tan(angle) for angle in spaced(atan(1.0), atan(levels.lowest), steps)), 0.0]


SCHEDULERS: dict[Scheduler, Callable[[Levels, int], list[float]]] = {
    "simple": simple,
    "sgm_uniform": sgm_uniform,
    "karras": karras,
    "exponential": exponential,
    "ddim_uniform": ddim_uniform,
    "beta": beta,
    "normal": normal,
    "linear_quadratic": linear_quadratic,
    "kl_optimal": kl_optimal,
}


def scheduled(levels: Levels, scheduler: Scheduler, steps: int, strength: float) -> tuple[float, ...]:
    """Return the levels of a run. A strength below 1 takes the last `steps` of steps / strength steps."""
    whole = steps if strength > 0.9999 else int(steps / strength)
    values = [min(1.0, value) for value in SCHEDULERS[scheduler](levels, whole)]
    return tuple(falling(values if strength > 0.9999 else values[-(steps + 1) :]))


def falling(values: list[float]) -> Iterator[float]:
    """Yield the levels without repetitions, which very many steps have."""
    for index, value in enumerate(values):
        if index == 0 or value < values[index - 1]:
            yield value


def spaced(start: float, end: float, count: int) -> list[float]:
    """Return `count` numbers, evenly spaced from `start` to `end`."""
    return [start + (end - start) * index / max(1, count - 1) for index in range(count)]

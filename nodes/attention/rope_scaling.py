"""RoPE scaling: squeeze the positions of a picture larger than those the model was trained on.

What a model makes of positions that it never saw repeats itself. Linear scaling squeezes all of them into the
trained range; NTK scaling leaves near neighbours as far apart as they were. Time-aware scaling does the first
while the layout forms, and the second after that. NTK by parts and YaRN choose by frequency. Queries and keys
are turned by the difference.

Reference: Zhuo et al., Lumina-Next (2024), https://arxiv.org/abs/2406.18583
Reference: Wang et al., FiTv2 (2024), https://arxiv.org/abs/2410.13925
Reference: Peng et al., YaRN (2023), https://arxiv.org/abs/2309.00071
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import torch
from torch import Tensor

from app.engine.families.family import Rope
from app.engine.model import Model, Patch
from app.engine.rope_frequencies import Axis, magnitude
from app.engine.sites import Attention, Heads
from app.engine.step import Step
from app.engine.tokens import Layout
from app.graph.node import node
from app.graph.problem import Refusal

Method = Literal["time_aware", "linear", "ntk", "ntk_by_parts", "yarn"]
WATERSHED = 0.7  # noise level down to which time-aware scaling is linear


@dataclass
class Memory:
    """Turns (cos, sin) by kind of scaling, the same at every step, and the scales that were used."""

    turns: dict[bool, tuple[Tensor, Tensor]] = field(default_factory=dict)
    scales: tuple[float, float] = (1.0, 1.0)


@dataclass(frozen=True)
class RopeScaling(Patch[Memory]):
    """Turns queries and keys of image tokens to where they would be in the trained grid.

    Attributes:
        grid: (rows, columns) of the pictures that the model was trained on, in tokens.
        method: How positions are squeezed.
        widths: Numbers of a head that turn with (frame, row, column).
        rope: What else sets the model's positions apart.
    """

    grid: tuple[int, int]
    method: Method
    widths: tuple[int, int, int]
    rope: Rope

    def new_memory(self) -> Memory:
        return Memory()

    def wrap_attention(
        self, step: Step, memory: Memory, attention: Attention, heads: Heads, call: Callable[[Heads], Tensor]
    ) -> Tensor:
        sizes = step.layout.grid[1:]
        scales = tuple(max(1.0, size / trained) for size, trained in zip(sizes, self.grid, strict=True))
        turns = attention.is_self or self.rope.to_text
        if scales == (1, 1) or not turns or attention.queries == "text":
            return call(heads)
        memory.scales = scales[0], scales[1]
        linear = self.method == "linear" or (self.method == "time_aware" and step.sigma > WATERSHED)
        span = step.layout.spans(attention.queries)["image"]
        turn = self.turn(memory, step.layout, heads.query.device, linear=linear)
        key = turned(heads.key, span, turn) if attention.is_self else heads.key
        return call(replace(heads, query=turned(heads.query, span, turn), key=key))

    def turn(
        self, memory: Memory, layout: Layout, device: torch.device, *, linear: bool
    ) -> tuple[Tensor, Tensor]:
        """Return (cos, sin) of what is between trained and model's own positions, each (N, d / 2)."""
        if layout.active is not None:
            return self.angles(layout, memory.scales, device, linear=linear)
        if linear not in memory.turns:
            memory.turns[linear] = self.angles(layout, memory.scales, device, linear=linear)
        return memory.turns[linear]

    def angles(
        self, layout: Layout, scales: tuple[float, float], device: torch.device, *, linear: bool
    ) -> tuple[Tensor, Tensor]:
        places = layout.positions(device).float()
        if self.rope.centred:
            places = places - torch.tensor(
                [0, *(size - size // 2 for size in layout.grid[1:])], device=device
            )
        along = zip(self.widths, (1, *self.grid), (1.0, *scales), strict=True)
        change = [
            self.change(Axis(width, self.rope.theta, trained, scale), linear=linear).to(device, torch.float32)
            for width, trained, scale in along
        ]
        frame, row, column = (places[:, axis, None] * change[axis] for axis in range(3))
        if self.rope.interleaved:
            row, column = torch.stack([row, column], -1).flatten(-2), column[:, :0]
        angles = torch.cat([frame, row, column], -1)
        length = magnitude(max(scales)) if self.method == "yarn" else 1.0
        return length * angles.cos(), length * angles.sin()

    def change(self, axis: Axis, *, linear: bool) -> Tensor:
        """Return by how much the frequencies of an axis change, (d / 2,)."""
        kind = "linear" if linear else {"time_aware": "stretched"}.get(self.method, self.method)
        scaled: Tensor = getattr(axis, kind)()
        return scaled - axis.own()

    def report(self, memories: Mapping[str, Memory]) -> dict[str, Any] | None:
        rows, columns = next(iter(memories.values())).scales
        return (
            {"technique": "rope_scaling", "rows": rows, "columns": columns}
            if max(rows, columns) > 1
            else None
        )


def turned(x: Tensor, span: slice, turn: tuple[Tensor, Tensor]) -> Tensor:
    """Turn neighbouring pairs of the rows in `span` of (B, K, N, d), as many as there are turns for."""
    cos, sin = turn
    shape, width = (*x.shape[:2], *cos.shape, 2), 2 * cos.shape[1]
    first, second = x[:, :, span, :width].float().reshape(shape).unbind(-1)
    pairs = torch.stack([first * cos - second * sin, first * sin + second * cos], -1)
    output = x.clone()
    output[:, :, span, :width] = pairs.flatten(-2).to(x.dtype)
    return output


@node(patch=RopeScaling, title="RoPE scaling")
def rope_scaling(model: Model, method: Method = "time_aware") -> Model:
    """Make pictures larger than those the model was trained on, with fewer repeated things in them.

    Args:
        model: The diffusion transformer; pictures up to its own best size stay as they are.
        method: How positions are squeezed: `linear` keeps the layout together, `ntk` keeps details sharp,
            `time_aware` changes from the one to the other; `ntk_by_parts` and `yarn` keep the frequencies
            that make details and squeeze those that make the layout.
    """
    family = model.family
    if family.rope is None:
        raise Refusal(
            f"A {family.name} model has no rotary positions that can be scaled.",
            "Use Proportional attention alone, or a model of another family.",
            code="nothing_to_patch",
            input="model",
        )
    columns, rows = (size // family.latent.multiple for size in model.native_size)
    rope, (frame, row, column) = family.rope, family.rope.widths(model.module)
    widths = frame, row, column
    return model.with_patch(RopeScaling((rows, columns), method, widths, rope))

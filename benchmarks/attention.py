"""What sparse attention saves in a whole step: `python -m benchmarks.attention` writes results/attention.md.

A random Flux of middle size works on a smooth random picture; its queries and keys are scaled up, so that
attention is more peaked. Dense and sparse steps take turns. Times are CPU times of one thread, so that other
work on the machine counts little. Sides of other pictures, in tokens, can be named on the command line.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any

import torch
from diffusers import FluxTransformer2DModel
from torch import Tensor
from torch.nn.functional import interpolate

from app.engine.conditioning import Conditioning
from app.engine.families.flux import FLUX
from app.engine.installation import open_run
from app.engine.model import Model, Patch
from app.engine.prediction import ModelInput
from app.engine.run import Run
from benchmarks.results_file import write
from nodes.attention.adaptive_sparse_attention import AdaptiveSparseAttention
from nodes.attention.clear_window import ClearWindow
from nodes.attention.group_attention import GroupAttention
from nodes.attention.kv_pooling import KvPooling
from nodes.attention.piecewise_sparse_attention import PiecewiseSparseAttention
from nodes.attention.reshaped_sparse_attention import ReshapedSparseAttention
from nodes.attention.sparse_videogen2 import SparseVideogen2

RESULTS = Path(__file__).parent / "results" / "attention.md"
SIDES, TEXT, PEAKED = (32, 64, 96), 64, 2.5
PATCHES: tuple[Patch[Any], ...] = (
    ClearWindow(8),
    GroupAttention(8, 4),
    KvPooling(2, 0),
    PiecewiseSparseAttention(0.15, 8, 1, 0),
    PiecewiseSparseAttention(0.15, 16, 1, 0),
    AdaptiveSparseAttention(0.8, 8, 0, 99, True),
    ReshapedSparseAttention(0.85, 0, 99, 0.04),
    SparseVideogen2(64, 256, 0.9, 0.1, 0.0, 0),
    SparseVideogen2(64, 256, 0.6, 0.1, 0.0, 0),
)
BEGINS_FULL = (AdaptiveSparseAttention, ReshapedSparseAttention)


def model_of_middle_size() -> Model:
    """Make 8 blocks of width 512, 8 heads of 64."""
    torch.manual_seed(0)
    module = FluxTransformer2DModel(
        in_channels=64,
        num_layers=2,
        num_single_layers=6,
        num_attention_heads=8,
        attention_head_dim=64,
        joint_attention_dim=64,
        pooled_projection_dim=32,
        axes_dims_rope=(16, 24, 24),
    )
    for name, parameter in module.named_parameters():
        if "norm_q" in name or "norm_k" in name:
            parameter.data.fill_(PEAKED**0.5)
    return Model(module.eval().requires_grad_(False), FLUX)


def questions(side: int) -> list[ModelInput]:
    """Return two steps of a run: a half noisy smooth picture, then the same a bit less noisy."""
    random = torch.Generator().manual_seed(1)
    coarse = torch.randn(1, 16, side // 4, side // 4, generator=random)
    picture = interpolate(coarse, size=(2 * side, 2 * side), mode="bicubic")
    noise = torch.randn(picture.shape, generator=random)
    tokens = torch.randn(1, TEXT, 64, generator=random)
    prompt = Conditioning(tokens, torch.randn(1, 32, generator=random), FLUX.name)
    return [ModelInput((1 - sigma) * picture + sigma * noise, sigma, prompt) for sigma in (0.5, 0.45)]


@dataclass
class Turns:
    """Answers of an open run, and the CPU time (s) that each took."""

    run: Run
    given: list[ModelInput]
    times: list[float] = field(default_factory=list)

    def ask(self, index: int) -> Tensor:
        started = time.thread_time()
        answer = self.run(self.given[index], index=index, total=10, evaluation=0, branch="cond")
        self.times.append(time.thread_time() - started)
        return answer


@dataclass(frozen=True)
class Measured:
    """One technique at one size.

    Attributes:
        dense: Time (s) of a step without it.
        first: Of its first step, which searches or looks at everything, over `dense`.
        later: Of a later step, over `dense`.
        density: Share of pairs that a later step looks at.
        error: Root mean square change of the velocity, over its root mean square.
    """

    dense: float
    first: float
    later: float
    density: float
    error: float


def measure(model: Model, patch: Patch[Any], side: int, rounds: int) -> Measured:
    """Let dense and sparse steps take turns, on two copies of the weights."""
    given, other = questions(side), replace(model, module=deepcopy(model.module))
    with open_run(model) as plain, open_run(other.with_patch(patch)) as patched:
        dense, sparse = Turns(plain, given), Turns(patched, given)
        sparse.ask(0)
        for _ in range(rounds):
            exact, found = dense.ask(1), sparse.ask(1)
        (report,) = patched.reports()
    usual, (first, *later) = median(dense.times), sparse.times
    seen = float(report["density"])
    if isinstance(patch, BEGINS_FULL):
        seen = (seen * len(sparse.times) - 1) / len(later)
    velocity = (given[1].latent - exact).square().mean()
    error = float(((found - exact).square().mean() / velocity).sqrt())
    return Measured(usual, first / usual, median(later) / usual, seen, error)


def closed_form(patch: Patch[Any], side: int) -> float | None:
    """Return the share of query-key pairs that a technique keeps by its definition; None if data decide."""
    tokens, pairs = side * side, image_pairs(patch, side)
    if isinstance(patch, KvPooling):
        return (tokens / patch.factor**2 + TEXT) / (tokens + TEXT)
    if pairs is None:
        return None
    return (TEXT * (tokens + TEXT) + tokens * TEXT + pairs) / (tokens + TEXT) ** 2


def image_pairs(patch: Patch[Any], side: int) -> float | None:
    """Return how many pairs of image tokens a technique keeps."""
    match patch:
        case ClearWindow(radius):
            reach = range(-radius, radius + 1)
            disc = [(y, x) for y in reach for x in reach if y * y + x * x < radius**2]
            return sum(max(0, side - abs(y)) * max(0, side - abs(x)) for y, x in disc)
        case GroupAttention(group):
            return side**4 * (2 * side / group - 1) / (side / group) ** 2
        case PiecewiseSparseAttention(share, tile):
            return side**2 * max(1, int(share * (side // tile) ** 2)) * tile**2
        case AdaptiveSparseAttention(sparsity, tile):
            return side**2 * ceil((1 - sparsity) * (side // tile) ** 2) * tile**2
        case ReshapedSparseAttention(sparsity):
            count = side * side // 64
            reach = round(((1 - sparsity) * count - 1) / 2)
            return 64**2 * (count * (2 * reach + 1) - reach * (reach + 1))
    return None


def row(patch: Patch[Any], side: int, found: Measured) -> str:
    expected = closed_form(patch, side)
    shown = "by the data" if expected is None else f"{expected:.1%}"
    return (
        f"| {side * side} | `{patch}` | {found.density:.1%} | {shown} | {1 / found.later:.2f} "
        f"| {found.first:.2f} | {found.error:.3f} |"
    )


def processor() -> str:
    """Return the name of the processor, where Linux tells it."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if sys.platform == "linux" else []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def report(sides: tuple[int, ...]) -> Iterator[str]:
    yield "# Sparse attention: time of a step, density and error"
    yield ""
    machine = f"{processor()}, {os.cpu_count()} cores, {platform.machine()}"
    yield f"CPU: {machine}; torch {torch.__version__}, float32."
    yield "Time is CPU time of the one thread that works (`time.thread_time`), not time on the clock: the"
    yield "machine had other work. Dense and sparse steps take turns: three of each at 1024 tokens (medians),"
    yield "one of each above, where a step takes seconds. Each is compared with the dense steps beside it."
    yield ""
    yield f"Random Flux, 8 blocks of width 512, {TEXT} text tokens beside the image tokens. Its weights are"
    yield "random, so errors rank techniques on this model only and say little of pictures."
    yield ""
    yield "* density: share of query-key pairs that a sparse step looks at, by the report and by definition"
    yield "* speed-up: of a whole sparse step over a whole dense step, projections and MLPs included"
    yield "* first step: time over a dense step's; some group, search or look at everything in it"
    yield "* error: root mean square change of the velocity, over its root mean square, in one step"
    model = model_of_middle_size()
    for side in sides:
        rounds = max(1, 96 // side)
        yield ""
        yield "| image tokens | technique | density | by definition | speed-up | first step | error |"
        yield "|---|---|---|---|---|---|---|"
        dense = []
        for patch in PATCHES:
            found = measure(model, patch, side, rounds)
            dense.append(found.dense)
            yield row(patch, side, found)
        yield ""
        yield f"A dense step takes {median(dense):.2f} s."


@torch.no_grad()
def main() -> None:
    torch.set_num_threads(1)
    sides = tuple(map(int, sys.argv[1:])) or SIDES
    write(RESULTS, report(sides))


if __name__ == "__main__":
    main()

"""What techniques save, and what it costs: `python -m benchmarks.techniques` writes results/techniques.md.

Times are CPU times of one thread. Each technique takes turns with plain runs and is compared with those.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch

from app.engine.model import Patch
from app.engine.sites import Heads
from app.engine.tokens import Layout
from app.measure.trial import share_saved
from benchmarks import large, mini
from nodes.attention.clear_window import ClearWindow
from nodes.attention.group_attention import GroupAttention
from nodes.attention.kv_pooling import KvPooling
from nodes.caching.harmonica import HarmoniCa
from tests.nodes.attention.masked import JOINT, at, attend

RESULTS = Path(__file__).parent / "results"


def on_attention() -> Iterator[str]:
    """Time the attention operation alone, 4 heads of 64 numbers."""
    yield "| image tokens | technique | pairs computed | speed-up |"
    yield "|---|---|---|---|"
    for side in (32, 64):
        layout = Layout((1, side, side), 64)
        heads = Heads(*torch.randn(3, 1, 4, side * side + 64, 64))
        for patch in (ClearWindow(8), ClearWindow(16), GroupAttention(8, 4), KvPooling(2, 0)):
            memory = patch.new_memory()
            plain = fastest(partial(attend, heads))
            wrap = partial(patch.wrap_attention, at(layout), memory, JOINT, heads, attend)
            sparse = fastest(wrap)
            saved = share_saved(patch.report({"cond": memory})) or 0.0
            yield f"| {side * side} | `{patch}` | {1 - saved:.0%} | {plain / sparse:.2f} |"


def fastest(work: Callable[[], object], times: int = 4) -> float:
    """Return the shortest CPU time (s) of several runs; the first makes what later ones find ready."""
    taken = []
    for _ in range(times):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return min(taken)


def shown(patch: Patch[Any]) -> str:
    """Name a technique with its settings; a table of ratios or scores is left out."""
    if isinstance(patch, HarmoniCa):
        reused = sum(row.count("r") for row in patch.router.rows(patch.threshold))
        return f"`HarmoniCa(learned, {reused / patch.router.scores.numel():.0%} reused)`"
    values = (
        f"{name}={value}" for name, value in vars(patch).items() if value is not None and name != "ratios"
    )
    measured = ", measured ratios" if getattr(patch, "ratios", None) else ""
    return f"`{type(patch).__name__}({', '.join(values)}{measured})`"


def report() -> Iterator[str]:
    yield "# Techniques: what they save, and what it costs"
    yield ""
    yield f"CPU: {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()},"
    yield f"torch {torch.__version__}; CPU time of one thread, other work on the machine."
    yield ""
    size = f"{large.TOKENS} image tokens, {sum(large.BLOCKS)} blocks of width {large.WIDTH}"
    yield f"## Speed: random Flux, {size}, {large.STEPS} steps"
    yield ""
    yield "Counted are multiplications in blocks: 12 x width^2 for each token, 2 x width for each query-key pair."
    yield f"Measured is the median of {large.ROUNDS} runs, each beside a plain one. What a cache skips here says"
    yield "nothing of quality: the weights are random."
    yield ""
    yield from large.on_large(shown)
    yield ""
    yield "## The attention operation alone, with 64 text tokens"
    yield ""
    yield from on_attention()
    yield ""
    yield f"## Quality: embedded model, {mini.PROMPTS} held-out prompts, guidance {mini.SCALE:g}"
    yield ""
    yield f"Error and PSNR are against {mini.STEPS} plain steps; facts and pictures all right are read by the"
    yield "embedded judge. With 64 image tokens, attention and the number of tokens cost next to nothing, so sparse"
    yield "attention and token subsets cannot save time here; their error still counts. One picture more or less"
    yield f"all right is {1 / mini.PROMPTS:.2f}. Drawing: [techniques.svg](techniques.svg)."
    yield ""
    yield from mini.on_mini(shown, RESULTS / "techniques.svg")


def main() -> None:
    torch.set_num_threads(1)
    lines = []
    with torch.no_grad():
        for line in report():
            print(line, flush=True)
            lines.append(line)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "techniques.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

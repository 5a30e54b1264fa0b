"""What techniques save, and what it costs: `python -m benchmarks.techniques` writes results/techniques.md.

Times are CPU times of one thread. Each technique takes turns with plain runs and is compared with those.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from app.engine.model import Patch
from benchmarks import large, mini
from nodes.caching.harmonica import HarmoniCa

RESULTS = Path(__file__).parent / "results"


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
    yield "Counted are multiplications in blocks: 12 x width^2 for each token, 2 x width for each pair of"
    yield f"query and key. Measured is the median of {large.ROUNDS} runs, each beside a plain one. What"
    yield "a cache skips here says nothing of quality: the weights are random."
    yield ""
    yield from large.on_large(shown)
    yield ""
    yield f"## Quality: embedded model, {mini.PROMPTS} held-out prompts, guidance {mini.SCALE:g}"
    yield ""
    yield f"Error and PSNR are against {mini.STEPS} plain steps; facts and pictures all right are read by the"
    yield f"embedded judge, and one picture more or less is {1 / mini.PROMPTS:.2f}. The model has 64 image"
    yield "tokens only: little for subsets of tokens to choose from, nothing for sparse attention to gain."
    yield f"HarmoniCa learned in {mini.LEARN_ITERATIONS} samplings of {mini.LEARN_PROMPTS} prompts, far fewer"
    yield "than the authors'. Residual CFG is made for few steps at a low scale, which this is not. Drawing:"
    yield "[techniques.svg](techniques.svg)."
    yield ""
    yield "The last columns set a technique beside simply fewer steps, with their error in brackets: of the"
    yield "same count of blocks or calls, where that is what it reports, and of the same measured time, which"
    yield f"varies on a busy machine; at most {mini.TURN} techniques share a plain run."
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

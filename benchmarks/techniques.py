"""What techniques save, and what it costs: `python -m benchmarks.techniques` writes results/techniques.md.

Times are CPU times of the process, which works in one thread: other work on the machine counts little. Each
technique takes turns with plain runs in the same process and is compared with those alone.
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
from benchmarks.results_file import write
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
    yield f"torch {torch.__version__}. Each table is from one run."
    yield ""
    yield "Time is CPU time of the process (`time.process_time`, one thread), not time on the clock: the"
    yield "machine had other work. Techniques take turns with plain runs, and each is compared with the plain"
    yield "runs beside it."
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
    yield "tokens only: little for subsets of tokens to choose from, nothing for sparse attention to gain;"
    yield "what counts there is the error at the density; speed is measured in [attention.md](attention.md)."
    yield "`ClearWindow` saves 0 %: it computes tiles of 8 x 8 tokens, and this picture is one tile."
    yield f"HarmoniCa learned in {mini.LEARN_ITERATIONS} samplings of {mini.LEARN_PROMPTS} prompts, far fewer"
    yield "than the authors'. Residual CFG is made for few steps at a low scale, which this is not. Drawing:"
    yield "[techniques.svg](techniques.svg)."
    yield ""
    yield f"Time is over that of {mini.STEPS} plain steps: each prompt is sampled plainly and right after"
    yield "that with the technique. The last columns set a technique beside simply fewer steps, with their"
    yield "error in brackets: of the same count of blocks or calls, where that is what it reports, and of the"
    yield "same time."
    yield ""
    yield from mini.on_mini(shown, RESULTS / "techniques.svg")


def main() -> None:
    torch.set_num_threads(1)
    with torch.no_grad():
        write(RESULTS / "techniques.md", report())


if __name__ == "__main__":
    main()

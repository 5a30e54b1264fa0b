"""What the engine costs on top of a transformer: `python -m benchmarks.engine` writes results/engine.md.

Bare calls of the embedded model's transformer, and the same question through a run with more and more patches
that change nothing, by turns in one process; CPU time of one thread, medians.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import median

import torch
from torch import Tensor

from app.engine.installation import open_run
from app.engine.model import Model
from app.engine.prediction import ModelInput
from app.engine.weights.loading import load_folder
from tests.tiny.patches import Identity, NoImageSeesAnother, Witness

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results" / "engine.md"
ROUNDS = 15
STEPS = 20


def question(model: Model, prompt: str) -> ModelInput:
    text_encoder = load_folder(ROOT / "models" / "mini").text_encoder
    width, height = model.native_size
    cells = model.family.latent.downscale
    random = torch.Generator().manual_seed(0)
    latent = torch.randn(1, model.channels, height // cells, width // cells, generator=random)
    return ModelInput(latent, 0.5, text_encoder.encode([prompt]))


def handles(model: Model) -> dict[str, Model]:
    three = model.with_patch(Identity()).with_patch(Identity()).with_patch(Identity())
    return {
        "a run without patches": model,
        "a patch around the model": model.with_patch(Witness()),
        "a patch around every attention operation": model.with_patch(NoImageSeesAnother()),
        "a patch around everything": model.with_patch(Identity()),
        "three patches around everything": three,
    }


def cpu_times(works: Mapping[str, Callable[[], Tensor]]) -> dict[str, float]:
    """Return the median CPU time (s) of each, taken by turns so that all see the same machine."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            started = time.thread_time()
            work()
            taken[name].append(time.thread_time() - started)
    return {name: median(times) for name, times in taken.items()}


def ask(model: Model, given: ModelInput) -> Tensor:
    """Ask as often as a run has steps, and return the last answer."""
    with open_run(model) as run:
        answers = [run(given, index=i, total=STEPS, evaluation=0, branch="cond") for i in range(STEPS)]
    return answers[-1]


def ask_bare(model: Model, given: ModelInput) -> Tensor:
    """Do without the engine what any program must do: arguments in, denoised sample out."""
    for _ in range(STEPS):
        output = model.module(**model.family.arguments(model.module, given), return_dict=False)[0]
        answer = model.family.denoised(given, output)
    return answer


@torch.no_grad()
def main() -> None:
    torch.set_num_threads(1)
    model = load_folder(ROOT / "models" / "mini").model
    given = question(model, "a large red circle on a blue background")
    works: dict[str, Callable[[], Tensor]] = {"bare": lambda: ask_bare(model, given)}
    works |= {name: partial(ask, handle, given) for name, handle in handles(model).items()}
    assert all(torch.equal(work(), works["bare"]()) for work in works.values())
    times = cpu_times(works)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    rows = [
        f"| {name} | {taken / STEPS * 1e3:.2f} ms | {taken / times['bare'] - 1:+.1%} |"
        for name, taken in times.items()
    ]
    head = [
        "# Engine: what patches cost that change nothing",
        "",
        f"CPU: {machine}, torch {torch.__version__}; CPU time of one thread, medians of {ROUNDS} runs.",
        f"One call of the embedded transformer in a run of {STEPS} steps; opening the run is counted.",
        "",
        "| what | time | over bare |",
        "|---|---|---|",
    ]
    RESULTS.write_text("\n".join([*head, *rows]) + "\n", encoding="utf-8")
    print(RESULTS.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()

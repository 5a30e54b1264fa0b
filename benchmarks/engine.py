"""What the engine costs on top of a transformer: `python -m benchmarks.engine` writes results/engine.md.

Bare calls of a transformer, and the same question through a run with more and more patches that change
nothing, by turns in one process; CPU time of one thread. On the embedded model a call takes milliseconds; a
random Flux of middle size shows what that means for models that take as long as real ones.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from app.engine.installation import open_run
from app.engine.model import Model, Patch
from app.engine.prediction import ModelInput
from app.engine.weights.loading import load_folder
from benchmarks import large
from benchmarks.results_file import write
from nodes.attention.clear_window import ClearWindow
from nodes.caching.first_block_cache import FirstBlockCache
from nodes.caching.guidance_cache import GuidanceCache
from nodes.caching.taylor_seer import TaylorSeer
from nodes.tokens.token_merging import TokenMerging
from tests.tiny.patches import Identity, NoImageSeesAnother, Witness

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results" / "engine.md"
EVERYWHERE: Mapping[str, tuple[Patch[Any], ...]] = {
    "a run without patches": (),
    "a patch around the model": (Witness(),),
    "a patch around every attention operation": (NoImageSeesAnother(),),
    "a patch around everything": (Identity(),),
    "three patches around everything": (Identity(), Identity(), Identity()),
}
SWITCHED_OFF: Mapping[str, tuple[Patch[Any], ...]] = {
    "`GuidanceCache` at interval 1": (GuidanceCache(1, 0.0, 1.0),),
    "`FirstBlockCache` at threshold 0": (FirstBlockCache(0.0),),
    "`TaylorSeer` at interval 1": (TaylorSeer(1, 1, 1),),
    "`ClearWindow` that covers the picture": (ClearWindow(99),),
    "`TokenMerging` at ratio 0": (TokenMerging(0.0, 1),),
}


@dataclass(frozen=True)
class Subject:
    """A model, what it is asked, and how often in one run.

    Attributes:
        what: In words.
        model: Without patches.
        given: The question.
        steps: Calls of a run.
        rounds: How often all take turns.
        patches: What changes nothing, by name.
    """

    what: str
    model: Model
    given: ModelInput
    steps: int
    rounds: int
    patches: Mapping[str, tuple[Patch[Any], ...]]

    def works(self) -> dict[str, Callable[[], Tensor]]:
        """Return the bare calls and the runs, by name."""
        handles = {name: replace(self.model, patches=found) for name, found in self.patches.items()}
        return {"bare": self.ask_bare, **{name: partial(self.ask, model) for name, model in handles.items()}}

    def ask(self, model: Model) -> Tensor:
        """Ask as often as a run has steps, and return the last answer."""
        with open_run(model) as run:
            for index in range(self.steps):
                answer = run(self.given, index=index, total=self.steps, evaluation=0, branch="cond")
        return answer

    def ask_bare(self) -> Tensor:
        """Do without the engine what any program must do: arguments in, denoised sample out."""
        family, module = self.model.family, self.model.module
        for _ in range(self.steps):
            output = module(**family.arguments(module, self.given), return_dict=False)[0]
            answer = family.denoised(self.given, output)
        return answer


def embedded() -> Subject:
    loaded = load_folder(ROOT / "models" / "mini")
    model, tokens = loaded.model, loaded.text_encoder.encode(["a large red circle on a blue background"])
    width, height = (size // model.family.latent.downscale for size in model.native_size)
    given = ModelInput(noise(model.channels, height, width), 0.5, tokens)
    return Subject("the embedded transformer", model, given, 20, 15, EVERYWHERE)


def middle() -> Subject:
    model, guider = large.random_flux()
    given = ModelInput(noise(16, 2 * large.SIDE, 2 * large.SIDE), 0.5, guider.positive)
    what = f"a random Flux, {large.TOKENS} image tokens, {sum(large.BLOCKS)} blocks of width {large.WIDTH}"
    return Subject(what, model, given, 1, 7, {**EVERYWHERE, **SWITCHED_OFF})


def noise(channels: int, height: int, width: int) -> Tensor:
    return torch.randn(1, channels, height, width, generator=torch.Generator().manual_seed(0))


def cpu_times(works: Mapping[str, Callable[[], Tensor]], rounds: int) -> dict[str, float]:
    """Return the least CPU time (s) of each; they take turns, so that all see the same machine."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            started = time.thread_time()
            work()
            taken[name].append(time.thread_time() - started)
    return {name: min(times) for name, times in taken.items()}


def rows(subject: Subject) -> Iterator[str]:
    works = subject.works()
    assert all(torch.equal(work(), works["bare"]()) for work in works.values())
    times = cpu_times(works, subject.rounds)
    yield f"## {subject.what[0].upper()}{subject.what[1:]}"
    yield ""
    runs = f"a run of {subject.steps} steps" if subject.steps > 1 else "a run of its own"
    yield f"One call in {runs}, opening it counted; the least of {subject.rounds} rounds."
    yield ""
    yield "| what | time | over bare |"
    yield "|---|---|---|"
    for name, taken in times.items():
        more = (taken - times["bare"]) / subject.steps
        share = taken / times["bare"] - 1
        yield f"| {name} | {taken / subject.steps * 1e3:.2f} ms | {more * 1e3:+.2f} ms, {share:+.1%} |"


def report() -> Iterator[str]:
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    yield "# Engine: what patches cost that change nothing"
    yield ""
    yield f"CPU: {machine}, torch {torch.__version__}."
    yield "Time is CPU time of one thread (`time.thread_time`); all take turns, and the least counts, since"
    yield "other work on the machine can only add to it. On the larger model what is left of that, up to two"
    yield "percent, hides what a patch costs; the second table shows it, the same for any size of picture."
    for subject in (middle, embedded):
        yield ""
        yield from rows(subject())


@torch.no_grad()
def main() -> None:
    torch.set_num_threads(1)
    write(RESULTS, report())


if __name__ == "__main__":
    main()

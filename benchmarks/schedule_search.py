"""What a searched schedule is worth: `python -m benchmarks.schedule_search` writes its figures to results/.

The node searches on some prompts and noises of the embedded model; the judge and the error against many steps
then see other prompts and other noise.
"""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path

import torch
from torch import Tensor

from app.engine.media import Image, Latent
from app.engine.sampling import Sampling, Sigmas
from app.engine.weights.loading import Loaded, load_folder
from benchmarks.prompt_accuracy import Exam, Silent
from models.mini.training.sampling import hold_out
from nodes.guidance.cfg import Cfg
from nodes.samplers.euler import Euler
from nodes.schedules.basic_schedule import basic_schedule
from nodes.schedules.flow_schedule import flow_schedule
from nodes.schedules.kl_optimal import kl_optimal
from nodes.schedules.search_schedule import search_schedule
from tests.tiny.recorder import Recorder

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results" / "schedule_search.md"
LEARNT, SCALE, FINE = 16, 3.0, 8
POPULATION, GENERATIONS = 16, 6
COUNTS = (3, 4)


class Trial(Exam):
    """Judges schedules on prompts that the search never saw."""

    def walk(self, sigmas: Sigmas) -> Tensor:
        parts = zip(self.guiders, self.noise, strict=True)
        return torch.cat(
            [Sampling(self.model, guider, Euler(), sigmas).walk(noise, Silent()) for guider, noise in parts]
        )

    def figures(self, sigmas: Sigmas, goal: Tensor) -> str:
        """Return the error against the goal and the share of pictures that are right."""
        made = self.walk(sigmas)
        error = ((made - goal).pow(2).mean() / goal.var()).sqrt().item()
        pixels = self.vae.decode(Latent(made, self.model.family.name)).pixels
        shares = self.judge.accuracy(Image(pixels), self.prompts)
        return f"{error:.3f} | {sum(share == 1 for share in shares) / len(shares):.0%}"


def searched(loaded: Loaded, steps: int) -> tuple[Sigmas, str]:
    """Let the node search, from even levels on."""
    model, encode = loaded.model, loaded.text_encoder.encode
    _, prompts = hold_out(LEARNT, seed=7)
    guider = Cfg(encode(prompts), encode([""] * LEARNT), SCALE)
    width, height = (side // model.family.latent.downscale for side in model.native_size)
    empty = Latent(torch.zeros(LEARNT, model.channels, height, width), model.family.name)
    watcher, started = Recorder(), time.perf_counter()
    found = search_schedule(
        watcher,
        model,
        guider,
        Euler(),
        flow_schedule(steps),
        empty,
        fine=FINE,
        population=POPULATION,
        generations=GENERATIONS,
        seed=1,
    )
    (report,) = watcher.reports
    errors = ", ".join(f"{error:.3f}" for error in report["error_by_generation"])
    return found.sigmas, (
        f"{steps} steps: {found.levels}. Error by generation: {errors}; "
        f"{time.perf_counter() - started:.0f} s."
    )


@torch.no_grad()
def main() -> None:
    torch.set_num_threads(1)
    loaded = load_folder(ROOT / "models" / "mini")
    trial, notes, rows = Trial(loaded), list[str](), list[str]()
    for steps in COUNTS:
        found, note = searched(loaded, steps)
        notes += [note, ""]
        print(note, flush=True)
        goal = trial.walk(flow_schedule(steps * FINE))
        rivals = {
            "searched": found,
            "even (flow_schedule)": flow_schedule(steps),
            "even, shift 2": flow_schedule(steps, 2.0),
            "beta": basic_schedule(loaded.model, "beta", steps),
            "kl_optimal": kl_optimal(steps),
        }
        rows += [f"| {steps} | {name} | {trial.figures(sigmas, goal)} |" for name, sigmas in rivals.items()]
        print("\n".join(rows), flush=True)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    text = [
        "# A searched schedule on the embedded model",
        "",
        f"CPU: {machine}, torch {torch.__version__}. *Search schedule* with Euler on {LEARNT} prompts, "
        f"{POPULATION} schedules in {GENERATIONS} generations, from even levels on, against steps cut into "
        f"{FINE} parts.",
        "",
        *notes,
        f"Judged on {len(trial.prompts)} other prompts with other noise: error of the latents over their "
        f"spread against {FINE} times the steps, and the share of pictures in which all facts are found.",
        "",
        "| steps | schedule | error | all right |",
        "|---|---|---|---|",
        *rows,
    ]
    RESULTS.write_text("\n".join(text) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

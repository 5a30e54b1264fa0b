"""How many pictures of the embedded model show their prompt, by sampler, schedule and number of evaluations.

`python -m benchmarks.prompt_accuracy` writes results/prompt_accuracy.md and a grid of pictures beside it.
A judge that was trained on renders reads the pictures; the prompts were kept from all training.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

import torch
from PIL import Image as Pillow
from PIL import ImageDraw
from torch import Tensor

from app.engine.imaging.judge import open_judge
from app.engine.media import Image, Latent
from app.engine.sampling import Sampler, Sampling, Sigmas
from app.engine.walking.noise import starting_noise
from app.engine.weights.loading import Loaded, load_folder
from benchmarks.samplers import Counting
from models.mini.training.sampling import hold_out
from nodes.guidance.cfg import Cfg
from nodes.samplers.ddim import Ddim
from nodes.samplers.dpm_2 import Dpm2
from nodes.samplers.dpm_2_ancestral import Dpm2Ancestral
from nodes.samplers.dpmpp_2m import Dpmpp2M
from nodes.samplers.dpmpp_2m_sde import Dpmpp2MSde
from nodes.samplers.dpmpp_2s_ancestral import Dpmpp2SAncestral
from nodes.samplers.dpmpp_3m_sde import Dpmpp3MSde
from nodes.samplers.dpmpp_sde import DpmppSde
from nodes.samplers.er_sde import ErSde
from nodes.samplers.euler import Euler
from nodes.samplers.euler_ancestral import EulerAncestral
from nodes.samplers.gradient_estimation import GradientEstimation
from nodes.samplers.heun import Heun
from nodes.samplers.interpolant_sde import InterpolantSde
from nodes.samplers.lcm import Lcm
from nodes.samplers.lms import Lms
from nodes.samplers.res_multistep import ResMultistep
from nodes.samplers.rf_solver import RfSolver
from nodes.samplers.sa_solver import SaSolver
from nodes.samplers.uni_pc import UniPc
from nodes.schedules.basic_schedule import basic_schedule
from nodes.schedules.flow_schedule import flow_schedule
from nodes.schedules.kl_optimal import kl_optimal
from nodes.schedules.linear_quadratic import linear_quadratic

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results" / "prompt_accuracy.md"
GRID = RESULTS.with_suffix(".webp")
PROMPTS, ROWS, SCALE = 128, 32, 3.0
BUDGETS = (2, 4, 6, 8)
SHOWN = 2  # prompts of the grid
DRAWN = ("euler", "heun", "dpmpp_2m", "uni_pc", "lms", "euler_ancestral", "dpmpp_2m_sde", "sa_solver")
SAMPLERS: dict[str, tuple[Sampler, int]] = {  # with the evaluations of a step
    "euler": (Euler(), 1),
    "heun": (Heun(), 2),
    "dpm_2": (Dpm2(), 2),
    "rf_solver": (RfSolver(), 2),
    "dpmpp_2m": (Dpmpp2M(), 1),
    "res_multistep": (ResMultistep(), 1),
    "uni_pc": (UniPc(), 1),
    "lms": (Lms(2), 1),
    "gradient_estimation": (GradientEstimation(2.0), 1),
    "ddim, eta 0.5": (Ddim(0.5, 1), 1),
    "euler_ancestral": (EulerAncestral(1.0, 1), 1),
    "dpm_2_ancestral": (Dpm2Ancestral(1.0, 1), 2),
    "dpmpp_2s_ancestral": (Dpmpp2SAncestral(1.0, 1), 2),
    "dpmpp_sde": (DpmppSde(1.0, 1), 2),
    "dpmpp_2m_sde": (Dpmpp2MSde(1.0, 1), 1),
    "dpmpp_3m_sde": (Dpmpp3MSde(1.0, 1), 1),
    "er_sde": (ErSde(3, "er-sde-5", 1), 1),
    "sa_solver": (SaSolver(3, 1.0, 1), 1),
    "interpolant_sde": (InterpolantSde("sigma", 1.0, 1), 1),
    "lcm": (Lcm(1), 1),
}


@dataclass(frozen=True)
class Score:
    """Shares of facts and of pictures that are right, the evaluations they took, and the first pictures."""

    facts: float
    right: float
    evaluations: int
    pictures: Tensor

    @property
    def cell(self) -> str:
        return f"{self.right:.0%}"


class Exam:
    """The embedded model before its judge, with prompts that no training saw."""

    def __init__(self, loaded: Loaded) -> None:
        self.model, self.vae = loaded.model, loaded.vae
        self.judge = open_judge(ROOT / "models" / "judges" / "mini")
        _, self.prompts = hold_out(PROMPTS)
        texts = [self.prompts[at : at + ROWS] for at in range(0, PROMPTS, ROWS)]
        encode = loaded.text_encoder.encode
        self.guiders = [Cfg(encode(part), encode([""] * len(part)), SCALE) for part in texts]
        width, height = (side // self.model.family.latent.downscale for side in self.model.native_size)
        empty = torch.zeros(PROMPTS, self.model.channels, height, width)
        self.noise = starting_noise(empty, 7).chunk(PROMPTS // ROWS)

    def score(self, sampler: Sampler, sigmas: Sigmas) -> Score:
        """Judge what a sampler makes of all prompts on a schedule."""
        counting, made = Counting(sampler), []
        for guider, noise in zip(self.guiders, self.noise, strict=True):
            made.append(Sampling(self.model, guider, counting, sigmas).walk(noise, Silent()))
        pixels = self.vae.decode(Latent(torch.cat(made), self.model.family.name)).pixels
        shares = self.judge.accuracy(Image(pixels), self.prompts)
        right = sum(share == 1 for share in shares) / len(shares)
        return Score(
            sum(shares) / len(shares), right, counting.count // len(self.guiders), pixels[:SHOWN].clone()
        )


class Silent:
    """Watches a run and says nothing."""

    def progress(self, step: int, steps: int) -> None:
        """Nobody waits for it."""

    def preview(self, jpeg: bytes) -> None:
        """Nobody looks."""

    def report(self, report: Mapping[str, object]) -> None:
        """No technique is at work."""

    def savepoint(self) -> None:
        """Runs are short."""


def by_sampler(exam: Exam) -> tuple[list[str], dict[str, list[Score]]]:
    """Compare samplers at equal numbers of evaluations, on even levels."""
    heads = " | ".join(f"{budget} evaluations" for budget in BUDGETS)
    lines = ["## By sampler", "", f"| sampler | {heads} |", "|---" * (len(BUDGETS) + 1) + "|"]
    scores: dict[str, list[Score]] = {}
    for name, (sampler, cost) in SAMPLERS.items():
        scores[name] = [exam.score(sampler, flow_schedule(budget // cost)) for budget in BUDGETS]
        cells = " | ".join(f"{score.cell} ({score.evaluations})" for score in scores[name])
        lines.append(f"| {name} | {cells} |")
        print(lines[-1], flush=True)
    return lines, scores


def by_schedule(exam: Exam) -> list[str]:
    """Compare schedules in steps of Euler's method."""
    schedules: dict[str, Callable[[int], Sigmas]] = {
        "flow_schedule, shift 1": flow_schedule,
        "flow_schedule, shift 2": lambda steps: flow_schedule(steps, 2.0),
        "flow_schedule, shift 0.5": lambda steps: flow_schedule(steps, 0.5),
        "basic_schedule, normal": lambda steps: basic_schedule(exam.model, "normal", steps),
        "basic_schedule, sgm_uniform": lambda steps: basic_schedule(exam.model, "sgm_uniform", steps),
        "basic_schedule, beta": lambda steps: basic_schedule(exam.model, "beta", steps),
        "basic_schedule, karras": lambda steps: basic_schedule(exam.model, "karras", steps),
        "basic_schedule, exponential": lambda steps: basic_schedule(exam.model, "exponential", steps),
        "linear_quadratic": linear_quadratic,
        "kl_optimal": kl_optimal,
    }
    heads = " | ".join(f"{budget} steps" for budget in BUDGETS)
    lines = ["## By schedule", "", f"| schedule | {heads} |", "|---" * (len(BUDGETS) + 1) + "|"]
    for name, schedule in schedules.items():
        cells = (exam.score(Euler(), schedule(budget)).cell for budget in BUDGETS)
        lines.append(f"| {name} | {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    return lines


def draw(scores: Mapping[str, list[Score]], side: int = 96, label: int = 120) -> None:
    """Draw the same prompts and noise by sampler (down) and evaluations (to the right)."""
    wide, high = label + SHOWN * len(BUDGETS) * side, 16 + len(DRAWN) * side
    sheet = Pillow.new("RGB", (wide, high), "white")
    pen = ImageDraw.Draw(sheet)
    for row, name in enumerate(DRAWN):
        pen.text((4, 16 + row * side + side // 2), name, fill="black")
        for column, score in enumerate(scores[name]):
            left = label + column * SHOWN * side
            pen.text((left, 2), f"{BUDGETS[column]} evaluations", fill="black")
            for at, pixels in enumerate(score.pictures):
                picture = Pillow.fromarray((pixels * 255).round().to(torch.uint8).numpy())
                sheet.paste(picture.resize((side, side)), (left + at * side, 16 + row * side))
    sheet.save(GRID, quality=80, method=6)


@torch.no_grad()
def main() -> None:
    started = time.monotonic()
    torch.set_num_threads(1)
    exam = Exam(load_folder(ROOT / "models" / "mini"))
    lines, scores = by_sampler(exam)
    lines += ["", *by_schedule(exam)]
    draw(scores)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    shown = "; ".join(f"“{prompt}”" for prompt in exam.prompts[:SHOWN])
    head = [
        "# Prompt accuracy of the embedded model",
        "",
        f"CPU: {machine}, torch {torch.__version__}. Share of {PROMPTS} pictures in which the judge finds "
        f"every fact of the prompt, guidance scale {SCALE:g}, the same noise in each cell; one standard "
        f"error is {sqrt(0.25 / PROMPTS):.0%} at most. In brackets the evaluations it really took.",
        "",
        f"![Pictures by sampler and evaluations]({GRID.name})",
        "",
        f"Prompts of the grid: {shown}.",
        "",
    ]
    RESULTS.write_text("\n".join([*head, *lines]) + "\n", encoding="utf-8")
    print(f"took {time.monotonic() - started:.0f} s, grid {GRID.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()

"""How exact samplers and schedules are: `python -m benchmarks.samplers` writes results/samplers.md.

First the samplers' order on a closed form, then the error of real latents against a walk in many small steps,
at equal numbers of model evaluations. Samplers that add noise stand there without it; with it they walk to
another picture, so what is measured is the distribution that they reach. Every sampler and every schedule of
the catalogue must be in a table, or the benchmark stops.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.media import Latent
from app.engine.model import Model
from app.engine.sampling import Denoise, OnStep, Sampler, Sampling, Sigmas
from app.engine.schedules.levels import SCHEDULERS
from app.engine.weights.loading import Loaded, load_folder
from app.graph import catalog
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
from nodes.samplers.restart import Restart
from nodes.samplers.rf_solver import RfSolver
from nodes.samplers.sa_solver import SaSolver
from nodes.samplers.uni_pc import UniPc
from nodes.schedules.basic_schedule import basic_schedule
from nodes.schedules.beta import beta
from nodes.schedules.curve_schedule import curve_schedule
from nodes.schedules.dynamic_shift import dynamic_shift
from nodes.schedules.exponential import exponential
from nodes.schedules.extend_sigmas import extend_sigmas
from nodes.schedules.flow_schedule import flow_schedule
from nodes.schedules.flux2_schedule import flux2_schedule
from nodes.schedules.karras import karras
from nodes.schedules.kl_optimal import kl_optimal
from nodes.schedules.linear_quadratic import linear_quadratic
from nodes.schedules.ltx_schedule import ltx_schedule
from nodes.schedules.manual_sigmas import manual_sigmas
from nodes.schedules.scm_schedule import scm_schedule
from tests.nodes.samplers.closed_form import MEAN, SPREAD, consistency, even, normal, order, walk
from tests.tiny.recorder import Recorder

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results" / "samplers.md"
PROMPTS = "a large red heart on a yellow background", "a cat in the snow"
BUDGETS, FEW = (4, 8, 16, 32), (8, 16)
NOISY_STEPS = (10, 30, 100)
REFERENCE_STEPS, GUIDANCE_SCALE = 200, 3.0
SEARCHED = "1, 0.892, 0.583, 0.278, 0"  # results/schedule_search.md, 4 steps
DRAWN = "[[0, 1], [0.5, 0.65], [1, 0]]"
Schedule = Callable[[int], Sigmas]
ELSEWHERE = {"cogvideox_schedule"}  # its levels are those of one model


@dataclass(frozen=True)
class Row:
    """A sampler in a table: its node, its setting, and the evaluations of a step."""

    node: str
    setting: str
    sampler: Sampler
    cost: int = 1

    @property
    def name(self) -> str:
        return ", ".join(filter(None, (self.node, self.setting)))


WITHOUT_NOISE = (
    Row("euler", "", Euler()),
    Row("heun", "", Heun(), 2),
    Row("dpm_2", "", Dpm2(), 2),
    Row("rf_solver", "", RfSolver(), 2),
    Row("dpmpp_2m", "", Dpmpp2M()),
    Row("res_multistep", "", ResMultistep()),
    Row("uni_pc", "order 2", UniPc()),
    Row("uni_pc", "order 3", UniPc(3)),
    Row("lms", "order 2", Lms(2)),
    Row("lms", "order 3", Lms(3)),
    Row("lms", "order 4", Lms(4)),
    Row("gradient_estimation", "gamma 1.5", GradientEstimation(1.5)),
    Row("gradient_estimation", "gamma 2", GradientEstimation(2.0)),
    Row("ddim", "eta 0", Ddim(0.0, 0)),
    Row("dpm_2_ancestral", "eta 0", Dpm2Ancestral(0.0, 0), 2),
    Row("dpmpp_2s_ancestral", "eta 0", Dpmpp2SAncestral(0.0, 0), 2),
    Row("dpmpp_sde", "eta 0", DpmppSde(0.0, 0), 2),
    Row("dpmpp_2m_sde", "eta 0, heun", Dpmpp2MSde(0.0, 0, "per picture", "heun")),
    Row("dpmpp_3m_sde", "eta 0", Dpmpp3MSde(0.0, 0)),
    Row("er_sde", "order 3, scale none", ErSde(3, "none", 0)),
    Row("sa_solver", "order 3, tau 0", SaSolver(3, 0.0, 0)),
)
WITH_NOISE = (
    Row("euler_ancestral", "eta 1", EulerAncestral(1.0, 3)),
    Row("ddim", "eta 1", Ddim(1.0, 3)),
    Row("dpm_2_ancestral", "eta 1", Dpm2Ancestral(1.0, 3), 2),
    Row("dpmpp_2s_ancestral", "eta 1", Dpmpp2SAncestral(1.0, 3), 2),
    Row("dpmpp_sde", "eta 1", DpmppSde(1.0, 3), 2),
    Row("dpmpp_2m_sde", "eta 1", Dpmpp2MSde(1.0, 3)),
    Row("dpmpp_2m_sde", "eta 1, heun", Dpmpp2MSde(1.0, 3, "per picture", "heun")),
    Row("dpmpp_3m_sde", "eta 1", Dpmpp3MSde(1.0, 3)),
    Row("er_sde", "order 3", ErSde(3, "er-sde-5", 3)),
    Row("sa_solver", "order 3, tau 1", SaSolver(3, 1.0, 3)),
    Row("interpolant_sde", "sigma, strength 1", InterpolantSde("sigma", 1.0, 3)),
    Row("lcm", "a perfect consistency model", Lcm(3)),
    Row("restart", "heun, 3 times from 0.9 to 0.1", Restart(Heun(), 3, 0.9, 0.1, 3), 2),
)


class Counting:
    """A sampler that counts how often it asks the model."""

    def __init__(self, sampler: Sampler) -> None:
        self.sampler, self.count = sampler, 0

    def __call__(self, denoise: Denoise, latent: Tensor, sigmas: Sigmas, on_step: OnStep) -> Tensor:
        def counted(latent: Tensor, sigma: float) -> Tensor:
            self.count += 1
            return denoise(latent, sigma)

        return self.sampler(counted, latent, sigmas, on_step)


class Mini:
    """The embedded model with some prompts and the noise that all walks start from."""

    def __init__(self, loaded: Loaded) -> None:
        self.model = loaded.model
        positive = loaded.text_encoder.encode(PROMPTS)
        self.guider = Cfg(positive, self.empty(loaded), GUIDANCE_SCALE)
        width, height = (side // self.model.family.latent.downscale for side in self.model.native_size)
        shape = (len(PROMPTS), self.model.channels, height, width)
        self.noise = torch.randn(shape, generator=torch.Generator().manual_seed(1))
        self.reference = self.walk(Heun(), flow_schedule(REFERENCE_STEPS))

    def empty(self, loaded: Loaded) -> Conditioning:
        return loaded.text_encoder.encode([""] * len(PROMPTS))

    def walk(self, sampler: Sampler, sigmas: Sigmas) -> Tensor:
        return Sampling(self.model, self.guider, sampler, sigmas).walk(self.noise, Recorder())

    def error(self, sampler: Sampler, sigmas: Sigmas) -> str:
        """Return the error relative to the reference's spread, and the evaluations it really took."""
        counting = Counting(sampler)
        difference = self.walk(counting, sigmas) - self.reference
        relative = (difference.pow(2).mean() / self.reference.var()).sqrt().item()
        return f"{relative:.4f} ({counting.count})"


def schedules(model: Model, latent: Latent) -> dict[tuple[str, str], Schedule]:
    """Return every schedule as a function of the number of steps, by (node, setting)."""
    named: dict[tuple[str, str], Schedule] = {
        ("basic_schedule", name): partial(basic_schedule, model, name) for name in SCHEDULERS
    }
    width, height = model.native_size
    return {
        ("flow_schedule", "shift 1"): flow_schedule,
        ("flow_schedule", "shift 3"): lambda steps: flow_schedule(steps, 3.0),
        **named,
        ("beta", "0.6, 0.6"): beta,
        ("beta", "1.5, 0.6"): lambda steps: beta(steps, 1.5, 0.6),
        ("karras", "from 0.02 on"): karras,
        ("exponential", "from 0.02 on"): exponential,
        ("kl_optimal", ""): kl_optimal,
        ("linear_quadratic", "0.025"): linear_quadratic,
        ("dynamic_shift", ""): lambda steps: dynamic_shift(model, latent, steps),
        ("ltx_schedule", ""): lambda steps: ltx_schedule(latent, steps),
        ("flux2_schedule", ""): lambda steps: flux2_schedule(steps, width, height),
        ("scm_schedule", "for distilled models"): scm_schedule,
        ("curve_schedule", f"`{DRAWN}`"): lambda steps: curve_schedule(DRAWN, steps),
        ("manual_sigmas", "4 searched steps, each cut"): lambda steps: extend_sigmas(
            manual_sigmas(SEARCHED), steps // 4
        ),
    }


def refuse_gaps(output: str, shown: Iterable[str]) -> None:
    """Stop where a node that makes `output` from anything but that is in no table."""
    nodes = {
        spec.id
        for spec in catalog.find()
        if spec.outputs and spec.outputs[0].type == output and output not in {i.type for i in spec.inputs}
    }
    if missing := nodes - set(shown) - ELSEWHERE:
        raise SystemExit(f"in no table of benchmarks/samplers.py: {', '.join(sorted(missing))}")


def orders() -> list[str]:
    """Measure how the error falls when the steps are halved, away from the ends and over the whole way."""
    rows = (
        f"| {row.name} | {order(row.sampler):.2f} | {order(row.sampler, 1.0, 0.0):.2f} |"
        for row in WITHOUT_NOISE
    )
    return [
        "## Measured order",
        "",
        "Data of two normal distributions, whose denoised sample is known; 64 against 128 even steps. "
        "Samplers that add noise are measured without.",
        "",
        "| sampler | noise level 0.95 to 0.2 | 1 to 0 |",
        "|---|---|---|",
        *rows,
    ]


def distributions() -> list[str]:
    """Measure what samplers with noise make of data whose mean and spread are known."""
    start = torch.randn(1, 1, 180, 180, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    lines = [
        "## Distribution with fresh noise",
        "",
        f"Data of a normal distribution with mean {MEAN:g} and spread {SPREAD:g}, {start.numel():,} samples, "
        "even steps from 1 to 0: error of the mean in spreads / error of the spread.",
        "",
        f"| sampler | evaluations a step | {' | '.join(f'{steps} steps' for steps in NOISY_STEPS)} |",
        "|---" * (len(NOISY_STEPS) + 2) + "|",
    ]
    for row in WITH_NOISE:
        denoise = consistency if row.node == "lcm" else normal
        ends = (walk(row.sampler, denoise, start, even(steps)) for steps in NOISY_STEPS)
        errors = ((abs(end.mean().item() - MEAN) / SPREAD, end.std().item() / SPREAD - 1) for end in ends)
        cells = " | ".join(f"{mean:.1%} / {spread:+.1%}" for mean, spread in errors)
        lines.append(f"| {row.name} | {row.cost} | {cells} |")
    return lines


def errors(mini: Mini) -> list[str]:
    """Measure real latents at equal numbers of evaluations, on two schedules."""
    lines = [
        "## Error on the embedded model",
        "",
        f"Root mean square error of the latents, over their spread, against {REFERENCE_STEPS} steps of heun; "
        f"{len(PROMPTS)} prompts, guidance scale {GUIDANCE_SCALE:g}. In brackets the evaluations it took.",
    ]
    for title, schedule in (("flow_schedule without shift", flow_schedule), ("kl_optimal", kl_optimal)):
        heads = " | ".join(f"{budget} evaluations" for budget in BUDGETS)
        lines += ["", f"### {title}", "", f"| sampler | {heads} |", "|---" * (len(BUDGETS) + 1) + "|"]
        for row in WITHOUT_NOISE:
            cells = (mini.error(row.sampler, schedule(budget // row.cost)) for budget in BUDGETS)
            lines.append(f"| {row.name} | {' | '.join(cells)} |")
    return lines


def errors_by_schedule(mini: Mini) -> list[str]:
    """Measure real latents on every schedule, with a sampler of first and one of second order."""
    columns = [
        (row, steps) for row in WITHOUT_NOISE if row.name in ("euler", "uni_pc, order 2") for steps in FEW
    ]
    made = schedules(mini.model, Latent(mini.noise, mini.model.family.name))
    refuse_gaps("Sigmas", (node for node, _ in made))
    heads = " | ".join(f"{row.name}, {steps} steps" for row, steps in columns)
    lines = ["### Every schedule", "", f"| schedule | setting | {heads} |", "|---" * (len(columns) + 2) + "|"]
    for (node, setting), schedule in made.items():
        cells = " | ".join(mini.error(row.sampler, schedule(steps)) for row, steps in columns)
        lines.append(f"| {node} | {setting} | {cells} |")
    return lines


def main() -> None:
    started = time.monotonic()
    refuse_gaps("Sampler", (row.node for row in (*WITHOUT_NOISE, *WITH_NOISE)))
    torch.set_num_threads(1)  # the model is so small that threads wait for each other more than they help
    mini = Mini(load_folder(ROOT / "models" / "mini"))
    place = "CPU" if mini.model.device.type == "cpu" else torch.cuda.get_device_name()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    parts = (orders(), distributions(), errors(mini), errors_by_schedule(mini))
    head = ["# Samplers and schedules", "", f"{place}: {machine}, torch {torch.__version__}."]
    text = "\n".join(line for part in (head, *parts) for line in (*part, ""))
    RESULTS.write_text(text.rstrip() + "\n", encoding="utf-8")
    print(text, f"took {time.monotonic() - started:.0f} s", sep="\n")


if __name__ == "__main__":
    main()

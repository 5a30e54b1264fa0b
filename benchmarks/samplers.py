"""How exact the samplers are: `python -m benchmarks.samplers` writes results/samplers.md.

First their order on a closed form, then the error of real latents against a walk in many small steps, at
equal numbers of model evaluations. Samplers that add noise walk to another picture, so they are in no table.
"""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path

import torch
from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.sampling import Denoise, OnStep, Sampler, Sampling, Sigmas
from app.engine.weights.loading import Loaded, load_folder
from nodes.guidance.cfg import Cfg
from nodes.samplers.dpm_2 import Dpm2
from nodes.samplers.dpmpp_2m import Dpmpp2M
from nodes.samplers.dpmpp_2s_ancestral import Dpmpp2SAncestral
from nodes.samplers.euler import Euler
from nodes.samplers.gradient_estimation import GradientEstimation
from nodes.samplers.heun import Heun
from nodes.samplers.lms import Lms
from nodes.samplers.res_multistep import ResMultistep
from nodes.samplers.rf_solver import RfSolver
from nodes.samplers.uni_pc import UniPc
from nodes.schedules.flow_schedule import flow_schedule
from nodes.schedules.kl_optimal import kl_optimal
from tests.nodes.samplers.closed_form import order
from tests.tiny.recorder import Recorder

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results" / "samplers.md"
PROMPTS = (
    "a large red heart on a yellow background",
    "a cat in the snow",
)
BUDGETS = (4, 8, 16, 32)
REFERENCE_STEPS, GUIDANCE_SCALE = 200, 3.0
SAMPLERS: dict[str, tuple[Sampler, int]] = {  # with the evaluations of a step
    "euler": (Euler(), 1),
    "heun": (Heun(), 2),
    "dpm_2": (Dpm2(), 2),
    "rf_solver": (RfSolver(), 2),
    "dpmpp_2s_ancestral, eta 0": (Dpmpp2SAncestral(0.0, 0), 2),
    "dpmpp_2m": (Dpmpp2M(), 1),
    "res_multistep": (ResMultistep(), 1),
    "uni_pc": (UniPc(), 1),
    "lms, order 2": (Lms(2), 1),
    "lms, order 3": (Lms(3), 1),
    "lms, order 4": (Lms(4), 1),
    "gradient_estimation, gamma 1.5": (GradientEstimation(1.5), 1),
    "gradient_estimation, gamma 2": (GradientEstimation(2.0), 1),
}


class Counting:
    """A sampler that counts how often it asks the model."""

    def __init__(self, sampler: Sampler) -> None:
        self.sampler, self.count = sampler, 0

    def __call__(self, denoise: Denoise, latent: Tensor, sigmas: Sigmas, on_step: OnStep) -> Tensor:
        def counted(latent: Tensor, sigma: float) -> Tensor:
            self.count += 1
            return denoise(latent, sigma)

        return self.sampler(counted, latent, sigmas, on_step)


def orders() -> list[str]:
    """Measure how the error falls when the steps are halved, away from the ends and over the whole way."""
    rows = (
        f"| {name} | {order(sampler):.2f} | {order(sampler, 1.0, 0.0):.2f} |"
        for name, (sampler, _) in SAMPLERS.items()
    )
    return [
        "## Measured order",
        "",
        "Data of two normal distributions, whose denoised sample is known; 64 against 128 even steps.",
        "",
        "| sampler | noise level 0.95 to 0.2 | 1 to 0 |",
        "|---|---|---|",
        *rows,
    ]


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
        for name, (sampler, cost) in SAMPLERS.items():
            cells = (mini.error(sampler, schedule(budget // cost)) for budget in BUDGETS)
            lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def main() -> None:
    started = time.monotonic()
    torch.set_num_threads(1)  # the model is so small that threads wait for each other more than they help
    mini = Mini(load_folder(ROOT / "models" / "mini"))
    place = "CPU" if mini.model.device.type == "cpu" else torch.cuda.get_device_name()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    lines = ["# Samplers", "", f"{place}: {machine}, torch {torch.__version__}.", ""]
    text = "\n".join([*lines, *orders(), "", *errors(mini)]) + "\n"
    RESULTS.write_text(text, encoding="utf-8")
    print(text, f"took {time.monotonic() - started:.0f} s", sep="\n")


if __name__ == "__main__":
    main()

"""What sampling costs on top of the transformer: `python -m benchmarks.loop` writes results/loop.md.

First a run of a random Flux of middle size against nothing but its transformer, called with arguments that were
prepared before; CPU time of one thread, by turns. Then the share of previews in runs of every family.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.families import family_for
from app.engine.media import Latent
from app.engine.model import Model
from app.engine.prediction import ModelInput
from app.engine.preview import jpeg
from app.engine.sampling import Sampling
from nodes.guidance.no_guidance import NoGuidance
from nodes.samplers.euler import Euler
from nodes.schedules.flow_schedule import flow_schedule
from tests.tiny.recorder import Recorder
from tests.tiny.zoo import ZOO, build, noise, prompt

RESULTS = Path(__file__).parent / "results" / "loop.md"
STEPS, ROUNDS = 10, 15
PREVIEW_STEPS, PREVIEW_ROUNDS = 60, 9
SIDE, TEXT = 48, 77  # latent cells along a side, text tokens


def middle_flux() -> Model:
    """A random Flux of 25 million parameters on 576 image tokens."""
    from diffusers import FluxTransformer2DModel

    torch.manual_seed(0)
    module = FluxTransformer2DModel(
        in_channels=64,
        num_layers=2,
        num_single_layers=4,
        num_attention_heads=6,
        attention_head_dim=64,
        joint_attention_dim=512,
        pooled_projection_dim=256,
        axes_dims_rope=(8, 28, 28),
    ).eval()
    return Model(module, family_for(module))


@torch.no_grad()
def overhead() -> list[str]:
    """Compare a whole run with its transformer's calls alone."""
    model = middle_flux()
    text = Conditioning(torch.randn(1, TEXT, 512), torch.randn(1, 256), "flux")
    latent = Latent(torch.zeros(1, model.channels, SIDE, SIDE), "flux")
    sampling = Sampling(model, NoGuidance(text), Euler(), flow_schedule(STEPS))
    noisy = torch.randn(latent.samples.shape)
    asked = [
        model.family.arguments(model.module, ModelInput(noisy, sigma, text))
        for sigma in sampling.sigmas.values[:-1]
    ]

    def bare() -> None:
        for arguments in asked:
            model.module(**arguments, return_dict=False)

    works: dict[str, Callable[[], Any]] = {
        "the transformer alone": bare,
        "a run": lambda: sampling.run(latent, 0, Recorder()),
    }
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            started = time.thread_time()
            work()
            taken[name].append(time.thread_time() - started)
    plain = median(taken["the transformer alone"])
    pairs = [b / a - 1 for a, b in zip(taken["the transformer alone"], taken["a run"], strict=True)]
    size = sum(parameter.numel() for parameter in model.module.parameters()) / 1e6
    rows = [f"| {name} | {median(times) / STEPS * 1e3:.1f} ms |" for name, times in taken.items()]
    return [
        "## The loop",
        "",
        f"A random Flux of {size:.0f} million parameters, {SIDE**2 // 4} image and {TEXT} text tokens, "
        f"{STEPS} steps of Euler without guidance. The run's time has noise, schedule, hooks, packing, "
        f"previews and the watch in it. Over the transformer alone: **{median(pairs):+.2%}** (median of "
        f"{ROUNDS} pairs; {median(taken['a run']) / plain - 1:+.2%} by medians).",
        "",
        "| what | a step |",
        "|---|---|",
        *rows,
    ]


class Showing(Recorder):
    """Notes how many previews a run shows."""


def seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def native_latent(model: Model) -> Tensor:
    """A latent of the size that the family is made for, one frame of a video."""
    width, height = (side // model.family.latent.downscale for side in model.native_size)
    return torch.randn(1, model.channels, height, width)


@torch.no_grad()
def previews() -> list[str]:
    """Measure previews in runs of tiny models, and what one of the family's own size costs."""
    rows = []
    for name in ZOO:
        model = build(name)
        sampling = Sampling(model, NoGuidance(prompt(model)), Euler(), flow_schedule(PREVIEW_STEPS))
        own, tiny, scale = native_latent(model), noise(model), model.family.latent.downscale
        small = median(seconds(lambda: jpeg(tiny, model.preview, scale)) for _ in range(PREVIEW_ROUNDS))
        large = median(seconds(lambda: jpeg(own, model.preview, scale)) for _ in range(PREVIEW_ROUNDS))
        watcher = Showing()
        whole = seconds(lambda: sampling.walk(tiny, watcher))
        share = len(watcher.previews) * small / whole
        rows.append(
            f"| {name} | {whole / PREVIEW_STEPS * 1e3:.1f} ms | {len(watcher.previews)} | {share:.1%} "
            f"| {large * 1e3:.1f} ms | {large / 0.02:.2f} s |"
        )
        print(rows[-1], flush=True)
    return [
        "## Previews",
        "",
        "A preview is made when the last one is at least 0.1 s and fifty times its own cost ago, so that previews "
        "take at most 2 % of a run, but for the first and the last one. The share is measured in "
        f"{PREVIEW_STEPS} steps of a tiny model, whose steps are far shorter than any real one's. The last two "
        "columns: the cost of a preview at the family's own size, and how often there is one then at most.",
        "",
        "| family | a step | previews | share of the run | preview at full size | one in |",
        "|---|---|---|---|---|---|",
        *rows,
    ]


def main() -> None:
    torch.set_num_threads(1)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    head = ["# The sampling loop", "", f"CPU: {machine}, torch {torch.__version__}, one thread.", ""]
    RESULTS.write_text("\n".join([*head, *overhead(), "", *previews()]) + "\n", encoding="utf-8")
    print(RESULTS.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()

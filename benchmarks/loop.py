"""What sampling costs on top of the transformer: `python -m benchmarks.loop` writes results/loop.md.

First the time that a run of a random Flux of middle size spends outside of its transformer, in CPU time of
one thread; then the share of previews in runs of every family.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn

from app.engine.conditioning import Conditioning
from app.engine.families import family_for
from app.engine.latents.preview import jpeg
from app.engine.media import Latent
from app.engine.model import Model
from app.engine.sampling import Sampling
from app.engine.walking.walk import PREVIEW_SHARE
from nodes.guidance.no_guidance import NoGuidance
from nodes.samplers.euler import Euler
from nodes.schedules.flow_schedule import flow_schedule
from tests.tiny.recorder import Recorder
from tests.tiny.zoo import ZOO, build, noise, prompt

RESULTS = Path(__file__).parent / "results" / "loop.md"
STEPS, ROUNDS = 6, 5
PREVIEW_STEPS, PREVIEW_ROUNDS = 60, 5
SIDE, TEXT = 48, 77  # latent cells along a side, text tokens


def middle_flux() -> Model:
    """A random Flux of middle size: an eighth of the real one's width, a ninth of its depth."""
    from diffusers import FluxTransformer2DModel

    torch.manual_seed(0)
    build_flux: Any = FluxTransformer2DModel
    module = build_flux(
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


class Inside:
    """Adds up the CPU time (s) that is spent in a module."""

    def __init__(self, module: nn.Module) -> None:
        self.seconds, self.began = 0.0, 0.0
        module.register_forward_pre_hook(self.enter)
        module.register_forward_hook(self.leave)

    def enter(self, *given: object) -> None:
        self.began = time.thread_time()

    def leave(self, *given: object) -> None:
        self.seconds += time.thread_time() - self.began


def overhead() -> list[str]:
    """Measure how much of a run is not the transformer."""
    model = middle_flux()
    text = Conditioning(torch.randn(1, TEXT, 512), torch.randn(1, 256), "flux")
    latent = Latent(torch.zeros(1, model.channels, SIDE, SIDE), "flux")
    sampling = Sampling(model, NoGuidance(text), Euler(), flow_schedule(STEPS))
    scale, noisy = model.family.latent.downscale, torch.randn(latent.samples.shape)
    preview = median(seconds(lambda: jpeg(noisy, model.preview, scale)) for _ in range(PREVIEW_ROUNDS))
    inside, runs = Inside(model.module), list[tuple[float, float, float]]()
    for _ in range(ROUNDS + 1):
        before, started, watcher = inside.seconds, time.thread_time(), Recorder()
        sampling.run(latent, 0, watcher)
        whole, within = time.thread_time() - started, inside.seconds - before
        shown = len(watcher.previews) * preview
        runs.append((within / STEPS, (whole - within - shown) / within, shown / within))
    steps, shares, previews = ([*column] for column in zip(*runs[1:], strict=True))
    size = sum(parameter.numel() for parameter in model.module.parameters()) / 1e6
    return [
        "## The loop",
        "",
        f"A random Flux of {size:.0f} million parameters, {SIDE**2 // 4} image and {TEXT} text tokens, "
        f"{STEPS} steps of Euler without guidance. All that is neither the transformer's own call nor a "
        "preview counts: noise, schedule, opening the run, packing, conversion, progress, the watch.",
        "",
        f"The transformer takes {median(steps) * 1e3:.1f} ms a step; the loop adds **{median(shares):.2%}** "
        f"({min(shares):.2%} to {max(shares):.2%} in {ROUNDS} runs), and previews {median(previews):.2%}.",
    ]


def seconds(work: Callable[[], Any]) -> float:
    """Return the CPU time of this thread."""
    started = time.thread_time()
    work()
    return time.thread_time() - started


def native_latent(model: Model) -> Tensor:
    """A latent of the size that the family is made for, one frame of a video."""
    width, height = (side // model.family.latent.downscale for side in model.native_size)
    return torch.randn(1, model.channels, height, width)


@contextmanager
def timed_previews() -> Iterator[list[float]]:
    """Note how long (s) each preview takes; all time is CPU time, whatever else the machine does."""
    taken: list[float] = []

    def timed(*given: Any) -> bytes:
        started = time.thread_time()
        made = jpeg(*given)
        taken.append(time.thread_time() - started)
        return made

    with patch.multiple("app.engine.walking.walk", jpeg=timed, monotonic=time.thread_time):
        yield taken


def row_of(name: str) -> str:
    """Measure one family."""
    model = build(name)
    sampling = Sampling(model, NoGuidance(prompt(model)), Euler(), flow_schedule(PREVIEW_STEPS))
    own, scale = native_latent(model), model.family.latent.downscale
    large = median(seconds(lambda: jpeg(own, model.preview, scale)) for _ in range(PREVIEW_ROUNDS))
    with timed_previews() as taken:
        whole = seconds(lambda: sampling.walk(noise(model), Recorder()))
    return (
        f"| {name} | {whole / PREVIEW_STEPS * 1e3:.1f} ms | {len(taken)} | {sum(taken) / whole:.1%} "
        f"| {large * 1e3:.1f} ms | {max(0.1, large / PREVIEW_SHARE):.2f} s |"
    )


def previews() -> list[str]:
    """Measure previews in runs of tiny models, and what one of the family's own size costs."""
    return [
        "## Previews",
        "",
        "A preview is made when the last one is at least 0.1 s and a hundred times its own cost ago, so that "
        "previews take at most 1 % of a run, and the last one. The share is measured in "
        f"{PREVIEW_STEPS} steps of a tiny model, whose steps are far shorter than any real one's. The last "
        "two columns: the cost of a preview at the family's own size, and how much time there is then at "
        "least from one to the next.",
        "",
        "| family | a step | previews | share of the run | preview at full size | one in |",
        "|---|---|---|---|---|---|",
        *(row_of(name) for name in ZOO),
    ]


@torch.no_grad()
def main() -> None:
    torch.set_num_threads(1)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    head = ["# The sampling loop", "", f"CPU: {machine}, torch {torch.__version__}, one thread.", ""]
    RESULTS.write_text("\n".join([*head, *overhead(), "", *previews()]) + "\n", encoding="utf-8")
    print(RESULTS.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()

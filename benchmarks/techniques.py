"""What techniques save, and what it costs: `python -m benchmarks.techniques` writes results/techniques.md.

Times are CPU times of one thread. Each technique runs right after a plain run and is compared with that one.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from diffusers import FluxTransformer2DModel
from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.families.flux import FLUX
from app.engine.loading import load_folder
from app.engine.media import Latent
from app.engine.model import Model, Patch
from app.engine.sampling import Guider, Sampling, Sigmas
from app.engine.sites import Heads
from app.engine.tokens import Layout
from nodes.attention.clear_window import ClearWindow
from nodes.attention.group_attention import GroupAttention
from nodes.attention.kv_pooling import KvPooling
from nodes.caching.attention_broadcast import AttentionBroadcast
from nodes.caching.delta_cache import DeltaCache
from nodes.caching.first_block_cache import FirstBlockCache
from nodes.caching.step_skip import StepSkip
from nodes.caching.taylor_seer import TaylorSeer
from nodes.guidance.cfg import Cfg
from nodes.guidance.no_guidance import NoGuidance
from nodes.samplers.euler import Euler
from nodes.tokens.region_adaptive_sampling import RegionAdaptiveSampling
from tests.nodes.attention.masked import JOINT, at, attend
from tests.tiny.recorder import ROOT, Recorder

RESULTS = Path(__file__).parent / "results" / "techniques.md"
PROMPTS = (
    "a blue star on a pink background",
    "a small yellow star inside a large blue circle",
    "a fox left of a rocket at night",
)
LARGE_STEPS, MINI_STEPS = 12, 30
ON_LARGE: tuple[Patch[Any], ...] = (
    FirstBlockCache(0.6),
    StepSkip(0.2),
    TaylorSeer(interval=3, order=1, warmup=3),
    DeltaCache(interval=2, share=0.75, boundary=0.5),
    AttentionBroadcast(2, 6, 0.15, 0.85),
    RegionAdaptiveSampling(0.5, 4, 9, 0.1),
    ClearWindow(8),
    GroupAttention(8, 4),
    KvPooling(2, 2),
)
ON_MINI: tuple[Patch[Any], ...] = (
    *(FirstBlockCache(threshold) for threshold in (0.05, 0.1, 0.2)),
    *(StepSkip(threshold) for threshold in (0.05, 0.1, 0.25)),
    *(TaylorSeer(interval, order, 3) for interval in (2, 3, 5) for order in (0, 1, 2)),
    *(DeltaCache(interval, 0.75, 0.5) for interval in (2, 3)),
    *(AttentionBroadcast(interval, 6, 0.15, 0.85) for interval in (2, 4)),
    *(RegionAdaptiveSampling(ratio, 4, 9, 0.1) for ratio in (0.5, 0.25)),
    *(ClearWindow(radius) for radius in (6,)),
    GroupAttention(2, 4),
    KvPooling(2, 2),
)
FEWER = (25, 20, 15, 12, 10, 8, 6, 5)


@dataclass(frozen=True)
class Result:
    """Latents of a run, its CPU time (s), and the share of the work that its techniques say they saved."""

    latents: Tensor
    seconds: float
    saved: float


def sample(model: Model, guiders: list[Guider], steps: int, shape: tuple[int, ...]) -> Result:
    """Sample once for each guider; the seed is its number."""
    sigmas, latents, saved, started = even(steps), [], [], time.process_time()
    for seed, guider in enumerate(guiders):
        watcher, empty = Recorder(), Latent(torch.zeros(shape), model.family.name)
        latents.append(Sampling(model, guider, Euler(), sigmas).run(empty, seed, watcher).samples)
        saved += [share_saved(report) for report in watcher.reports]
    return Result(torch.stack(latents), time.process_time() - started, sum(saved) / max(1, len(saved)))


def even(steps: int) -> Sigmas:
    return Sigmas(tuple(1 - step / steps for step in range(steps + 1)))


def share_saved(report: Any) -> float:
    """Return the share of block calls, attention modules, tokens or query-key pairs that was not computed."""
    if "density" in report:
        return float(1 - report.get("computed_pairs", report["density"]))
    return float(report["calls_saved"] if "calls_saved" in report else report["tokens_saved"])


def error(result: Result, reference: Result) -> float:
    """Return the root mean square difference over the root mean square size (no unit)."""
    difference = (result.latents - reference.latents).square().mean()
    return float((difference / reference.latents.square().mean()).sqrt())


def large_model() -> tuple[Model, list[Guider]]:
    """Make a random Flux that works on 32 x 32 image tokens and 64 text tokens."""
    torch.manual_seed(0)
    module = FluxTransformer2DModel(
        in_channels=64,
        num_layers=2,
        num_single_layers=4,
        num_attention_heads=4,
        attention_head_dim=64,
        joint_attention_dim=64,
        pooled_projection_dim=32,
        axes_dims_rope=(16, 24, 24),
    )
    prompt = Conditioning(torch.randn(1, 64, 64), torch.randn(1, 32), FLUX.name)
    return Model(module.eval().requires_grad_(False), FLUX), [NoGuidance(prompt)]


def on_large() -> Iterator[str]:
    """Compare measured time with the share of the work that each technique says it saved."""
    model, guiders = large_model()
    shape = (1, 16, 64, 64)
    sample(model, guiders, 1, shape)
    yield "| technique | saved, by its report | of | speed-up |"
    yield "|---|---|---|---|"
    for patch in ON_LARGE:
        plain = sample(model, guiders, LARGE_STEPS, shape)
        result = sample(model.with_patch(patch), guiders, LARGE_STEPS, shape)
        speed_up = plain.seconds / result.seconds
        yield f"| `{patch}` | {result.saved:.0%} | {saved_of(patch)} | {speed_up:.2f} |"


def saved_of(patch: Patch[Any]) -> str:
    if isinstance(patch, AttentionBroadcast):
        return "attention modules"
    if isinstance(patch, RegionAdaptiveSampling):
        return "image tokens"
    return "blocks" if "blocks" in patch.claims else "query-key pairs"


def on_attention() -> Iterator[str]:
    """Time the attention operation alone, 4 heads of 64 numbers."""
    yield "| image tokens | technique | pairs computed | speed-up |"
    yield "|---|---|---|---|"
    for side in (32, 64):
        layout = Layout((1, side, side), 64)
        heads = Heads(*torch.randn(3, 1, 4, side * side + 64, 64))
        for patch in (ClearWindow(8), ClearWindow(16), GroupAttention(8, 4), KvPooling(2, 0)):
            memory = patch.new_memory()
            plain = fastest(partial(attend, heads))
            wrap = partial(patch.wrap_attention, at(layout), memory, JOINT, heads, attend)
            sparse = fastest(wrap)
            saved = share_saved(patch.report({"cond": memory}))
            yield f"| {side * side} | `{patch}` | {1 - saved:.0%} | {plain / sparse:.2f} |"


def fastest(work: Callable[[], object], times: int = 4) -> float:
    """Return the shortest CPU time (s) of several runs; the first makes what later ones find ready."""
    taken = []
    for _ in range(times):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return min(taken)


def on_mini() -> Iterator[str]:
    """Set each technique's error against what simply fewer steps make of the same time."""
    loaded = load_folder(ROOT / "models" / "mini")
    model, empty = loaded.model, loaded.text_encoder.encode([""])
    guiders: list[Guider] = [Cfg(loaded.text_encoder.encode([prompt]), empty, 3.0) for prompt in PROMPTS]
    width, height = (size // model.family.latent.downscale for size in model.native_size)
    shape = (1, model.channels, height, width)
    reference = sample(model, guiders, MINI_STEPS, shape)
    fewer = {steps: error(sample(model, guiders, steps, shape), reference) for steps in FEWER}
    yield "| fewer steps | time | error |"
    yield "|---|---|---|"
    for steps, found in fewer.items():
        yield f"| {steps} of {MINI_STEPS} | {steps / MINI_STEPS:.2f} | {found:.3f} |"
    yield ""
    yield "| technique | saved | time | error | fewer steps in that time | |"
    yield "|---|---|---|---|---|---|"
    for patch in ON_MINI:
        plain = sample(model, guiders, MINI_STEPS, shape)
        result = sample(model.with_patch(patch), guiders, MINI_STEPS, shape)
        part, found = result.seconds / plain.seconds, error(result, reference)
        other = interpolated({**fewer, MINI_STEPS: 0.0}, part * MINI_STEPS)
        verdict = "slower than plain" if part >= 1 else "better" if found < other else "worse"
        yield f"| `{patch}` | {result.saved:.0%} | {part:.2f} | {found:.3f} | {other:.3f} | {verdict} |"


def interpolated(errors: dict[int, float], steps: float) -> float:
    """Return the error at a number of steps between two measured ones."""
    known = sorted(errors)
    above = next((count for count in known if count >= steps), known[-1])
    below = max((count for count in known if count < above), default=above)
    share = (min(steps, above) - below) / (above - below) if above > below else 0.0
    return errors[below] + max(0.0, share) * (errors[above] - errors[below])


def report() -> Iterator[str]:
    yield "# Techniques: what they save, and what it costs"
    yield ""
    yield f"CPU: {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()},"
    yield f"torch {torch.__version__}; CPU time of one thread, other work on the machine."
    yield ""
    yield f"## Speed: random Flux, 1024 image tokens, 6 blocks of width 256, {LARGE_STEPS} steps"
    yield ""
    yield from on_large()
    yield ""
    yield "What a cache skips here says nothing of quality: the weights are random."
    yield ""
    yield "## The attention operation alone, with 64 text tokens"
    yield ""
    yield from on_attention()
    yield ""
    yield f"## Error: embedded model, {len(PROMPTS)} prompts, guidance 3, against {MINI_STEPS} plain steps"
    yield ""
    yield "Its 64 image tokens are too few for sparse attention or token subsets to save time."
    yield ""
    yield from on_mini()


def main() -> None:
    torch.set_num_threads(1)
    lines = []
    with torch.no_grad():
        for line in report():
            print(line, flush=True)
            lines.append(line)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

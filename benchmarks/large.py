"""Measured speed-up against the closed-form count of skipped work, on a mid-size random Flux."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from statistics import median
from typing import Any

import torch
from diffusers import FluxTransformer2DModel
from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.families.flux import FLUX
from app.engine.media import Latent
from app.engine.model import Model, Patch
from app.engine.sampling import Sampling, Sigmas
from nodes.caching.attention_broadcast import AttentionBroadcast
from nodes.caching.delta_cache import DeltaCache
from nodes.caching.first_block_cache import FirstBlockCache
from nodes.caching.mag_cache import MagCache
from nodes.caching.memory_slicing import MemorySlicing
from nodes.caching.step_skip import StepSkip
from nodes.caching.taylor_seer import TaylorSeer
from nodes.caching.taylor_seer_modules import TaylorSeerModules
from nodes.guidance.no_guidance import NoGuidance
from nodes.samplers.euler import Euler
from nodes.tokens.just_in_time_tokens import JustInTimeTokens
from nodes.tokens.region_adaptive_sampling import RegionAdaptiveSampling
from nodes.tokens.token_merging import TokenMerging
from tests.tiny.recorder import Recorder

WIDTH, BLOCKS, SIDE, TEXT, STEPS, ROUNDS = 384, (2, 4), 32, 64, 12, 3
TOKENS = SIDE * SIDE
PATCHES: tuple[Patch[Any], ...] = (
    TaylorSeer(interval=3, order=1, warmup=3),
    DeltaCache(interval=2, share=0.75, boundary=0.5),
    FirstBlockCache(0.6),
    MagCache(1.0, 3, 0.2),
    StepSkip(0.2),
    RegionAdaptiveSampling(0.5, 4, 9, 0.1),
    JustInTimeTokens((0.35, 0.62), (0.4, 0.65), 3, "variance"),
    TokenMerging(0.5, 1),
)
NOT_COUNTED: tuple[Patch[Any], ...] = (
    TaylorSeerModules(3, 1, 3, "all"),
    AttentionBroadcast(2, 6, 0.15, 0.85),
    MemorySlicing(7),
)


def random_flux() -> tuple[Model, NoGuidance]:
    """Make a random Flux that works on 1024 image tokens and 64 text tokens."""
    torch.manual_seed(0)
    module = FluxTransformer2DModel(
        in_channels=64,
        num_layers=BLOCKS[0],
        num_single_layers=BLOCKS[1],
        num_attention_heads=WIDTH // 64,
        attention_head_dim=64,
        joint_attention_dim=64,
        pooled_projection_dim=32,
        axes_dims_rope=(16, 24, 24),
    )
    prompt = Conditioning(torch.randn(1, TEXT, 64), torch.randn(1, 32), FLUX.name)
    return Model(module.eval().requires_grad_(False), FLUX), NoGuidance(prompt)


def seconds(model: Model, guider: NoGuidance) -> tuple[float, Mapping[str, Any]]:
    """Return the CPU time (s) of a run, and what its technique reported."""
    watcher, started = Recorder(), time.process_time()
    sigmas = Sigmas(tuple(1 - step / STEPS for step in range(STEPS + 1)))
    empty: Tensor = torch.zeros(1, 16, 2 * SIDE, 2 * SIDE)
    Sampling(model, guider, Euler(), sigmas).run(Latent(empty, FLUX.name), 0, watcher)
    return time.process_time() - started, watcher.reports[0] if watcher.reports else {}


def block(image: int, keys: int) -> float:
    """Return the multiplications of a block on `image` tokens and the text, with `keys` image keys."""
    rows = image + TEXT
    return 12 * WIDTH**2 * rows + 2 * WIDTH * rows * (keys + TEXT)


def work_left(report: Mapping[str, Any]) -> float:
    """Return the share of the blocks' multiplications that a run still does, from its report."""
    whole, blocks = block(TOKENS, TOKENS), sum(BLOCKS)
    if "grid" in report:
        return sum(row.count("c") for row in report["grid"]) / (blocks * STEPS)
    keeps_keys = report["technique"] == "region_adaptive_sampling"
    dense = 1 if report["technique"] == "token_merging" else 0
    counts = report["tokens_by_call"]
    some = sum(block(count, TOKENS if keeps_keys else count) for count in counts)
    return (dense * whole * len(counts) + (blocks - dense) * some) / (blocks * whole * STEPS)


def measured(model: Model, guider: NoGuidance, patch: Patch[Any]) -> tuple[float, Mapping[str, Any]]:
    """Return the speed-up, the median of runs that take turns with plain ones, and the report."""
    ratios, report = [], {}
    for _ in range(ROUNDS):
        plain, _ = seconds(model, guider)
        patched, report = seconds(model.with_patch(patch), guider)
        ratios.append(plain / patched)
    return median(ratios), report


def on_large(show: Callable[[Patch[Any]], str]) -> Iterator[str]:
    """Compare measured speed-up with the count of skipped work."""
    model, guider = random_flux()
    seconds(model, guider)
    yield "| technique | work left, counted | speed-up, counted | speed-up, measured | off by |"
    yield "|---|---|---|---|---|"
    for patch in PATCHES:
        speed_up, report = measured(model, guider, patch)
        left = work_left(report)
        off = speed_up * left - 1
        yield f"| {show(patch)} | {left:.0%} | {1 / left:.2f} | {speed_up:.2f} | {off:+.0%} |"
    for patch in NOT_COUNTED:
        speed_up, _ = measured(model, guider, patch)
        yield f"| {show(patch)} | | | {speed_up:.2f} | |"

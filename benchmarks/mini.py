"""Quality against cost on the embedded model, for every technique, beside simply fewer steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from time import process_time
from typing import Any

import torch

from app.engine.imaging.judge import Judge, open_judge
from app.engine.imaging.metrics import latent_error, psnr
from app.engine.media import Image, Latent
from app.engine.model import Model, Patch
from app.engine.report import share_saved
from app.engine.reuse.magnitudes import MagnitudeRatios, MeasureMagnitudes
from app.engine.reuse.router import RouterTraining
from app.engine.sampling import Sampling, Sigmas
from app.engine.weights.loading import Loaded, load_folder
from models.mini.training.sampling import hold_out
from nodes.attention.adaptive_sparse_attention import AdaptiveSparseAttention
from nodes.attention.clear_window import ClearWindow
from nodes.attention.group_attention import GroupAttention
from nodes.attention.kv_pooling import KvPooling
from nodes.attention.piecewise_sparse_attention import PiecewiseSparseAttention
from nodes.attention.reshaped_sparse_attention import ReshapedSparseAttention
from nodes.attention.sparse_videogen2 import SparseVideogen2
from nodes.caching.attention_broadcast import AttentionBroadcast
from nodes.caching.delta_cache import DeltaCache
from nodes.caching.first_block_cache import FirstBlockCache
from nodes.caching.guidance_cache import GuidanceCache
from nodes.caching.harmonica import HarmoniCa
from nodes.caching.mag_cache import MagCache
from nodes.caching.residual_cfg import ResidualCfg
from nodes.caching.step_skip import StepSkip
from nodes.caching.taylor_seer import TaylorSeer
from nodes.caching.taylor_seer_modules import TaylorSeerModules
from nodes.guidance.cfg import Cfg
from nodes.samplers.euler import Euler
from nodes.tokens.just_in_time_tokens import JustInTimeTokens
from nodes.tokens.region_adaptive_sampling import RegionAdaptiveSampling
from nodes.tokens.token_merging import TokenMerging
from tests.tiny.recorder import ROOT, Recorder

PROMPTS, STEPS, SCALE = 16, 20, 3.0
FEWER = (16, 13, 10, 8, 6, 5, 4, 3)
COUNTED = (DeltaCache, FirstBlockCache, GuidanceCache, MagCache, ResidualCfg, StepSkip, TaylorSeer)
"""Techniques that report blocks or calls, which is nearly all the work; others report a part of a block."""
LEARN_PROMPTS, LEARN_ITERATIONS = 2, 40  # from another seed than the prompts that are judged


@dataclass(frozen=True)
class Sampled:
    """What a model made of one prompt: latent, CPU time (s), and what its techniques say they saved."""

    latent: torch.Tensor
    seconds: float
    saved: tuple[float, ...]


@dataclass(frozen=True)
class Result:
    """What a model made of all prompts: latents, pictures, CPU time over plain runs', share of work saved."""

    latents: torch.Tensor
    pictures: torch.Tensor
    time: float
    saved: float


@dataclass(frozen=True)
class Score:
    """Time over the plain run's, error against it, PSNR (dB), and the judge: facts and pictures all right."""

    time: float
    error: float
    psnr: float
    facts: float
    all_right: float


class Mini:
    """The embedded model, its judge, prompts that no training saw, and what it makes of them plainly."""

    def __init__(self) -> None:
        loaded: Loaded = load_folder(ROOT / "models" / "mini")
        self.model, self.vae, self.encoder = loaded.model, loaded.vae, loaded.text_encoder
        self.judge: Judge = open_judge(ROOT / "models" / "judges" / "mini")
        _, self.prompts = hold_out(PROMPTS)
        empty = self.encoder.encode([""])
        self.guiders = [Cfg(self.encoder.encode([prompt]), empty, SCALE) for prompt in self.prompts]
        width, height = (size // self.model.family.latent.downscale for size in self.model.native_size)
        self.shape = (1, self.model.channels, height, width)
        self.sample(self.model, 2, 0)
        self.reference = self.run(self.model, STEPS)

    def run(self, model: Model, steps: int) -> Result:
        """Sample every prompt by itself, each right after a plain run of the same; the seed is its number."""
        made, usual = [], 0.0
        for seed in range(PROMPTS):
            usual += self.sample(self.model, STEPS, seed).seconds
            made.append(self.sample(model, steps, seed))
        latents = torch.cat([sampled.latent for sampled in made])
        pictures = self.vae.decode(Latent(latents, model.family.name)).pixels
        shares = [share for sampled in made for share in sampled.saved]
        time = sum(sampled.seconds for sampled in made) / usual
        return Result(latents, pictures, time, sum(shares) / max(1, len(shares)))

    def sample(self, model: Model, steps: int, seed: int) -> Sampled:
        """Sample one prompt; decoding is not timed."""
        sigmas = Sigmas(tuple(1 - step / steps for step in range(steps + 1)))
        watcher, empty = Recorder(), Latent(torch.zeros(self.shape), model.family.name)
        started = process_time()
        made = Sampling(model, self.guiders[seed], Euler(), sigmas).run(empty, seed, watcher)
        seconds = process_time() - started
        saved = tuple(share for report in watcher.reports if (share := share_saved(report)) is not None)
        return Sampled(made.samples, seconds, saved)

    def score(self, result: Result) -> Score:
        """Judge a result."""
        image, reference = Image(result.pictures), Image(self.reference.pictures)
        shares = self.judge.accuracy(image, self.prompts)
        return Score(
            result.time,
            latent_error(result.latents, self.reference.latents),
            psnr(image, reference),
            sum(shares) / len(shares),
            sum(share == 1 for share in shares) / len(shares),
        )

    def learned(self, sparsity: float) -> HarmoniCa:
        _, prompts = hold_out(LEARN_PROMPTS, seed=7)
        training = RouterTraining(self.model, self.encoder.encode(prompts), STEPS, sparsity, 0.2, seed=0)
        with torch.enable_grad():
            router = training.learn((LEARN_PROMPTS, *self.shape[1:]), LEARN_ITERATIONS, lambda done: None)
        return HarmoniCa(router, 0.1)

    def ratios(self) -> MagnitudeRatios:
        found: list[float] = []
        measuring = self.model.with_patch(MeasureMagnitudes(found))
        sigmas = Sigmas(tuple(1 - step / STEPS for step in range(STEPS + 1)))
        guider = Cfg(self.encoder.encode(["a red circle"]), self.encoder.encode([""]), SCALE)
        empty = Latent(torch.zeros(self.shape), self.model.family.name)
        Sampling(measuring, guider, Euler(), sigmas).run(empty, 99, Recorder())
        return MagnitudeRatios(tuple(found))

    def patches(self) -> Iterator[Patch[Any]]:
        """Yield every technique at some settings."""
        yield from (FirstBlockCache(threshold) for threshold in (0.1, 0.2, 0.4))
        yield FirstBlockCache(0.3, accumulate=True)
        yield from (StepSkip(threshold) for threshold in (0.1, 0.25))
        settings = ((2, 0), (2, 1), (3, 0), (3, 1), (3, 2), (5, 1))
        yield from (TaylorSeer(interval, order, 3) for interval, order in settings)
        ratios = self.ratios()
        yield from (MagCache(threshold, 3, 0.2, ratios) for threshold in (0.06, 0.2))
        yield MagCache(0.2, 3, 0.2)
        yield from (GuidanceCache(interval, 0.2, 1.0) for interval in (2, 5))
        yield ResidualCfg(1.0)
        yield DeltaCache(2, 0.75, 0.5)
        yield from (TaylorSeerModules(interval, 1, 3, "all") for interval in (2, 3))
        yield AttentionBroadcast(2, 6, 0.15, 0.85)
        yield self.learned(0.01)
        yield JustInTimeTokens((0.35, 0.62), (0.4, 0.65), 3, "variance")
        yield RegionAdaptiveSampling(0.5, 4, 9, 0.1)
        yield TokenMerging(0.25, 1)
        yield KvPooling(2, 2)
        yield ClearWindow(4)
        yield GroupAttention(2, 1)
        yield from (PiecewiseSparseAttention(0.5, 2, order, 0) for order in (0, 1))
        yield AdaptiveSparseAttention(0.5, 2, 4, 8, True)
        yield ReshapedSparseAttention(0.5, 4, 5, 0.04)
        yield SparseVideogen2(8, 16, 0.8, 0.1, 0.2, 1)


def on_mini(show: Callable[[Patch[Any]], str], drawing: Path) -> Iterator[str]:
    """Set each technique beside what simply fewer steps make of the same time; draw all of it."""
    mini = Mini()
    line = {STEPS: mini.score(mini.reference)}
    yield "| plain steps | time | latent error | PSNR (dB) | facts right | all right |"
    yield "|---|---|---|---|---|---|"
    yield f"| {STEPS} | {cells(line[STEPS])} |"
    for steps in FEWER:
        line[steps] = mini.score(mini.run(mini.model, steps))
        yield f"| {steps} | {cells(line[steps])} |"
    yield ""
    heads = "saved | time | latent error | PSNR (dB) | facts right | all right | by count | by time"
    yield f"| technique | {heads} |"
    yield "|---|---|---|---|---|---|---|---|---|"
    found: list[tuple[str, Score]] = []
    by_time = [(score.time, score.error) for score in line.values()]
    by_count = [(steps / STEPS, score.error) for steps, score in line.items()]
    for patch in mini.patches():
        result = mini.run(mini.model.with_patch(patch), STEPS)
        score = mini.score(result)
        found.append((show(patch), score))
        counted = against(score.error, by_count, 1 - result.saved) if isinstance(patch, COUNTED) else ""
        timed = against(score.error, by_time, score.time)
        yield f"| {show(patch)} | {result.saved:.0%} | {cells(score)} | {counted} | {timed} |"
    drawing.write_text(drawn(list(line.values()), found), encoding="utf-8")


def cells(score: Score) -> str:
    shown = "" if score.psnr == float("inf") else f"{score.psnr:.1f}"
    return f"{score.time:.2f} | {score.error:.3f} | {shown} | {score.facts:.3f} | {score.all_right:.2f}"


def against(error: float, line: list[tuple[float, float]], cost: float) -> str:
    """Say whether fewer steps of the same cost are nearer, and what error they have."""
    if cost >= 1:
        return "no gain"
    other = interpolated(line, cost)
    return f"{'better' if error < other else 'worse'} ({other:.3f})"


def interpolated(line: list[tuple[float, float]], cost: float) -> float:
    """Return the error of fewer steps at a cost between the measured ones."""
    for (lower, worse), (higher, better) in pairwise(sorted(line)):
        if cost <= higher:
            share = max(0.0, (cost - lower) / (higher - lower))
            return worse + share * (better - worse)
    return 0.0


def drawn(line: list[Score], found: list[tuple[str, Score]]) -> str:
    """Return an SVG: error over time, the line of fewer steps, and a named dot for each technique."""
    from app.measure.plot import FEWER as GREY
    from app.measure.plot import OURS, Frame, picture

    inside = [(name, score) for name, score in found if score.time < 1.2]
    frame = Frame(1.2, max(score.error for score in line))
    dots = [
        frame.dot(score.time, min(score.error, frame.error), OURS, name.strip("`").split("(")[0])
        for name, score in inside
    ]
    points = [(score.time, score.error) for score in sorted(line, key=lambda score: score.time)]
    return picture([*frame.axes(), frame.line(points, GREY), *dots]) + "\n"

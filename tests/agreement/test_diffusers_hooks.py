"""The same caches in diffusers, on the same weights at the same settings, give the same latents."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
import torch
from diffusers import FirstBlockCacheConfig, TaylorSeerCacheConfig
from diffusers.hooks import MagCacheConfig
from torch import Tensor

from app.engine.reuse.magnitudes import MagnitudeRatios
from nodes.caching.first_block_cache import FirstBlockCache
from nodes.caching.mag_cache import MagCache
from nodes.caching.taylor_seer_modules import TaylorSeerModules, Which
from tests.tiny.recorder import Recorder
from tests.tiny.runs import close
from tests.tiny.walks import one_thread, walk  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import build

STEPS = 10
MODULES = {
    "attention": None,  # what diffusers hooks when told nothing
    "all": [r"transformer_blocks\.\d+\.(attn|ff|ff_context)", r"single_transformer_blocks\.\d+\.attn"],
}


def hooked(config: Any) -> Tensor:
    """Return what the tiny Flux makes with a cache of diffusers on it."""
    model = build("flux")
    module: Any = deepcopy(model.module)
    module.enable_cache(config)
    with module.cache_context("cond"):
        return walk(replace(model, module=module), STEPS)


def skipped(rows: list[str]) -> int:
    return sum(set(row[1:]) == {"r"} for row in rows)


@pytest.mark.parametrize("threshold", [0.2, 0.3, 0.4])
def test_first_block_cache(threshold: float) -> None:
    watcher = Recorder()
    ours = walk(build("flux").with_patch(FirstBlockCache(threshold)), STEPS, watcher=watcher)
    assert close(ours, hooked(FirstBlockCacheConfig(threshold)), 1e-5)
    assert 0 < skipped(watcher.reports[0]["grid"]) < STEPS - 1


@pytest.mark.parametrize("modules", MODULES)
@pytest.mark.parametrize("order", range(4))
def test_taylor_seer(order: int, modules: Which) -> None:
    """At an interval of 2 both compute at the same steps."""
    config = TaylorSeerCacheConfig(
        cache_interval=2,
        disable_cache_before_step=3,
        max_order=order,
        taylor_factors_dtype=torch.float32,
        cache_identifiers=MODULES[modules],
    )
    ours = walk(build("flux").with_patch(TaylorSeerModules(2, order, 3, modules)), STEPS)
    assert close(ours, hooked(config), 1e-5)
    assert not close(ours, walk(build("flux"), STEPS), 1e-4)


class AtTheirSteps(TaylorSeerModules):
    """Ours, computing at the steps of diffusers, which counts its intervals from one after the warm-up."""

    def computes(self, index: int) -> bool:
        return index < self.warmup or (index - self.warmup - 1) % self.interval == 0


@pytest.mark.parametrize(("interval", "order"), [(3, 1), (4, 2), (5, 3)])
def test_taylor_seer_at_longer_intervals(interval: int, order: int) -> None:
    config = TaylorSeerCacheConfig(
        cache_interval=interval,
        disable_cache_before_step=4,
        max_order=order,
        taylor_factors_dtype=torch.float32,
        cache_identifiers=MODULES["all"],
    )
    ours = walk(build("flux").with_patch(AtTheirSteps(interval, order, 4, "all")), STEPS)
    assert close(ours, hooked(config), 1e-5)


@pytest.mark.parametrize(("threshold", "max_skip"), [(0.06, 3), (0.3, 2), (1.0, 5)])
def test_mag_cache(threshold: float, max_skip: int) -> None:
    ratios = (1.0, 1.2, 1.1, 1.02, 1.01, 0.99, 1.03, 0.97, 0.9, 0.8)
    config = MagCacheConfig(
        threshold=threshold, max_skip_steps=max_skip, num_inference_steps=STEPS, mag_ratios=list(ratios)
    )
    watcher = Recorder()
    patch = MagCache(threshold, max_skip, 0.2, MagnitudeRatios(ratios))
    ours = walk(build("flux").with_patch(patch), STEPS, watcher=watcher)
    assert close(ours, hooked(config), 1e-5)
    assert 0 < skipped(watcher.reports[0]["grid"]) < STEPS - 1

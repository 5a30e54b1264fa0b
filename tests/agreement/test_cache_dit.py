"""Caches of cache-dit, on the same weights at the same settings, give the same latents.

On a whole model its TaylorSeer always runs a first block before it forecasts the rest, and no setting of it
is ours; so its steps and forecasts are put where ours are, at each module.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import pytest
from torch import Tensor

from app.engine.model import Patch
from app.engine.sites import Arguments
from app.engine.sites import Part as Place
from app.engine.step import Step
from nodes.caching.first_block_cache import FirstBlockCache
from nodes.caching.taylor_seer_modules import TaylorSeerModules
from tests.tiny.recorder import Recorder
from tests.tiny.runs import close
from tests.tiny.walks import one_thread, walk  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import build

STEPS = 10


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    """Not while tests are collected: every process does that, and the import takes seconds."""
    pytest.importorskip("cache_dit", reason="cache-dit is only here to compare with")


def hooked(family: str, threshold: float) -> Tensor:
    """Return what a tiny model makes with cache-dit on it: one block, then decide."""
    import cache_dit

    model = build(family)
    module: Any = deepcopy(model.module)
    blocks = cache_dit.BlockAdapter(
        transformer=module,
        blocks=module.transformer_blocks,
        forward_pattern=cache_dit.ForwardPattern.Pattern_1,
        has_separate_cfg=False,
    )
    config = cache_dit.DBCacheConfig(
        Fn_compute_blocks=1,
        Bn_compute_blocks=0,
        max_warmup_steps=0,
        residual_diff_threshold=threshold,
        num_inference_steps=STEPS,
    )
    cache_dit.enable_cache(blocks, cache_config=config)
    return walk(replace(model, module=module), STEPS)


@pytest.mark.parametrize("threshold", [0.3, 0.4, 0.5])
def test_first_block_cache(threshold: float) -> None:
    watcher = Recorder()
    ours = walk(build("qwen-image").with_patch(FirstBlockCache(threshold)), STEPS, watcher=watcher)
    assert close(ours, hooked("qwen-image", threshold), 1e-5)
    assert 0 < watcher.reports[0]["grid"].count("crr") < STEPS - 1


@dataclass(frozen=True)
class Theirs(Patch[dict[Place, Any]]):
    """The steps and the forecasts of cache-dit for what each module returns."""

    interval: int
    order: int
    warmup: int

    def new_memory(self) -> dict[Place, Any]:
        return {}

    def wrap_module(
        self,
        step: Step,
        memory: dict[Place, Any],
        part: Place,
        given: Arguments,
        call: Callable[[Arguments], Any],
    ) -> Any:
        from cache_dit.caching.cache_contexts.calibrators.taylorseer import TaylorSeerState

        seers = memory.setdefault(
            part, [TaylorSeerState(self.order, self.warmup, self.interval) for _ in range(2)]
        )
        for seer in seers:
            seer.mark_step_begin()
        if not seers[0].should_compute():
            known = [seer.approximate() for seer in seers if seer.state["dY_current"][0] is not None]
            return tuple(known) if len(known) > 1 else known[0]
        output = call(given)
        for seer, value in zip(seers, output if isinstance(output, tuple) else (output,), strict=False):
            seer.update(value)
        return output


@pytest.mark.parametrize(("interval", "order"), [(2, 1), (3, 1), (3, 2), (5, 0)])
def test_taylor_seer(interval: int, order: int) -> None:
    ours = walk(build("flux").with_patch(TaylorSeerModules(interval, order, 4, "all")), STEPS)
    theirs = walk(build("flux").with_patch(Theirs(interval, order, 4)), STEPS)
    assert close(ours, theirs, 1e-5)
    assert not close(ours, walk(build("flux"), STEPS), 1e-4)

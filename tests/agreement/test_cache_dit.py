"""First block cache of cache-dit, on the same weights at the same threshold, gives the same latents.

Its TaylorSeer always runs a first block before it forecasts the rest: no setting of it is ours.
"""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from torch import Tensor

from nodes.caching.first_block_cache import FirstBlockCache
from tests.tiny.recorder import Recorder
from tests.tiny.runs import close
from tests.tiny.walks import one_thread, walk  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import build

cache_dit = pytest.importorskip("cache_dit", reason="cache-dit is only here to compare with")
STEPS = 10


def hooked(family: str, threshold: float) -> Tensor:
    """Return what a tiny model makes with cache-dit on it: one block, then decide."""
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

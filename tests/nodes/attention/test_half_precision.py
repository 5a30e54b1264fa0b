"""Every attention technique in bfloat16: what models are run in, and where types mix by mistake."""

from dataclasses import replace

import pytest
import torch

from app.engine.sites import Heads, dense
from app.engine.step import Step
from app.engine.tokens import Layout
from tests.contracts.techniques import TECHNIQUES
from tests.nodes.attention.masked import JOINT, attend, operands

OF_TOKENS = {"region_adaptive_sampling"}  # works around attention, not on it
NAMES = sorted(
    {name for name in TECHNIQUES if TECHNIQUES[name].active.claims & {"attention", "scale"}} - OF_TOKENS
)
LAYOUT = Layout((1, 6, 8), 5)


def half(heads: Heads) -> Heads:
    mask = heads.mask if heads.mask is None or heads.mask.dtype == torch.bool else heads.mask.bfloat16()
    query, key, value = (x.bfloat16() for x in (heads.query, heads.key, heads.value))
    return replace(heads, query=query, key=key, value=value, mask=mask)


@pytest.mark.parametrize("masked", ["", "boolean", "added"])
@pytest.mark.parametrize("name", NAMES)
def test_it_computes_in_half_precision_what_it_computes_in_single(name: str, masked: str) -> None:
    extra = torch.randn(1, 1, 1, 53, generator=torch.Generator().manual_seed(7))
    heads = operands(53, extra={"": None, "boolean": extra > -1.5, "added": extra}[masked])
    patch = TECHNIQUES[name].active
    single, low = patch.new_memory(), patch.new_memory()
    for step in range(3):
        place = Step(step, 4, 0.5, "cond", 0, LAYOUT)
        wanted = patch.wrap_attention(place, single, JOINT, heads, attend)
        found = patch.wrap_attention(place, low, JOINT, half(heads), attend)
        assert found.dtype == torch.bfloat16
        assert float((found.float() - wanted).norm() / wanted.norm()) < 0.2
        assert float((wanted - dense(heads)).norm() / wanted.norm()) < 1

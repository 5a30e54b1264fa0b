from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch

from app.engine.model import Patch
from app.engine.reuse.expansion import Expansion, expand
from app.engine.sites import Block
from app.engine.step import Step
from app.engine.tokens import Tokens
from nodes.caching.taylor_seer import TaylorSeer, taylor_seer
from nodes.samplers.heun import Heun
from tests.nodes.caching.toy import Toy, dense, same
from tests.tiny.recorder import Recorder
from tests.tiny.runs import close
from tests.tiny.walks import walk
from tests.tiny.zoo import ZOO, build


@dataclass
class Memory:
    expansions: dict[Block, Expansion[Tokens]] = field(default_factory=dict)


@dataclass(frozen=True)
class BlockByBlock(Patch[Memory]):
    """The paper's way: an expansion for each block."""

    like: TaylorSeer

    def new_memory(self) -> Memory:
        return Memory()

    def wrap_block(
        self, step: Step, memory: Memory, block: Block, tokens: Tokens, call: Callable[[Tokens], Tokens]
    ) -> Tokens:
        if not block.in_trunk:
            return call(tokens)
        known = memory.expansions.get(block)
        if known and not self.like.computes(step.index):
            return tokens + known.forecast(step.index)
        after = call(tokens)
        memory.expansions[block] = expand(known, step.index, after - tokens, self.like.order)
        return after


@pytest.mark.parametrize("family", ZOO)
def test_one_forecast_of_the_sum_equals_one_for_each_block(family: str) -> None:
    model, patch = build(family), TaylorSeer(3, 2, 3)
    assert close(walk(model.with_patch(patch), 8), walk(model.with_patch(BlockByBlock(patch)), 8))


@pytest.mark.parametrize("interval", [2, 3, 5])
def test_order_one_is_exact_where_blocks_add_affinely_in_the_step(interval: int) -> None:
    def adds(index: int, depth: int) -> float:
        return 0.5 * depth - 0.1 * (depth + 1) * index

    assert same(Toy(TaylorSeer(interval, 1, 2), adds).walk(12), dense(adds, 12))


def test_order_two_follows_backward_differences() -> None:
    """For s ** 2 at a spacing of h, a step x further they give (s + x) ** 2 - h * x."""
    expansion, spacing = None, 3
    for step in (0, 3, 6, 9):
        expansion = expand(expansion, step, number(step**2), 2)
    assert expansion
    for x in range(1, 4):
        assert expansion.forecast(9 + x).image.item() == pytest.approx((9 + x) ** 2 - spacing * x)


def test_order_zero_repeats_bit_by_bit() -> None:
    added = Tokens({"image": torch.randn(1, 4, 8, generator=torch.Generator().manual_seed(0))})
    expansion = expand(expand(None, 0, number(1.0), 0), 4, added, 0)
    assert len(expansion.derivatives) == 1 and expansion.forecast(7).image is added.image


@pytest.mark.parametrize("order", range(4))
def test_memory_holds_one_tensor_more_than_the_order(order: int) -> None:
    expansion = None
    for step in range(6):
        expansion = expand(expansion, step, number(step), order)
    assert expansion and len(expansion.derivatives) == order + 1


@pytest.mark.parametrize(
    ("interval", "warmup", "steps"), [(5, 3, 20), (2, 1, 7), (4, 8, 8), (3, 5, 4), (1, 1, 6)]
)
def test_number_of_computed_steps(interval: int, warmup: int, steps: int) -> None:
    toy = Toy(TaylorSeer(interval, 1, warmup), lambda index, depth: 0.0)
    toy.walk(steps)
    computed = min(warmup, steps) + max(0, steps - warmup) // interval
    assert len(toy.calls) == computed * toy.count
    report = toy.patch.report({"cond": toy.memory})
    assert report and report["skipped_blocks"] == (steps - computed) * toy.count
    assert report["calls_saved"] == pytest.approx(1 - computed / steps)


def test_each_evaluation_of_a_step_has_its_own_history() -> None:
    model, watcher = build("flux"), Recorder()
    result = walk(model.with_patch(TaylorSeer(2, 2, 1)), 6, watcher=watcher, sampler=Heun())
    assert result.isfinite().all()
    assert [row[0] for row in watcher.reports[0]["grid"]] == list("ccppccppccp")


def test_the_node_has_the_values_of_the_paper() -> None:
    assert taylor_seer(build("flux")).patches == (TaylorSeer(interval=5, order=1, warmup=3),)


def number(value: float) -> Tokens:
    return Tokens({"image": torch.full((1, 1, 1), float(value))})


def test_report_of_a_run_that_ended_before_the_trunk() -> None:
    patch: Patch[Any] = TaylorSeer(2, 1, 1)
    report = patch.report({"cond": patch.new_memory()})
    assert report and report["calls_saved"] == 0 and report["grid"] == []

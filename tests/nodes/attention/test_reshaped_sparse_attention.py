from dataclasses import replace

import pytest
import torch
from torch import Tensor

from app.engine.sites import Heads, dense
from app.engine.step import Step
from app.engine.tokens import Layout
from nodes.attention.reshaped_sparse_attention import (
    Memory,
    ReshapedSparseAttention,
    reshaped_sparse_attention,
    windows,
)
from tests.nodes.attention.masked import JOINT, attend
from tests.tiny.recorder import Recorder
from tests.tiny.runs import close, run
from tests.tiny.walks import walk
from tests.tiny.zoo import build

LAYOUT = Layout((1, 5, 7), 4)


def operands(seed: int = 5) -> Heads:
    random = torch.Generator().manual_seed(seed)
    return Heads(*(torch.randn(2, n, 39, 8, generator=random) for n in (4, 2, 2)))


def ask(
    patch: ReshapedSparseAttention, step: int, heads: Heads, memory: Memory, evaluation: int = 0
) -> Tensor:
    place = Step(step, 9, 1.0, "cond", evaluation, LAYOUT)
    return patch.wrap_attention(place, memory, JOINT, heads, attend)


@pytest.mark.parametrize("sparsity", [0.3, 0.8, 0.99])
def test_right_after_a_full_step_nothing_is_missing(sparsity: float) -> None:
    patch, heads = ReshapedSparseAttention(sparsity, 2, 3, 0.1), operands()
    memory = patch.new_memory()
    for step in range(4):
        assert close(ask(patch, step, heads, memory), dense(heads))
    assert not close(ask(patch, 4, heads, memory), dense(heads)), "the share has grown"
    assert close(ask(patch, 5, heads, memory), dense(heads))


def test_a_sparse_step_is_the_formula() -> None:
    patch, old, new = ReshapedSparseAttention(0.7, 0, 4, 0.05), operands(), operands(seed=6)
    memory, window = patch.new_memory(), windows(LAYOUT, "joint", 0.7, torch.device("cpu")).mask()
    ask(patch, 0, old, memory)

    def paid(heads: Heads) -> Tensor:
        own = heads.with_own_keys()
        return (own.query @ own.key.mT * own.factor).softmax(-1)

    share = (paid(old) * window).sum(-1, keepdim=True)
    near = dense(old.with_own_keys().with_mask(window))
    rest = dense(old) - share * near
    windowed = dense(new.with_own_keys().with_mask(window))
    assert close(ask(patch, 1, new, memory), share * windowed + rest)
    grown = (share + 0.05).clamp(max=1)
    assert close(ask(patch, 2, new, memory), grown * windowed + rest)
    assert (share > 0).all() and (share <= 1 + 1e-6).all()


def test_the_window_is_a_band_beside_the_text() -> None:
    """35 image tokens in blocks of 2, the last of 1: one block to each side is 3 of 18, a sixth."""
    mask = windows(LAYOUT, "joint", 5 / 6, torch.device("cpu")).mask()[0, 0]
    at = torch.arange(35) // 2
    assert torch.equal(mask[4:, 4:], (at[:, None] - at[None]).abs() <= 1)
    assert mask[:4].all() and mask[:, :4].all()


def test_each_evaluation_of_a_solver_keeps_its_own() -> None:
    patch, memory = ReshapedSparseAttention(0.7, 0, 4, 0.0), Memory()
    one, other = operands(), operands(seed=6)
    for evaluation, heads in enumerate((one, other)):
        ask(patch, 0, heads, memory, evaluation)
    assert close(ask(patch, 1, one, memory, 0), dense(one))
    assert close(ask(patch, 1, other, memory, 1), dense(other))


def test_a_full_step_that_a_cache_left_out_is_made_up_for() -> None:
    patch, heads, memory = ReshapedSparseAttention(0.7, 1, 3, 0.0), operands(), Memory()
    assert close(ask(patch, 2, heads, memory), dense(heads))
    other = operands(seed=6)
    assert close(ask(patch, 5, other, memory), dense(other)), "step 4 was due"


def test_density_is_the_closed_form() -> None:
    """6 x 8 tokens in 16 blocks of 3, one to each side: 46 of 256 pairs; two of four steps are full."""
    watcher = Recorder()
    walk(build("flux").with_patch(ReshapedSparseAttention(0.8, 0, 2, 0.04)), 4, watcher=watcher)
    sparse = (5 * 53 + 48 * 5 + 46 * 9) / 53**2
    assert watcher.reports[0]["density"] == pytest.approx((1 + sparse) / 2)


def test_full_steps_only_change_nothing_and_report_nothing() -> None:
    model, watcher = build("flux"), Recorder()
    assert torch.equal(run(model.with_patch(ReshapedSparseAttention(0.8, 4, 5, 0.04)), watcher), run(model))
    assert watcher.reports == []


def test_the_node_has_the_values_of_the_paper() -> None:
    expected = ReshapedSparseAttention(sparsity=0.85, full_until=5, interval=5, growth=0.04)
    assert reshaped_sparse_attention(build("flux")).patches == (replace(expected),)

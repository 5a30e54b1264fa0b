from dataclasses import replace

import pytest
import torch
from torch import Tensor

from app.engine.attention.block_sparse import attend_all
from app.engine.attention.partition import tiles
from app.engine.sites import Heads, dense
from app.engine.step import Step
from app.engine.tokens import Layout
from nodes.attention.adaptive_sparse_attention import (
    AdaptiveSparseAttention,
    Memory,
    adaptive_sparse_attention,
    budgets,
    masses,
)
from tests.nodes.attention.masked import JOINT, attend
from tests.tiny.recorder import Recorder
from tests.tiny.runs import close, run
from tests.tiny.walks import walk
from tests.tiny.zoo import build

LAYOUT = Layout((1, 5, 7), 4)
IMAGE_ROWS = slice(4, 39)


def operands(key_heads: int = 2) -> Heads:
    random = torch.Generator().manual_seed(5)
    return Heads(*(2 * torch.randn(2, n, 39, 8, generator=random) for n in (4, key_heads, key_heads)))


def ask(patch: AdaptiveSparseAttention, step: int, heads: Heads, memory: Memory) -> Tensor:
    return patch.wrap_attention(Step(step, 9, 1.0, "cond", 0, LAYOUT), memory, JOINT, heads, attend)


def plain_masses(heads: Heads) -> Tensor:
    """Sum the whole attention matrix tile by tile."""
    own = heads.with_own_keys()
    scores = own.query @ own.key.mT * own.factor
    paid = (scores if own.mask is None else scores.masked_fill(~own.mask, float("-inf"))).softmax(-1)
    cut = tiles(LAYOUT.positions(), 2)
    member = torch.zeros(12, 35).index_put((cut.labels[0, 0], cut.order[0, 0]), torch.ones(()))
    return member @ paid[:, :, IMAGE_ROWS, IMAGE_ROWS] @ member.T


@pytest.mark.parametrize("key_heads", [4, 2])
@pytest.mark.parametrize("masked", [False, True])
def test_masses_are_those_of_the_whole_attention_matrix(key_heads: int, masked: bool) -> None:
    heads = operands(key_heads)
    if masked:
        heads = replace(
            heads, mask=torch.rand(2, 1, 39, 39, generator=torch.Generator().manual_seed(2)) > 0.1
        )
    found = masses(heads, attend_all(heads).log_sum, tiles(LAYOUT.positions(), 2), IMAGE_ROWS)
    assert close(found, plain_masses(heads))


def test_masses_of_a_tile_add_up_to_its_rows_where_there_is_no_text() -> None:
    layout, heads = Layout((1, 5, 7), 0), operands()
    picture = Heads(*(x[:, :, IMAGE_ROWS] for x in (heads.query, heads.key, heads.value)))
    cut = tiles(layout.positions(), 2)
    found = masses(picture, attend_all(picture).log_sum, cut, slice(0, 35))
    assert close(found.sum(-1), cut.sizes.expand(2, 4, -1).float())


@pytest.mark.parametrize("head_adaptive", [True, False])
def test_between_searches_the_heaviest_tiles_are_computed(head_adaptive: bool) -> None:
    patch, heads = AdaptiveSparseAttention(0.7, 2, 2, 3, head_adaptive), operands()
    memory = patch.new_memory()
    for step in (0, 1, 2):
        assert close(ask(patch, step, heads, memory), dense(heads))
    moved = replace(heads, query=heads.query + 0.1)
    keep = patch.chosen(plain_masses(heads))
    assert keep.sum() == 2 * 4 * 12 * 4, "0.3 of 12 is 4, rounded up, however heads share it"
    pattern = memory.found[JOINT].pattern
    assert torch.equal(pattern.keep[..., :12, :12], keep)
    masked = dense(moved.with_own_keys().with_mask(pattern.mask()))
    assert close(ask(patch, 3, moved, memory), masked) and close(ask(patch, 4, moved, memory), masked)
    assert close(ask(patch, 5, moved, memory), dense(moved)), "the next search"
    assert memory.found[JOINT].step == 5


def test_a_search_that_a_cache_left_out_is_made_up_for() -> None:
    patch, heads = AdaptiveSparseAttention(0.7, 2, 1, 3, True), operands()
    memory = patch.new_memory()
    assert close(ask(patch, 2, heads, memory), dense(heads))
    assert memory.found[JOINT].step == 2
    ask(patch, 6, heads, memory)
    assert memory.found[JOINT].step == 6, "step 4 was due"


def test_a_larger_budget_finds_more() -> None:
    mass = plain_masses(operands())

    def found(sparsity: float) -> Tensor:
        keep = AdaptiveSparseAttention(sparsity, 2, 0, 1, False).chosen(mass)
        return (mass * keep).sum((-1, -2)) / mass.sum((-1, -2))

    assert (found(0.9) < found(0.6)).all() and (found(0.6) < found(0.3)).all()


def test_heads_that_find_much_give_to_those_that_find_little() -> None:
    recall = torch.tensor([[0.95, 0.3, 0.6, 0.7, 0.65]])
    shared = budgets(recall, 6, 12)
    assert shared.tolist() == [[3, 9, 6, 6, 6]] and shared.sum() == 5 * 6
    assert budgets(torch.tensor([[1.0, 0.0]]), 12, 12).tolist() == [[12, 12]], (
        "nothing to give where all is kept"
    )
    assert budgets(torch.tensor([[1.0, 0.0]]), 1, 12).tolist() == [[1, 1]], "every head keeps one"


def test_density_is_the_closed_form() -> None:
    """Of 4 steps one is before the search, one is the search; 6 x 8 tokens in 12 tiles of 4, 3 kept."""
    watcher = Recorder()
    walk(build("flux").with_patch(AdaptiveSparseAttention(0.75, 2, 1, 9, True)), 4, watcher=watcher)
    sparse = (5 * 53 + 48 * (5 + 3 * 4)) / 53**2
    assert watcher.reports[0]["density"] == pytest.approx((2 + 2 * sparse) / 4)


@pytest.mark.parametrize("warmup", [4, 99])
def test_a_warmup_as_long_as_the_run_changes_nothing(warmup: int) -> None:
    model, watcher = build("flux"), Recorder()
    assert torch.equal(
        run(model.with_patch(AdaptiveSparseAttention(0.8, 2, warmup, 1, True)), watcher), run(model)
    )
    assert watcher.reports == []


def test_the_node() -> None:
    expected = AdaptiveSparseAttention(sparsity=0.8, side=8, warmup=10, interval=10, head_adaptive=True)
    assert adaptive_sparse_attention(build("flux")).patches == (expected,)

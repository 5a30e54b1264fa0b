from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from app.engine.attention.block_sparse import attend_blocks
from app.engine.attention.partition import Pattern, tiles, with_text
from app.engine.sites import Heads, dense
from app.engine.tokens import Layout
from app.graph.problem import Refusal
from nodes.attention.piecewise_sparse_attention import (
    Blocks,
    PiecewiseSparseAttention,
    piecewise_sparse_attention,
)
from tests.nodes.attention.masked import IMAGE, JOINT, at, attend
from tests.tiny.recorder import Recorder
from tests.tiny.runs import close, run
from tests.tiny.zoo import build


def operands(length: int, heads: int = 2, key_heads: int = 2, width: int = 8) -> Heads:
    random = torch.Generator().manual_seed(5)
    shapes = heads, key_heads, key_heads
    return Heads(*(torch.randn(2, count, length, width, generator=random) for count in shapes))


def ask(patch: PiecewiseSparseAttention, layout: Layout, heads: Heads) -> Tensor:
    site = JOINT if layout.text else IMAGE
    return patch.wrap_attention(at(layout), patch.new_memory(), site, heads, attend)


def formula(heads: Heads, side: int, layout: Layout, density: float, order: int) -> Tensor:
    """The method's definition for image tokens only, query by query and tile by tile."""
    factor, places = heads.factor, layout.positions()
    names = [tuple(place) for place in (places // torch.tensor([1, side, side])).tolist()]
    blocks = [[at for at, name in enumerate(names) if name == block] for block in sorted(set(names))]
    output = torch.empty_like(heads.query)
    for sample in range(2):
        for head in range(heads.query.shape[1]):
            q, k, v = (x[sample, head].double() for x in (heads.query, heads.key, heads.value))
            means = torch.stack([k[rows].mean(0) for rows in blocks])
            totals = torch.stack([v[rows].sum(0) for rows in blocks])
            slopes = torch.stack([(k[b] - k[b].mean(0)).T @ v[b] for b in blocks])
            sizes = torch.tensor([len(rows) for rows in blocks]).double()
            for asking in blocks:
                scores = factor * means @ q[asking].mean(0) + (slopes.norm(dim=(1, 2)) + 1e-5).log()
                kept = scores.topk(max(1, int(density * len(blocks)))).indices.tolist()
                seen = [row for block in kept for row in blocks[block]]
                rest = [block for block in range(len(blocks)) if block not in kept]
                for row in asking:
                    weights, summary = (
                        (factor * k[seen] @ q[row]).exp(),
                        (factor * means[rest] @ q[row]).exp(),
                    )
                    top = weights @ v[seen] + summary @ totals[rest]
                    dropped = summary @ sizes[rest]
                    if order:
                        top = top + dropped / len(q) * factor * q[row] @ slopes.sum(0)
                    output[sample, head, row] = top / (weights.sum() + dropped)
    return output


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("density", [0.01, 0.3, 0.7])
def test_it_is_the_formula(order: int, density: float) -> None:
    layout, heads = Layout((1, 7, 5), 0), operands(35)
    found = ask(PiecewiseSparseAttention(density, 2, order, 0), layout, heads)
    assert close(found, formula(heads, 2, layout, density, order))


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize(
    "layout", [Layout((1, 8, 8), 0), Layout((2, 7, 9), 5), Layout((1, 6, 10), 4, ("image", "text"))]
)
def test_exact_where_the_keys_of_a_tile_are_equal(layout: Layout, order: int) -> None:
    start = layout.spans("joint")["image"].start
    heads = operands(layout.image + layout.text, 4, 2)
    corners = (layout.positions() // torch.tensor([1, 3, 3])) * torch.tensor([1, 3, 3])
    first = (corners @ torch.tensor([layout.grid[1] * layout.grid[2], layout.grid[2], 1])) + start
    key = heads.key.clone()
    key[:, :, start : start + layout.image] = heads.key[:, :, first]
    heads = replace(heads, key=key)
    assert close(ask(PiecewiseSparseAttention(0.2, 3, order, 0), layout, heads), dense(heads))


def test_the_slope_is_nearer_than_averages_and_these_than_nothing() -> None:
    layout = Layout((1, 16, 16), 0)
    heads = operands(256, width=16)
    exact = dense(heads)

    def error(found: Tensor) -> float:
        return float((found - exact).norm() / exact.norm())

    errors = [error(ask(PiecewiseSparseAttention(0.25, 4, order, 0), layout, heads)) for order in (1, 0)]
    assert errors[0] < errors[1] < error(only_kept(heads, layout))


def only_kept(heads: Heads, layout: Layout) -> Tensor:
    """Forget the dropped tiles altogether."""
    cut = tiles(layout.positions(), 4)
    keep = Blocks.of(heads, cut, slice(0, 256)).best(4)
    return attend_blocks(heads, with_text(Pattern(cut, cut, keep), layout.spans("image"))).output


@pytest.mark.parametrize("order", [0, 1])
def test_nothing_is_left_of_the_series_where_everything_is_kept(order: int) -> None:
    layout, heads = Layout((1, 7, 5), 3), operands(38)
    cut, spans = tiles(layout.positions(), 2), layout.spans("joint")
    keep = torch.ones(2, 2, 12, 12, dtype=torch.bool)
    exact = with_text(Pattern(cut, cut, keep), spans)
    assert close(Blocks.of(heads, cut, spans["image"]).series(heads, exact, keep, order), dense(heads))


def with_key_mask(value: Callable[[Tensor], Tensor]) -> Heads:
    heads = operands(68)
    return replace(heads, mask=value(torch.arange(68) % 5 > 0)[None, None, None])


def test_keys_that_a_mask_drops_count_nowhere() -> None:
    layout, patch = Layout((1, 8, 8), 4), PiecewiseSparseAttention(0.3, 2, 1, 0)
    boolean, added = with_key_mask(lambda keep: keep), with_key_mask(lambda keep: keep.float().log())
    found = ask(patch, layout, boolean)
    assert close(found, ask(patch, layout, added))
    noisy = replace(boolean, value=boolean.value + 100 * ~boolean.mask.permute(0, 1, 3, 2))  # type: ignore[union-attr]
    assert close(found, ask(patch, layout, noisy))


def test_a_mask_that_differs_by_query_is_refused() -> None:
    heads = operands(64).with_mask(torch.ones(64, 64, dtype=torch.bool))
    with pytest.raises(Refusal, match="mask differs by query"):
        ask(PiecewiseSparseAttention(0.3, 2, 1, 0), Layout((1, 8, 8), 0), heads)


def test_density_is_the_closed_form() -> None:
    """6 x 8 tokens in 12 tiles of 4: 3 are kept for each, text sees and is seen by all."""
    watcher = Recorder()
    run(build("flux").with_patch(PiecewiseSparseAttention(0.25, 2, 1, 2)), watcher)
    sparse = (5 * 53 + 48 * (5 + 3 * 4)) / 53**2
    (report,) = watcher.reports
    assert report["density"] == pytest.approx((2 + 3 * sparse) / 5)


def test_a_token_subset_has_tiles_of_its_own() -> None:
    layout = Layout((1, 6, 6), 0, active=torch.arange(0, 36, 3))
    heads = operands(12)
    found = ask(PiecewiseSparseAttention(0.5, 3, 1, 0), layout, heads)
    assert found.shape == heads.query.shape and found.isfinite().all()


def test_the_node_has_the_values_of_the_paper() -> None:
    patch = PiecewiseSparseAttention(density=0.15, side=8, order=1, dense_blocks=0)
    assert piecewise_sparse_attention(build("flux")).patches == (patch,)

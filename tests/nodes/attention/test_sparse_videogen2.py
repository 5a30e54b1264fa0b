from dataclasses import replace

import pytest
import torch
from torch import Tensor

from app.engine.attention.clusters import cluster
from app.engine.sites import Heads, dense
from app.engine.tokens import Layout
from nodes.attention.sparse_videogen2 import Memory, SparseVideogen2, sparse_videogen2
from tests.nodes.attention.masked import JOINT, at, attend
from tests.tiny.recorder import Recorder
from tests.tiny.runs import close, run
from tests.tiny.walks import walk
from tests.tiny.zoo import WITH_SCORES, build


def operands(length: int, heads: int = 4, key_heads: int = 2) -> Heads:
    random = torch.Generator().manual_seed(5)
    return Heads(*(torch.randn(2, n, length, 8, generator=random) for n in (heads, key_heads, key_heads)))


def patch(top_p: float = 0.6, least: float = 0.0) -> SparseVideogen2:
    return SparseVideogen2(5, 9, top_p, least, 0.0, 0)


def ask(technique: SparseVideogen2, heads: Heads, layout: Layout, memory: Memory | None = None) -> Tensor:
    memory = memory or technique.new_memory()
    return technique.wrap_attention(at(layout), memory, JOINT, heads, attend)


def test_all_groups_are_dense_attention() -> None:
    heads = operands(47)
    assert close(ask(patch(1.0, 1.0), heads, Layout((1, 6, 7), 5)), dense(heads))


@pytest.mark.parametrize("order", [("text", "image"), ("image", "text")])
@pytest.mark.parametrize("masked", [False, True])
def test_it_is_a_mask_by_the_clusters_of_each_head(order: tuple[str, str], masked: bool) -> None:
    layout, technique = Layout((1, 6, 7), 5, order), patch()  # type: ignore[arg-type]
    heads = operands(47)
    span = layout.spans("joint")["image"]
    if masked:
        heads = replace(heads, mask=torch.rand(2, 1, 1, 47, generator=torch.Generator().manual_seed(3)) > 0.1)
    queries = cluster(heads.query[:, :, span], 5, 50)
    keys = cluster(heads.key[:, :, span], 9, 50).for_heads(4)
    keep = technique.kept(heads.factor * queries.centroids @ keys.centroids.mT, keys.partition.sizes)
    pairs = torch.ones(2, 4, 47, 47, dtype=torch.bool)
    for sample in range(2):
        for head in range(4):
            rows = keep[sample, head][queries.labels[sample, head]]
            pairs[sample, head, span, span] = rows[:, keys.labels[sample, head]]
    own = heads.with_own_keys().with_mask(pairs)
    assert close(ask(technique, heads, layout), dense(own))
    memory = technique.new_memory()
    ask(technique, heads, layout, memory)
    report = technique.report({"cond": memory})
    assert report and report["density"] == pytest.approx(pairs.float().mean().item())


def test_kept_groups_hold_the_share_asked_for_and_no_more_than_needed() -> None:
    random = torch.Generator().manual_seed(1)
    scores, sizes = torch.randn(2, 3, 5, 9, generator=random), torch.randint(4, (2, 3, 9), generator=random)
    shares = (scores.exp() * sizes[:, :, None]) / (scores.exp() * sizes[:, :, None]).sum(-1, keepdim=True)
    keep = patch(0.8).kept(scores, sizes)
    held = (shares * keep).sum(-1)
    assert (held >= 0.8).all()
    smallest = shares.masked_fill(~keep, 2).min(-1).values
    assert (held - smallest < 0.8).all(), "one group fewer is too few"
    assert (patch(0.0, 0.5).kept(scores, sizes).sum(-1) == 4).all(), "half of nine, rounded down"
    assert (patch(0.0).kept(scores, sizes).sum(-1) == 1).all(), "the best is always kept"


def test_centroids_of_one_step_are_where_the_next_begins() -> None:
    technique, layout, heads = patch(), Layout((1, 6, 7), 5), operands(47)
    memory = technique.new_memory()
    ask(technique, heads, layout, memory)
    first = memory.centroids[JOINT]
    ask(technique, replace(heads, query=heads.query + 0.1), layout, memory)
    again = cluster((heads.query + 0.1)[:, :, 5:], 5, 2, first[0])
    assert torch.equal(memory.centroids[JOINT][0], again.centroids)


@pytest.mark.parametrize("family", WITH_SCORES)
def test_early_steps_and_blocks_look_at_everything(family: str) -> None:
    model, watcher = build(family), Recorder()
    walk(model.with_patch(SparseVideogen2(6, 12, 0.5, 0.1, 0.5, 1)), 4, watcher=watcher)
    later = Recorder()
    walk(model.with_patch(SparseVideogen2(6, 12, 0.5, 0.1, 0.0, 0)), 4, watcher=later)
    assert 0 < later.reports[0]["density"] < watcher.reports[0]["density"] < 1


def test_dense_steps_only_change_nothing_and_report_nothing() -> None:
    model, watcher = build("flux"), Recorder()
    assert torch.equal(run(model.with_patch(SparseVideogen2(6, 12, 0.5, 0.1, 1.0, 0)), watcher), run(model))
    assert watcher.reports == []


def test_the_node() -> None:
    assert sparse_videogen2(build("flux")).patches == (SparseVideogen2(64, 256, 0.9, 0.1, 0.2, 1),)

"""Both fast ways of block-sparse attention against a mask over all pairs."""

import os
from dataclasses import replace
from shutil import which
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.attention.flex_attention import AuxOutput, flex_attention

from app.engine.attention.block_sparse import attend_all, attend_blocks, attend_gathered, attend_masked
from app.engine.attention.flex import attend_flex, block_mask
from app.engine.attention.partition import Partition, Pattern, tiles, with_text
from app.engine.sites import Heads, dense
from app.engine.tokens import Layout
from tests.tiny.runs import close
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here

BATCH, HEADS, WIDTH = 2, 4, 8
HAS_COMPILER = any(map(which, (os.environ.get("CXX", "g++"), "clang++", "cl")))
EAGER = pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile")


def seeded(seed: int = 4) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def operands(
    asks: int, answers: int, key_heads: int = HEADS, mask: Tensor | None = None, seed: int = 4
) -> Heads:
    random = seeded(seed)
    query = torch.randn(BATCH, HEADS, asks, WIDTH, generator=random)
    key, value = (torch.randn(BATCH, key_heads, answers, WIDTH, generator=random) for _ in range(2))
    return Heads(query, key, value, mask)


def scattered(length: int, blocks: int, seed: int) -> Partition:
    """Blocks of random rows and sizes, other ones for each head; some are empty."""
    random = seeded(seed)
    labels = torch.randint(blocks - 1, (BATCH, HEADS, length), generator=random)
    labels[labels == 1] = 0
    sizes = torch.nn.functional.one_hot(labels, blocks).sum(2)
    return Partition(labels.argsort(dim=-1, stable=True), sizes)


def random_pattern(asks: int, answers: int, share: float = 0.3) -> Pattern:
    queries, keys = scattered(asks, 6, 5), scattered(answers, 9, 6)
    keep = torch.rand(BATCH, HEADS, 6, 9, generator=seeded(7)) < share
    keep[..., 0] = True
    return Pattern(queries, keys, keep)


def even_pattern(length: int, size: int, share: float) -> Pattern:
    """Blocks of neighbours, the last one shorter, the same for all heads; each head keeps other pairs."""
    count = -(-length // size)
    sizes = torch.full((1, 1, count), size)
    sizes[..., -1] = length - size * (count - 1)
    part = Partition(torch.arange(length)[None, None], sizes)
    keep = torch.rand(BATCH, HEADS, count, count, generator=seeded(8)) < share
    return Pattern(part, part, keep | torch.eye(count, dtype=torch.bool))


PATTERNS = {
    "scattered": random_pattern(150, 170),
    "even": even_pattern(170, 32, 0.3),
    "ragged": even_pattern(300, 64, 0.2),
    "all": even_pattern(170, 32, 1.1),
    "seen in part": replace(even_pattern(170, 32, 0.3), sees=lambda asks, answers: (asks - answers) % 3 < 2),
}
WHOLE_BLOCKS = {name: pattern for name, pattern in PATTERNS.items() if pattern.sees is None}


@EAGER
@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
@pytest.mark.parametrize("key_heads", [HEADS, 2])
@pytest.mark.parametrize("masked", ["", "boolean", "added", "keys only"])
def test_gathered_and_flex_equal_a_mask_over_all_pairs(pattern: Pattern, key_heads: int, masked: str) -> None:
    asks, answers = pattern.queries.order.shape[-1], pattern.keys.order.shape[-1]
    shape = (BATCH, 1, 1, answers) if masked == "keys only" else (1, HEADS, asks, answers)
    extra = torch.randn(shape, generator=seeded(9))
    heads = operands(asks, answers, key_heads)
    heads = replace(heads, mask={"": None, "added": extra}.get(masked, extra > -2))
    single = replace(
        heads,
        key=heads.key.repeat_interleave(HEADS // key_heads, 1),
        value=heads.value.repeat_interleave(HEADS // key_heads, 1),
    )
    plain = attend_masked(single, pattern)
    scores = single.query @ single.key.mT * WIDTH**-0.5
    kept = Heads(single.query, single.key, single.value, single.mask).with_mask(pattern.mask()).mask
    assert kept is not None
    bias = kept.float().log() if kept.dtype == torch.bool else kept
    assert close(plain.log_sum, (scores + bias).logsumexp(-1))
    for found in (attend_gathered(heads, pattern), attend_flex(heads, pattern, flex_attention)):
        assert close(found.output, plain.output) and close(found.log_sum, plain.log_sum)


@pytest.mark.parametrize("key_heads", [HEADS, 1])
def test_the_sum_of_all_scores(key_heads: int) -> None:
    heads = operands(20, 30, key_heads, torch.rand(BATCH, 1, 1, 30, generator=seeded()) > 0.3)
    found = attend_all(heads)
    scores = heads.query @ heads.key.repeat_interleave(HEADS // key_heads, 1).mT * WIDTH**-0.5
    assert heads.mask is not None
    assert close(found.output, dense(heads))
    assert close(found.log_sum, scores.masked_fill(~heads.mask, float("-inf")).logsumexp(-1))


@pytest.mark.timeout(300)
@pytest.mark.skipif(not HAS_COMPILER, reason="no C++ compiler")
@pytest.mark.filterwarnings("ignore:.*script_method.*:DeprecationWarning")
@torch.no_grad()
def test_the_compiled_kernel_leaves_out_the_right_squares_and_serves_every_step() -> None:
    """On the CPU it says nothing of sums, so it gets none to say; the GPU's has the same block mask."""
    kernel, pattern = torch.compile(flex_attention, dynamic=False), PATTERNS["ragged"]

    def without_sums(*operands: Tensor, return_aux: object, **rest: Any) -> tuple[Tensor, AuxOutput]:
        return kernel(*operands, **rest), AuxOutput(lse=operands[0][..., 0])

    for step in range(2):
        heads = operands(300, 300, seed=step)
        with torch._dynamo.config.patch(error_on_recompile=step > 0):
            found = attend_flex(heads, pattern, without_sums)
        assert close(found.output, attend_masked(heads, pattern).output)


def test_all_pairs_are_dense_attention() -> None:
    heads = operands(170, 170, 2)
    assert close(attend_blocks(heads, PATTERNS["all"]).output, dense(heads))


@pytest.mark.parametrize("pattern", WHOLE_BLOCKS.values(), ids=WHOLE_BLOCKS)
def test_counts_are_those_of_the_mask(pattern: Pattern) -> None:
    assert int(pattern.counted) == int(pattern.mask().sum()) and pattern.pairs == pattern.mask().numel()


@pytest.mark.parametrize("pattern", WHOLE_BLOCKS.values(), ids=WHOLE_BLOCKS)
def test_a_square_of_the_kernel_is_left_out_only_if_nothing_in_it_counts(pattern: Pattern) -> None:
    found, mask = block_mask(pattern), pattern.mask()
    asks, answers = (part.expand(BATCH, HEADS).order for part in (pattern.queries, pattern.keys))
    inside = mask.gather(2, asks[..., None].expand_as(mask)).gather(3, answers[:, :, None].expand_as(mask))
    for square, listed in (("some", found.to_dense()), ("all", full_squares(found))):
        for row in range(listed.shape[2]):
            for column in range(listed.shape[3]):
                here = inside[:, :, row * 128 : row * 128 + 128, column * 128 : column * 128 + 128]
                wanted = here.any(-1).any(-1) if square == "some" else here.all(-1).all(-1)
                assert torch.equal(listed[:, :, row, column].bool(), wanted)


def full_squares(found: object) -> Tensor:
    counts, columns = found.full_kv_num_blocks, found.full_kv_indices  # type: ignore[attr-defined]
    listed = torch.zeros(columns.shape, dtype=torch.bool)
    ranks = torch.arange(columns.shape[-1]) < counts[..., None]
    return listed.scatter(-1, columns.long(), ranks)


def test_tiles_of_a_grid_hold_each_token_once_and_its_neighbours() -> None:
    layout = Layout((2, 5, 7), 3)
    part = tiles(layout.positions(), 3)
    assert part.order.flatten().sort().values.tolist() == list(range(70))
    assert part.sizes.flatten().tolist() == [9, 9, 3, 6, 6, 2] * 2
    for rows in part.order.flatten().split(part.sizes.flatten().tolist()):
        places = layout.positions()[rows]
        assert len(torch.unique(places // torch.tensor([1, 3, 3]), dim=0)) == 1


@pytest.mark.parametrize("order", [("text", "image"), ("image", "text")])
def test_text_sees_and_is_seen_by_all(order: tuple[str, str]) -> None:
    layout = Layout((1, 4, 4), 3, order)  # type: ignore[arg-type]
    spans = layout.spans("joint")
    cut = tiles(layout.positions(), 2)
    pattern = with_text(Pattern(cut, cut, torch.eye(4, dtype=torch.bool)[None, None]), spans)
    mask = pattern.mask()[0, 0]
    assert mask[spans["text"]].all() and mask[:, spans["text"]].all()
    image = mask[spans["image"], spans["image"]]
    cells = layout.positions()[:, 1:] // 2
    assert torch.equal(image, (cells[:, None] == cells[None]).all(-1))

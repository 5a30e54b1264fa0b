from dataclasses import replace

import pytest
import torch
from torch import Tensor

from app.engine.prediction import ModelInput
from app.engine.sites import Heads
from app.engine.tokens import Layout
from nodes.attention.kv_pooling import KvPooling, kv_pooling, squares
from tests.nodes.attention.masked import JOINT, at, attend, operands
from tests.tiny.recorder import Recorder
from tests.tiny.runs import close, run
from tests.tiny.zoo import WITH_SCORES, build, noise, prompt

GRID, TEXT = (2, 7, 9), 5
LENGTH = TEXT + 2 * 7 * 9


def flat_squares(heads: Heads, layout: Layout, factor: int) -> Heads:
    """Give all image tokens of a square the key and value of its first one."""
    places = layout.positions()
    corner = torch.stack([places[:, 0], *(places[:, axis] // factor * factor for axis in (1, 2))])
    rows = torch.tensor([63, 9, 1]) @ corner
    span = layout.spans("joint")["image"]
    key, value = heads.key.clone(), heads.value.clone()
    key[:, :, span], value[:, :, span] = (
        heads.key[:, :, span][:, :, rows],
        heads.value[:, :, span][:, :, rows],
    )
    return replace(heads, key=key, value=value)


@pytest.mark.parametrize("order", [("text", "image"), ("image", "text")])
@pytest.mark.parametrize("factor", [2, 3, 4])
@pytest.mark.parametrize("masked", [None, "boolean", "added"])
def test_exact_where_the_tokens_of_a_square_are_equal(
    factor: int, order: tuple[str, str], masked: str | None
) -> None:
    layout = Layout(GRID, TEXT, order)  # type: ignore[arg-type]
    extra: Tensor | None = None
    if masked:
        span = layout.spans("joint")["text"]
        extra = torch.zeros(2, 1, 1, LENGTH)
        extra[..., span.start : span.start + 2] = float("-inf")
        extra = extra == 0 if masked == "boolean" else extra
    heads = flat_squares(operands(LENGTH, extra=extra), layout, factor)
    patch = KvPooling(factor, 0)
    assert close(patch.wrap_attention(at(layout), patch.new_memory(), JOINT, heads, attend), attend(heads))


def test_squares_at_the_edge_average_what_they_hold() -> None:
    layout = Layout((1, 3, 5), 2)
    cells = squares(layout, "joint", 17, 2, torch.device("cpu"))
    x = torch.arange(17.0).reshape(1, 1, 17, 1)
    assert cells.counts.tolist() == [1, 1, 4, 4, 2, 2, 2, 1]
    assert cells.shorten(x).flatten().tolist() == [0, 1, 5, 7, 8.5, 12.5, 14.5, 16]


@pytest.mark.parametrize("family", WITH_SCORES)
def test_share_of_the_keys_in_every_family(family: str) -> None:
    model, watcher = build(family), Recorder()
    assert not torch.equal(run(model.with_patch(KvPooling(2, 0)), watcher), run(model))
    joint = "joint" in {asks for stack in model.family.stacks for asks, _ in stack.attention.values()}
    layout = model.family.layout(ModelInput(noise(model), 1.0, prompt(model)))
    image, text = layout.image, layout.text if joint else 0
    seen, keys = image // 4 + text, image + text
    if family == "sd3":  # two of its four blocks attend to the picture once more
        seen, keys = 4 * seen + 2 * 12, 4 * keys + 2 * 48
    assert watcher.reports[0]["density"] == pytest.approx(seen / keys)


def test_blocks_that_keep_every_token_count_in_the_share() -> None:
    watcher = Recorder()
    run(build("pixart").with_patch(KvPooling(2, 1)), watcher)
    assert watcher.reports[0]["density"] == pytest.approx((1 + 3 / 4) / 4)


def test_first_blocks_keep_every_token() -> None:
    model, watcher = build("flux"), Recorder()
    assert torch.equal(run(model.with_patch(KvPooling(2, 5)), watcher), run(model))
    assert watcher.reports == []


def test_the_node() -> None:
    assert kv_pooling(build("flux")).patches == (KvPooling(factor=2, dense_blocks=2),)

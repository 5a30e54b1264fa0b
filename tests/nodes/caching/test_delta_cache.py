import pytest
import torch

from nodes.caching.delta_cache import DeltaCache, delta_cache
from tests.nodes.caching.toy import Toy, dense, same
from tests.tiny.zoo import build


def wavy(index: int, depth: int) -> float:
    return ((3 * index + 5 * depth) % 7) / 7


def ran(toy: Toy, index: int) -> list[int]:
    return [depth for step, depth in toy.calls if step == index]


def test_rear_blocks_are_skipped_first_and_front_blocks_later() -> None:
    toy = Toy(DeltaCache(2, 0.75, 0.5), wavy)
    toy.walk(8)
    assert [ran(toy, index) for index in (1, 3)] == [[0], [0]]
    assert [ran(toy, index) for index in (5, 7)] == [[3], [3]]
    assert all(ran(toy, index) == [0, 1, 2, 3] for index in (0, 2, 4, 6))


def test_a_skipped_range_adds_exactly_its_last_delta() -> None:
    toy = Toy(DeltaCache(3, 0.5, 1.0), wavy)
    toy.walk(6)
    before, after = toy.inside[3][2], toy.inside[3][4]
    for index in (4, 5):
        here = toy.inside[index]
        for stream in ("image", "text"):
            added = after.streams[stream] - before.streams[stream]
            assert torch.equal(here[4].streams[stream], here[2].streams[stream] + added)


@pytest.mark.parametrize("interval", [2, 3, 5])
def test_blocks_that_always_add_the_same_are_reproduced(interval: int) -> None:
    def adds(index: int, depth: int) -> float:
        return 0.5 * depth + 0.25

    assert same(Toy(DeltaCache(interval, 0.5, 0.5), adds).walk(10), dense(adds, 10))


def test_a_switch_of_the_range_computes_everything() -> None:
    toy = Toy(DeltaCache(4, 0.5, 0.5), wavy)
    toy.walk(12)
    assert ran(toy, 6) == [0, 1, 2, 3], "6 is no multiple of 4, but the range is new"
    assert ran(toy, 7) == [2, 3]


@pytest.mark.parametrize(("boundary", "expected"), [(0.0, [2, 3]), (1.0, [0, 1])])
def test_a_boundary_at_an_end_skips_one_range_throughout(boundary: float, expected: list[int]) -> None:
    toy = Toy(DeltaCache(2, 0.5, boundary), wavy)
    toy.walk(6)
    assert all(ran(toy, index) == expected for index in (1, 3, 5))


@pytest.mark.parametrize("share", [0.0, 0.25, 0.75, 1.0])
def test_number_of_computed_blocks(share: float) -> None:
    toy = Toy(DeltaCache(2, share, 0.5), wavy)
    toy.walk(8)
    skipped = 4 * round(share * toy.count)
    assert len(toy.calls) == 8 * toy.count - skipped
    report = toy.patch.report({"cond": toy.memory})
    assert report and report["skipped_blocks"] == skipped
    assert report["calls_saved"] == pytest.approx(skipped / (8 * toy.count))


def test_the_node() -> None:
    assert delta_cache(build("flux")).patches == (DeltaCache(interval=2, share=0.75, boundary=0.5),)

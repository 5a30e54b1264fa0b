import torch

from app.engine.sites import Heads
from app.engine.tokens import Layout, Tokens


def tokens(*, image: float, text: float | None = None) -> Tokens:
    streams = {"image": torch.full((1, 6, 2), float(image))}
    return Tokens(streams if text is None else {**streams, "text": torch.full((1, 3, 2), float(text))})  # type: ignore[dict-item]


def test_sums_and_differences_go_stream_by_stream() -> None:
    both = tokens(image=2, text=5) + tokens(image=1, text=1)
    assert both.image.unique().item() == 3 and both.text is not None and both.text.unique().item() == 6
    kept = tokens(image=2, text=5) + tokens(image=1)
    assert kept.text is not None and kept.text.unique().item() == 5, "a stream without a summand stays"
    assert set((tokens(image=2) - tokens(image=1, text=1)).streams) == {"image"}
    assert both.nbytes == (6 + 3) * 2 * 4


def test_join_and_split_in_both_orders() -> None:
    for order in (("text", "image"), ("image", "text")):
        layout = Layout((1, 2, 3), 3, order)  # type: ignore[arg-type]
        joint = layout.join(tokens(image=1, text=0))
        assert joint[0, :, 0].tolist() == ([0.0] * 3 + [1.0] * 6)[:: 1 if order[0] == "text" else -1]
        again = layout.split(joint)
        assert torch.equal(again.image, torch.ones(1, 6, 2)) and again.image.data_ptr() >= joint.data_ptr()


def test_spans_rows_and_positions_of_a_subset() -> None:
    layout = Layout((1, 2, 3), 3)
    active = torch.tensor([5, 0])
    assert layout.spans("joint") == {"text": slice(0, 3), "image": slice(3, 9)}
    assert layout.spans("image") == {"image": slice(0, 6)}
    assert layout.rows("joint", active).tolist() == [0, 1, 2, 8, 3]
    assert layout.rows("image", active).tolist() == [5, 0] and layout.rows("text", active).tolist() == [
        0,
        1,
        2,
    ]
    some = layout.subset(active)
    assert some.image == 2 and some.positions().tolist() == [[0, 1, 2], [0, 0, 0]]
    assert some.spans("joint")["image"] == slice(3, 5) and some.subset(None).image == 6
    after = Layout((1, 2, 3), 3, ("image", "text"))
    assert after.rows("joint", active).tolist() == [5, 0, 6, 7, 8]


def test_masks_only_ever_forbid_more() -> None:
    query = torch.zeros(1, 1, 2, 4)
    keep, other = torch.tensor([[True, False], [True, True]]), torch.tensor([[True, True], [False, True]])
    once = Heads(query, query, query).with_mask(keep)
    assert once.mask is not None and torch.equal(once.mask, keep)
    twice = once.with_mask(other)
    assert twice.mask is not None and twice.mask.tolist() == [[True, False], [False, True]]
    added = Heads(query, query, query, torch.ones(2, 2)).with_mask(keep)
    assert added.mask is not None and added.mask.tolist() == [[1.0, float("-inf")], [1.0, 1.0]]

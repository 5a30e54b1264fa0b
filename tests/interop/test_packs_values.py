"""Values between our nodes and those of packs."""

from typing import Any

import pytest
import torch

from app.engine.media import Image, Latent, Mask
from app.engine.sampling import Sigmas
from app.graph.node import Blocked
from app.interop.packs.shims.graph_utils import ExecutionBlocker, GraphBuilder, add_graph_prefix, is_link
from app.interop.packs.values import Crossing, to_pack

PIXELS = torch.rand(2, 4, 6, 3)


@pytest.mark.parametrize(
    "value",
    [
        Image(PIXELS),
        Mask(PIXELS[..., 0]),
        Latent(torch.zeros(1, 4, 2, 2), "flux"),
        Sigmas((1.0, 0.5, 0.0)),
        "text",
        5,
    ],
)
def test_what_passes_through_comes_out_as_it_was(value: Any) -> None:
    crossing = Crossing()
    assert crossing.leave(crossing.enter(value), "Any") is value


def test_a_picture_is_its_tensor_without_a_copy() -> None:
    assert to_pack(Image(PIXELS)) is PIXELS
    made = Crossing().leave(PIXELS, "Image")
    assert type(made) is Image and made.pixels.data_ptr() == PIXELS.data_ptr()


def test_transparent_grey_and_half_precise_pictures() -> None:
    clear = torch.zeros(1, 2, 2, 4)
    made = Crossing().leave(clear, "Image")
    assert made.transparency.tolist() == torch.ones(1, 2, 2).tolist() and made.pixels.shape == (1, 2, 2, 3)
    assert to_pack(made) is clear, "a pack gets back what a pack gave"
    half = torch.rand(1, 2, 2, 4)
    assert torch.allclose(to_pack(Image(half[..., :3], 1 - half[..., 3])), half)
    grey = Crossing().leave(torch.full((2, 2, 1), 0.5, dtype=torch.float16), "Image")
    assert grey.pixels.shape == (1, 2, 2, 3) and grey.pixels.dtype == torch.float32


def test_masks_of_several_shapes() -> None:
    for shape in ((3, 4), (1, 3, 4), (1, 1, 3, 4)):
        assert Crossing().leave(torch.ones(shape), "Mask").coverage.shape == (1, 3, 4)


def test_a_latent_keeps_its_family_when_a_pack_changes_it() -> None:
    crossing = Crossing()
    latent = crossing.enter(Latent(torch.ones(1, 4, 2, 2), "flux", mask=torch.ones(1, 8, 8)))
    assert latent["noise_mask"].shape == (1, 1, 8, 8)
    changed = crossing.leave({**latent, "samples": latent["samples"] / 2}, "Latent")
    assert type(changed) is Latent and changed.family == "flux" and changed.mask.shape == (1, 8, 8)
    anew = crossing.leave({"samples": torch.zeros(1, 4, 2, 2)}, "Latent")
    assert anew.family == "flux", "of the only family that went in"
    numbered = to_pack(Latent(torch.ones(2, 4, 2, 2), "flux", noise_rows=(3, 0)))
    assert numbered["batch_index"] == [3, 0]
    assert crossing.leave({**numbered}, "Latent").noise_rows == (3, 0)
    assert crossing.leave({**numbered, "samples": torch.ones(1, 4, 2, 2)}, "Latent").noise_rows == ()
    assert Crossing().leave({"samples": torch.zeros(1, 4, 2, 2)}, "Latent").family == ""
    more = crossing.leave({**latent, "batch_index": [3]}, "Latent")
    assert to_pack(more)["batch_index"] == [3]


def test_what_no_node_of_ours_takes_stays_as_it_is() -> None:
    odd = torch.zeros(5)
    assert Crossing().leave(odd, "Image") is odd
    audio = {"samples": torch.zeros(1, 2, 3)}
    assert Crossing().leave(audio, "LATENT_AUDIO") is audio


def test_blocks() -> None:
    blocker = to_pack(Blocked("why"))
    assert isinstance(blocker, ExecutionBlocker) and blocker.message == "why"
    assert Crossing().leave(ExecutionBlocker(None), "Any") == Blocked("")


def test_a_graph_builder_numbers_what_it_builds() -> None:
    GraphBuilder.set_default_prefix("7", 2)
    first, second = GraphBuilder(), GraphBuilder()
    one = first.node("A", value=1)
    two = first.node("B", "named", source=one.out(0))
    assert (one.id, two.id, second.prefix) == ("7.2.0.1", "7.2.0.named", "7.2.1.")
    assert first.lookup_node("named") is two and first.node("B", "named") is two
    assert is_link(two.get_input("source")) and not is_link([1, 2]) and not is_link(("a", 0))
    first.replace_node_output("1", 0, 5)
    assert first.finalize() == {
        "7.2.0.1": {"class_type": "A", "inputs": {"value": 1}},
        "7.2.0.named": {"class_type": "B", "inputs": {"source": 5}},
    }
    two.set_input("source", None)
    first.remove_node("1")
    moved, ends = add_graph_prefix(first.finalize(), [["7.2.0.named", 0], 3], "x.")
    assert list(moved) == ["x.7.2.0.named"] and ends == (["x.7.2.0.named", 0], 3)

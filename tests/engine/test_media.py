import pytest
import torch
from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.media import Image, Latent
from app.graph.problem import Refusal


@pytest.mark.parametrize("samples", [torch.zeros(4, 8, 8), torch.zeros(1, 4, 8, 8, dtype=torch.int64)])
def test_a_latent_says_what_it_must_be(samples: Tensor) -> None:
    with pytest.raises(Refusal, match=r"A latent is .* this one is "):
        Latent(samples, "flux")


@pytest.mark.parametrize(
    "pixels", [torch.zeros(8, 8, 3), torch.zeros(1, 3, 8, 8), torch.zeros(1, 8, 8, 3).double()]
)
def test_an_image_says_what_it_must_be(pixels: Tensor) -> None:
    with pytest.raises(Refusal, match=r"An image is .* this one is "):
        Image(pixels)


def test_sizes() -> None:
    image = Image(torch.zeros(2, 4, 6, 3))
    assert (image.width, image.height, image.nbytes) == (6, 4, 2 * 4 * 6 * 3 * 4)
    assert Latent(torch.zeros(1, 4, 3, 8, 8), "wan").nbytes == 4 * 3 * 64 * 4
    assert Conditioning(torch.zeros(1, 5, 8), torch.zeros(1, 2), "flux").nbytes == (40 + 2) * 4
    assert Conditioning(torch.zeros(1, 5, 8), None, "wan").nbytes == 160


def test_one_prompt_serves_a_batch_and_two_serve_two() -> None:
    one = Conditioning(torch.randn(1, 5, 8), torch.randn(1, 2), "flux")
    many = one.for_batch(3)
    assert torch.equal(many.tokens[2], one.tokens[0]) and many.pooled is not None and len(many.pooled) == 3
    two = Conditioning(torch.randn(2, 5, 8), None, "wan")
    assert two.for_batch(2) is two
    with pytest.raises(Refusal, match="holds 2 prompts, the latent 3 pictures"):
        two.for_batch(3)


def test_a_conditioning_says_what_it_must_be() -> None:
    with pytest.raises(Refusal, match=r"this one is \(5, 8\) float32"):
        Conditioning(torch.zeros(5, 8), None, "flux")

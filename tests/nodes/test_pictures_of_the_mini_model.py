"""From prompt to picture with node functions in plain Python, on weights that were really trained."""

import pytest
import torch
from torch import Tensor

from app.engine.media import Image, Latent
from app.engine.model import Model
from app.graph.problem import Refusal
from nodes.caching.first_block_cache import first_block_cache
from nodes.conditioning.encode_text import encode_text
from nodes.guidance.cfg import cfg
from nodes.latents.decode_latent import decode_latent
from nodes.latents.empty_latent import empty_latent
from nodes.latents.encode_image import encode_image
from nodes.loaders.load_model import LoadedModel
from nodes.samplers.euler import euler
from nodes.samplers.heun import heun
from nodes.samplers.sample import sample
from nodes.schedules.flow_schedule import flow_schedule
from tests.tiny.recorder import Recorder
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here

RED_ON_BLUE = "a large red circle on a blue background"
COLOURS = {"red": (0.86, 0.16, 0.16), "blue": (0.17, 0.39, 0.86), "green": (0.16, 0.65, 0.27)}


def paint(
    mini: LoadedModel,
    prompt: str,
    *,
    model: Model | None = None,
    latent: Latent | None = None,
    strength: float = 1.0,
    seed: int = 0,
    watcher: Recorder | None = None,
    second_order: bool = False,
) -> Latent:
    guider = cfg(encode_text(mini.text_encoder, prompt), encode_text(mini.text_encoder, ""), 3.0)
    latent = latent or empty_latent(mini.model)
    sigmas = flow_schedule(6 if second_order else 12, strength=strength)
    sampler = heun() if second_order else euler()
    return sample(watcher or Recorder(), model or mini.model, guider, sampler, sigmas, latent, seed)


def colour_at(image: Image, across: float, down: float) -> str:
    """Name the colour nearest to the mean of a small patch; across and down from 0 to 1."""
    side = image.width // 8
    left, top = int(across * (image.width - side)), int(down * (image.height - side))
    patch: Tensor = image.pixels[0, top : top + side, left : left + side].mean((0, 1))
    return min(COLOURS, key=lambda name: (patch - torch.tensor(COLOURS[name])).abs().sum().item())


def psnr(one: Image, other: Image) -> float:
    return (-10 * (one.pixels - other.pixels).pow(2).mean().log10()).item()


@pytest.mark.parametrize("second_order", [False, True])
def test_a_prompt_gives_the_picture_it_asks_for(mini: LoadedModel, second_order: bool) -> None:
    image = decode_latent(mini.vae, paint(mini, RED_ON_BLUE, second_order=second_order))
    assert (image.width, image.height) == mini.model.native_size
    assert colour_at(image, 0.5, 0.5) == "red"
    assert {colour_at(image, x, y) for x in (0, 1) for y in (0, 1)} == {"blue"}


def test_word_order_counts(mini: LoadedModel) -> None:
    """The text tokens must sit at positions 1 .. L; at position 0 this fails."""
    for left, right in (("red", "green"), ("green", "red")):
        prompt = f"a {left} circle left of a {right} square on a blue background"
        image = decode_latent(mini.vae, paint(mini, prompt))
        assert (colour_at(image, 0.2, 0.5), colour_at(image, 0.8, 0.5)) == (left, right)


def test_the_same_seed_gives_the_same_picture(mini: LoadedModel) -> None:
    first, again, other = (paint(mini, RED_ON_BLUE, seed=seed).samples for seed in (7, 7, 8))
    assert torch.equal(first, again) and not torch.allclose(first, other)


def test_image_to_image_keeps_the_composition(mini: LoadedModel) -> None:
    image = decode_latent(mini.vae, paint(mini, RED_ON_BLUE))
    latent = encode_image(mini.vae, image)
    little, much = (
        decode_latent(mini.vae, paint(mini, RED_ON_BLUE, latent=latent, strength=strength, seed=5))
        for strength in (0.3, 1.0)
    )
    assert psnr(little, image) > psnr(much, image) and colour_at(little, 0.5, 0.5) == "red"
    unchanged = paint(mini, RED_ON_BLUE, latent=latent, strength=0.0)
    assert torch.equal(unchanged.samples, latent.samples)


def test_the_autoencoder_gives_back_what_it_took(mini: LoadedModel) -> None:
    image = decode_latent(mini.vae, paint(mini, RED_ON_BLUE))
    assert psnr(decode_latent(mini.vae, encode_image(mini.vae, image)), image) > 25


def test_first_block_cache_saves_and_hardly_changes_the_picture(mini: LoadedModel) -> None:
    watcher = Recorder()
    plain = decode_latent(mini.vae, paint(mini, RED_ON_BLUE))
    cached = paint(mini, RED_ON_BLUE, model=first_block_cache(mini.model, 0.15), watcher=watcher)
    (report,) = watcher.reports
    assert report["skipped_blocks"] == sum(row.count("r") for row in report["grid"]) > 0
    assert psnr(decode_latent(mini.vae, cached), plain) > 20
    assert torch.equal(
        paint(mini, RED_ON_BLUE, model=first_block_cache(mini.model, 0)).samples,
        paint(mini, RED_ON_BLUE).samples,
    )


def test_previews_have_the_true_colours(mini: LoadedModel) -> None:
    latent = paint(mini, RED_ON_BLUE)
    assert mini.model.preview is not None
    colours = mini.model.preview.colours(latent.samples[0])
    assert (
        colour_at(Image(colours[None]), 0.5, 0.5) == "red" and colour_at(Image(colours[None]), 0, 0) == "blue"
    )


def test_sizes_that_do_not_fit_are_refused_with_one_that_does(mini: LoadedModel) -> None:
    with pytest.raises(Refusal, match="The nearest size is 96 x 64") as refusal:
        empty_latent(mini.model, 100, 64)
    assert refusal.value.input == "width"
    with pytest.raises(Refusal, match="for example to 64 x 48"):
        encode_image(mini.vae, Image(torch.zeros(1, 50, 64, 3)))


def test_an_empty_latent_takes_its_shape_from_the_model(mini: LoadedModel) -> None:
    latent = empty_latent(mini.model, 96, 64, batch_size=3)
    assert latent.samples.shape == (3, mini.model.channels, 8, 12) and not latent.samples.any()
    assert latent.family == "flux-mini"


def test_a_latent_of_another_family_is_not_decoded(mini: LoadedModel) -> None:
    with pytest.raises(Refusal, match="The latent belongs to sd3, the autoencoder to flux-mini"):
        decode_latent(mini.vae, Latent(torch.zeros(1, 8, 8, 8), "sd3"))

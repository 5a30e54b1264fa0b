"""Latents cut, turned, resized, mixed and masked."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from app.engine.latents.reshaping import bislerp
from app.engine.media import Latent, Mask
from app.graph.problem import Refusal
from nodes.guidance.no_guidance import NoGuidance
from nodes.latents.add_latents import add_latents
from nodes.latents.batch_latents import batch_latents
from nodes.latents.blend_latents import blend_latents
from nodes.latents.crop_latent import crop_latent
from nodes.latents.flip_latent import flip_latent
from nodes.latents.inject_noise import inject_noise
from nodes.latents.pick_latents import pick_latents
from nodes.latents.repeat_latent import repeat_latent
from nodes.latents.rotate_latent import rotate_latent
from nodes.latents.set_noise_mask import set_noise_mask
from nodes.latents.upscale_latent import upscale_latent
from nodes.latents.upscale_latent_by import upscale_latent_by
from nodes.samplers.euler import euler
from nodes.samplers.sample import sample
from nodes.schedules.flow_schedule import flow_schedule
from tests.tiny.recorder import Recorder
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import build, noise, prompt

MODEL = build("flux")
LATENT = Latent(noise(MODEL), "flux")  # 12 x 16 cells, 96 x 128 pixels
FILM = Latent(noise(build("wan")), "wan")
RIGHT = Mask(torch.cat([torch.zeros(1, 96, 64), torch.ones(1, 96, 64)], dim=2))


@pytest.mark.parametrize("method", ["nearest-exact", "bilinear", "bicubic", "area", "bislerp"])
@pytest.mark.parametrize("latent", [LATENT, FILM], ids=["picture", "video"])
def test_sizes(method: str, latent: Latent) -> None:
    larger = upscale_latent(latent, 256, 160, method)  # type: ignore[arg-type]
    assert larger.samples.shape == (*latent.samples.shape[:-2], 20, 32) and larger.family == latent.family
    assert upscale_latent_by(latent, 1.5, method).samples.shape[-2:] == (18, 24)  # type: ignore[arg-type]
    assert upscale_latent_by(latent, 1.0) is latent, "the same size is the same latent"
    flat = replace(latent, samples=torch.full_like(latent.samples, 0.7))
    resized = upscale_latent(flat, 192, 144, method).samples  # type: ignore[arg-type]
    assert torch.allclose(resized, torch.tensor(0.7), atol=1e-5)


def test_bislerp_keeps_contrast() -> None:
    random = noise(MODEL)
    smooth = upscale_latent(LATENT, 256, 192, "bilinear").samples
    kept = bislerp(random, 24, 32)
    assert smooth.std() < 0.85 * random.std() and kept.std() > 0.93 * random.std()
    assert torch.allclose(bislerp(random, 12, 16), random, atol=1e-5)


def test_sizes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(Refusal, match="The nearest length is 256") as refusal:
        upscale_latent(LATENT, 250, 256)
    assert "250 pixels are no multiple of 16" in refusal.value.message and refusal.value.input == "width"


def test_batches() -> None:
    other = replace(LATENT, samples=-LATENT.samples)
    three = batch_latents([LATENT, repeat_latent(other, 2)])
    assert torch.equal(three.samples, torch.cat([LATENT.samples, -LATENT.samples, -LATENT.samples]))
    assert torch.equal(pick_latents(three, 1, 5).samples, three.samples[1:])
    assert torch.equal(pick_latents(three, 9).samples, three.samples[2:])
    with pytest.raises(Refusal, match="must be alike"):
        batch_latents([LATENT, upscale_latent_by(LATENT, 2.0)])


def test_crop_flip_and_rotate() -> None:
    part = crop_latent(LATENT, 32, 16, 64, 48)
    assert torch.equal(part.samples, LATENT.samples[..., 2:8, 4:12])
    with pytest.raises(Refusal, match=r"ends at \(160, 48\), the picture is 128 x 96"):
        crop_latent(LATENT, 96, 0, 64, 48)
    for direction in ("left-right", "up-down"):
        twice = flip_latent(flip_latent(LATENT, direction), direction)  # type: ignore[arg-type]
        assert torch.equal(twice.samples, LATENT.samples)
    turned = rotate_latent(LATENT, "90 degrees").samples
    assert torch.equal(turned[..., 0, :], LATENT.samples[..., :, 0].flip(-1)), "the left side comes up"
    assert torch.equal(rotate_latent(rotate_latent(LATENT), "270 degrees").samples, LATENT.samples)
    assert torch.equal(rotate_latent(FILM, "180 degrees").samples, FILM.samples.flip(-1, -2))


def test_mixing() -> None:
    other = replace(LATENT, samples=torch.ones_like(LATENT.samples))
    assert torch.allclose(blend_latents(LATENT, other, 0.25).samples, 0.25 * LATENT.samples + 0.75)
    assert blend_latents(LATENT, other, 1.0) is LATENT and add_latents(LATENT, other, 0.0) is LATENT
    assert torch.equal(add_latents(LATENT, other, -1.0).samples, LATENT.samples - 1)
    noisy = inject_noise(LATENT, 0.5, 3).samples - LATENT.samples
    assert noisy.std().item() == pytest.approx(0.5, rel=0.1) and inject_noise(LATENT, 0.0) is LATENT
    assert torch.equal(inject_noise(LATENT, 0.5, 3).samples, inject_noise(LATENT, 0.5, 3).samples)


def test_a_mask_goes_along() -> None:
    masked = set_noise_mask(LATENT, RIGHT)
    assert masked.mask is not None and LATENT.mask is None
    flipped = flip_latent(masked).mask
    assert flipped is not None and torch.equal(flipped[:, :, 0], torch.ones(1, 12))
    again = Latent.from_bytes(masked.to_bytes())
    assert (
        again.mask is not None and torch.equal(again.mask, RIGHT.coverage) and masked.nbytes > LATENT.nbytes
    )


def paint(latent: Latent, strength: float = 1.0, seed: int = 0) -> Tensor:
    sigmas = flow_schedule(6, strength=strength)
    return sample(Recorder(), MODEL, NoGuidance(prompt(MODEL)), euler(), sigmas, latent, seed).samples


@pytest.mark.parametrize("strength", [1.0, 0.5])
def test_inpainting_keeps_what_is_outside(strength: float) -> None:
    painted = paint(set_noise_mask(LATENT, RIGHT), strength)
    assert torch.allclose(painted[..., :8], LATENT.samples[..., :8], atol=1e-5)
    assert (painted[..., 8:] - LATENT.samples[..., 8:]).abs().mean() > 0.1


def test_masks_that_change_nothing_or_everything() -> None:
    white, black = Mask(torch.ones(1, 8, 8)), Mask(torch.zeros(1, 8, 8))
    assert torch.equal(paint(set_noise_mask(LATENT, white)), paint(LATENT))
    assert torch.allclose(paint(set_noise_mask(LATENT, black)), LATENT.samples, atol=1e-5)


def test_greys_mix_or_say_from_when_on() -> None:
    grey = Mask(torch.full((1, 8, 8), 0.5))
    mixed = paint(set_noise_mask(LATENT, grey))
    late = paint(set_noise_mask(LATENT, grey, differential=True))
    assert not torch.allclose(mixed, late)
    steps = [1 - step / 6 for step in range(7)]
    white_later = set_noise_mask(LATENT, grey, differential=True)
    assert white_later.differential and [sigma <= 0.5 for sigma in steps].index(True) == 3
    halves = Mask(torch.cat([torch.full((1, 96, 64), 0.5), torch.ones(1, 96, 64)], dim=2))
    both = paint(set_noise_mask(LATENT, halves, differential=True))
    distance = (both - LATENT.samples).abs().mean((0, 1, 2))
    assert distance[:7].mean() < distance[9:].mean(), "a darker place changes less"

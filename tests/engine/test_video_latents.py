"""Clips as latents and back, for the autoencoder of every video family."""

from copy import deepcopy
from dataclasses import replace

import pytest
import torch

from app.engine.families import FAMILIES
from app.engine.latents.time_tiling import decode_in_stretches
from app.engine.media import Image, Latent, Mask, Video
from app.graph.problem import Refusal
from nodes.latents.decode_latent import decode_latent
from nodes.latents.decode_tiled import decode_tiled
from nodes.latents.encode_for_inpaint import encode_for_inpaint
from nodes.latents.encode_image import encode_image
from nodes.latents.repeat_latent import repeat_latent
from nodes.latents.set_noise_mask import set_noise_mask
from nodes.video.encode_video import encode_video
from tests.tiny.recorder import Recorder
from tests.tiny.runs import run
from tests.tiny.video_vaes import MODULES, vae
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import ZOO, build


def clip(frames: int, height: int = 64, width: int = 96) -> Image:
    return Image(torch.rand(frames, height, width, 3, generator=torch.Generator().manual_seed(1)))


def test_every_video_family_has_a_tiny_autoencoder() -> None:
    assert {family.name for family in FAMILIES if family.latent.frames} == set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_a_clip_becomes_a_latent_and_a_clip_again(name: str) -> None:
    coder, form = vae(name), vae(name).family.latent
    frames = 1 + 2 * form.frame_downscale
    latent = encode_image(coder, clip(frames))
    assert latent.family == name and latent.samples.shape[0] == 1
    assert latent.samples.shape[2:] == (3 + form.lead, 64 // form.downscale, 96 // form.downscale)
    assert decode_latent(coder, latent).pixels.shape == (frames, 64, 96, 3)
    still = encode_image(coder, clip(1))
    assert still.samples.shape[2] == 1 + form.lead == form.latent_frames(1)
    assert decode_latent(coder, still).pixels.shape == (1, 64, 96, 3)


@pytest.mark.parametrize("name", MODULES)
def test_a_length_that_does_not_fit_is_refused_with_the_nearest(name: str) -> None:
    step = vae(name).family.latent.frame_group
    with pytest.raises(Refusal, match=f"has {2 * step} frames.*1 more than a multiple of {step}") as refusal:
        encode_image(vae(name), clip(2 * step))
    assert f"nearest length is {2 * step + 1}" in str(refusal.value.remedy)


def test_a_video_is_encoded_from_its_first_frames() -> None:
    pixels = clip(7)
    video = Video((pixels.pixels * 255).to(torch.uint8), 16.0)
    latent = encode_video(vae("wan"), video, length=5)
    alike = encode_image(vae("wan"), Image(video.frames[:5].float() / 255))
    assert torch.equal(latent.samples, alike.samples) and latent.samples.shape[2] == 2
    with pytest.raises(Refusal, match="has 7 frames"):
        encode_video(vae("wan"), video)
    with pytest.raises(Refusal, match="9 are asked for"):
        encode_video(vae("wan"), video, length=9)


def test_masks_of_frames_become_masks_of_latent_frames() -> None:
    latent = encode_image(vae("wan"), clip(9))
    coverage = torch.zeros(9, 64, 96)
    coverage[6, :32] = 1
    masked = set_noise_mask(latent, Mask(coverage))
    assert masked.mask is not None and masked.mask.shape == (1, 3, 64, 96)
    assert masked.mask[0, :, 0, 0].tolist() == [0, 0, 1] and not masked.mask[:, :, 32:].any()
    assert torch.equal(set_noise_mask(latent, Mask(coverage[4:7])).mask, coverage[None, 4:7])
    assert repeat_latent(masked, 2).samples.shape[0] == 2
    with pytest.raises(Refusal, match="has 4 entries, and 9 are needed"):
        set_noise_mask(latent, Mask(coverage[:4]))


def test_a_hole_in_every_frame() -> None:
    hole = torch.zeros(1, 64, 96)
    hole[:, :32] = 1
    latent = encode_for_inpaint(vae("wan"), clip(5), Mask(hole), grow=0)
    assert latent.mask is not None and latent.mask.shape == (1, 2, 64, 96)
    assert isinstance(latent, Latent) and latent.samples.shape[2] == 2


@pytest.mark.parametrize("name", ["wan", "ltx-video"])
def test_time_in_stretches(name: str) -> None:
    """Stretches that meet without gap or repetition, as many frames as the whole."""
    coder, step = vae(name), vae(name).family.latent.frame_downscale
    latent = encode_image(coder, clip(1 + 6 * step, 32, 32))
    whole = coder.decode(latent).pixels
    for frames, overlap in ((3 * step, step), (4 * step, 2 * step)):
        parts = decode_tiled(Recorder(), coder, latent, 512, 64, frames, overlap).pixels
        assert parts.shape == whole.shape
        if name == "wan":  # whose frames see their past only
            assert torch.allclose(parts[:step], whole[:step], atol=1e-5)
        assert (parts - whole).abs().mean() < (whole - whole.mean(0)).abs().mean()
    assert torch.equal(decode_tiled(Recorder(), coder, latent, frames=100).pixels, whole)
    batch = repeat_latent(latent, 2)
    twice = decode_tiled(Recorder(), coder, batch, 512, 64, 3 * step, step).pixels
    once = decode_tiled(Recorder(), coder, latent, 512, 64, 3 * step, step).pixels
    assert torch.allclose(twice, torch.cat([once, once]), atol=1e-5)


@pytest.mark.parametrize("name", ["wan", "cogvideox-1.5"])
def test_stretches_of_time_are_mixed_evenly(name: str) -> None:
    """A decoder that says where each frame lies: mixing gives every frame its own place back."""
    form = vae(name).family.latent
    latent = Latent(torch.arange(-float(form.lead), 9.0).reshape(1, 1, -1, 1, 1), name)

    def decode(part: Latent) -> Image:
        places = part.samples.flatten()[form.lead :] * form.frame_downscale
        later = [place - back for place in places[1:] for back in (3, 2, 1, 0)]
        frames = torch.tensor([places[0], *later]) / 100
        return Image(frames.reshape(-1, 1, 1, 1).expand(-1, 1, 1, 3).clone())

    for frames, overlap in ((8, 4), (16, 8), (20, 12), (12, 4)):
        pixels = decode_in_stretches(latent, form, frames, overlap, decode).pixels[:, 0, 0, 0]
        assert torch.allclose(pixels * 100, torch.arange(33.0), atol=1e-4)


@pytest.mark.parametrize("name", [name for name in MODULES if name in ZOO])
def test_bfloat16_as_on_a_gpu(name: str) -> None:
    model = build(name)
    module = deepcopy(model.module)
    precise = getattr(module, "_keep_in_fp32_modules", None) or ()
    for path, parameter in module.named_parameters():
        if not any(word in path.split(".") for word in precise):
            parameter.data = parameter.data.bfloat16()
    rounded, exact = run(replace(model, module=module)), run(model)
    assert rounded.isfinite().all() and (rounded - exact).std() < 0.2 * exact.std()
    coder = replace(vae(name), module=deepcopy(vae(name).module).bfloat16())
    latent = encode_image(coder, clip(9, 32, 32))
    assert latent.samples.dtype == torch.float32 and decode_latent(coder, latent).pixels.shape[0] == 9

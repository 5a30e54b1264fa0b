"""Models with channels beside the latent: the same latents as diffusers' pipelines, and clear refusals."""

import warnings
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.families import family_for
from app.engine.latents.vae import Vae
from app.engine.media import Image, Latent, Mask
from app.engine.model import Model
from app.engine.sampling import Guider, Sampling, Sigmas
from app.graph.problem import Refusal
from nodes.conditioning.combine_conditionings import combine_conditionings
from nodes.conditioning.control_conditioning import control_conditioning
from nodes.conditioning.inpaint_conditioning import inpaint_conditioning
from nodes.conditioning.limit_to_area import limit_to_area
from nodes.conditioning.reference_latent import reference_latent
from nodes.guidance.cfg import Cfg
from nodes.guidance.no_guidance import NoGuidance
from nodes.guidance.normalized_attention_guidance import normalized_attention_guidance
from nodes.samplers.euler import Euler
from tests.contracts.techniques import TECHNIQUES
from tests.tiny.layouts import autoencoder, transformer
from tests.tiny.recorder import Recorder
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import prompt

CHANNELS = {"fill": 384, "control": 128, "plain": 64}
SIGMAS = Sigmas((1.0, 0.6, 0.0))
WIDTH, HEIGHT = 48, 32


@cache
def model(kind: str) -> Model:
    module = transformer("flux", in_channels=CHANNELS[kind], out_channels=64, guidance_embeds=True)
    return Model(module, family_for(module))


@cache
def vae() -> Vae:
    """Return an autoencoder that scales as Flux's and adds no noise, which diffusers draws from it."""
    module: Any = autoencoder("kl")
    module.register_to_config(scaling_factor=0.3611, shift_factor=0.1159)
    module.encoder.conv_out.bias[16:] = -100
    return Vae(module, model("plain").family)


def picture(seed: int = 1, count: int = 1) -> Image:
    return Image(torch.rand(count, HEIGHT, WIDTH, 3, generator=torch.Generator().manual_seed(seed)))


def hole() -> Mask:
    coverage = torch.zeros(1, HEIGHT, WIDTH)
    coverage[:, 5:20, 11:30] = 1
    return Mask(coverage)


def start(batch: int = 1) -> Tensor:
    return torch.randn(batch, 16, HEIGHT // 8, WIDTH // 8, generator=torch.Generator().manual_seed(7))


def sample(kind: str, conditioning: Conditioning | Guider, noisy: Tensor | None = None) -> Tensor:
    guider = NoGuidance(conditioning) if isinstance(conditioning, Conditioning) else conditioning
    return Sampling(model(kind), guider, Euler(), SIGMAS).walk(
        start() if noisy is None else noisy, Recorder()
    )


def diffusers_says(pipeline: Any, kind: str, **given: Any) -> Tensor:
    """Return the latent that diffusers' own pipeline samples from the same noise and prompt."""
    import diffusers

    scheduler: Any = diffusers.FlowMatchEulerDiscreteScheduler

    told = prompt(model(kind))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of imports of its own
        pipe = pipeline(scheduler(), vae().module, None, None, None, None, model(kind).module)
        pipe.set_progress_bar_config(disable=True)
        pipe.vae_scale_factor = 8
        packed = pipe._pack_latents(start(), 1, 16, HEIGHT // 8, WIDTH // 8)
        sampled = pipe(
            prompt_embeds=told.tokens,
            pooled_prompt_embeds=told.pooled,
            height=HEIGHT,
            width=WIDTH,
            sigmas=list(SIGMAS.values[:-1]),
            num_inference_steps=SIGMAS.steps,
            guidance_scale=told.embedded_guidance,
            latents=packed,
            output_type="latent",
            **given,
        ).images
    unpacked: Tensor = pipe._unpack_latents(sampled, HEIGHT, WIDTH, 8)
    return unpacked


def test_fill_samples_as_diffusers_does() -> None:
    from diffusers import FluxFillPipeline

    told = prompt(model("fill"))
    positive, _, latent = inpaint_conditioning(told, told, vae(), picture(), hole())
    theirs = diffusers_says(
        FluxFillPipeline, "fill", image=picture().pixels.movedim(-1, 1), mask_image=hole().coverage[:, None]
    )
    ours = sample("fill", positive)
    assert torch.allclose(ours, theirs, atol=1e-4), float((ours - theirs).abs().max())
    assert latent.mask is not None and torch.equal(latent.samples, vae().encode(picture()).samples)
    assert inpaint_conditioning(told, told, vae(), picture(), hole(), keep_outside=False).latent.mask is None


def test_canny_and_depth_sample_as_diffusers_does() -> None:
    from diffusers import FluxControlPipeline

    told = prompt(model("control"))
    positive, _, latent = control_conditioning(told, told, vae(), picture())
    given = picture().pixels.movedim(-1, 1) * 2 - 1
    theirs = diffusers_says(FluxControlPipeline, "control", control_image=given)
    ours = sample("control", positive)
    assert torch.allclose(ours, theirs, atol=1e-4), float((ours - theirs).abs().max())
    assert latent.samples.shape == start().shape and not latent.samples.any()


def test_kontext_samples_as_diffusers_does() -> None:
    """It takes nothing beside the latent: the picture that it edits is further tokens."""
    from diffusers import FluxKontextPipeline

    told = reference_latent(prompt(model("plain")), vae().encode(picture()))
    given = {"image": picture().pixels.movedim(-1, 1), "_auto_resize": False, "max_area": WIDTH * HEIGHT}
    theirs = diffusers_says(FluxKontextPipeline, "plain", **given)
    ours = sample("plain", told)
    assert torch.allclose(ours, theirs, atol=1e-4), float((ours - theirs).abs().max())
    assert not torch.allclose(ours, sample("plain", prompt(model("plain"))), atol=1e-2)


def test_a_batch_is_its_pictures_one_by_one() -> None:
    told, two = prompt(model("fill")), picture(count=2)
    positive, negative, _ = inpaint_conditioning(told, prompt(model("fill"), 3), vae(), two, hole())
    both = sample("fill", Cfg(positive, negative, 2.0), start(2))
    for row in range(2):
        one = inpaint_conditioning(
            told, prompt(model("fill"), 3), vae(), Image(two.pixels[row : row + 1]), hole()
        )
        alone = sample("fill", Cfg(one.positive, one.negative, 2.0), start(2)[row : row + 1])
        assert torch.allclose(both[row], alone[0], atol=1e-4)
    nag = normalized_attention_guidance(positive, negative)
    assert sample("fill", nag, start(2)).isfinite().all()


def test_an_area_sees_its_part_of_the_picture() -> None:
    positive = inpaint_conditioning(
        prompt(model("fill")), prompt(model("fill")), vae(), picture(), hole()
    ).positive
    half = limit_to_area(positive, 0.5, 0.0, 0.5, 1.0)
    result = sample("fill", combine_conditionings(positive, half))
    assert result.isfinite().all() and not torch.allclose(result, sample("fill", positive))


def test_a_model_that_takes_no_mask_is_not_told_of_the_hole() -> None:
    told = prompt(model("plain"))
    positive = inpaint_conditioning(told, told, vae(), picture(), hole()).positive
    assert torch.equal(sample("plain", positive), sample("plain", told))


def test_what_is_missing_or_too_much_is_said() -> None:
    told = prompt(model("fill"))
    filling = inpaint_conditioning(told, told, vae(), picture(), hole()).positive
    following = control_conditioning(told, told, vae(), picture()).positive
    for kind, given, message in (
        ("fill", told, "takes 80 channels beside the latent, and the prompt brings none"),
        ("control", told, "takes 16 channels beside the latent, and the prompt brings none"),
        ("control", filling, "takes 16 channels there"),
        ("fill", following, "takes 80 channels there"),
        ("plain", following, "takes no channels there"),
    ):
        with pytest.raises(Refusal, match=message) as refused:
            sample(kind, given)
        wanted = {"fill": "Inpaint conditioning", "control": "Control conditioning", "plain": "Remove"}[kind]
        assert wanted in refused.value.remedy
    with pytest.raises(Refusal, match="takes 80 channels there"):
        sample("fill", filling, start()[..., :4])
    with pytest.raises(Refusal, match="not references"):
        sample("fill", reference_latent(filling, Latent(start(), "flux")))


def test_what_stands_beside_is_kept_with_the_prompt() -> None:
    told = prompt(model("fill"))
    filling = inpaint_conditioning(told, told, vae(), picture(), hole()).positive
    again = Conditioning.from_bytes(filling.to_bytes())
    assert again.beside is not None and filling.beside is not None
    assert torch.equal(again.beside, filling.beside) and filling.nbytes > told.nbytes


@pytest.mark.parametrize("name", ["first_block_cache", "taylor_seer", "token_merging", "clear_window"])
def test_techniques_work_beside_it(name: str) -> None:
    told, technique = prompt(model("fill")), TECHNIQUES[name]
    filling = inpaint_conditioning(told, told, vae(), picture(), hole()).positive
    plain = sample("fill", filling)
    handle = model("fill")
    for patch, same in ((technique.neutral, True), (technique.active, False)):
        patched = Sampling(handle.with_patch(patch), NoGuidance(filling), Euler(), SIGMAS)
        result = patched.walk(start(), Recorder())
        assert result.isfinite().all() and (not same or torch.equal(result, plain))

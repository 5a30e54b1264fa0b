"""CogVideoX 1.5 and the models that animate a picture, against what diffusers' pipelines tell them."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from diffusers import CogVideoXImageToVideoPipeline, CogVideoXTransformer3DModel
from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.families import FAMILIES
from app.engine.families.cogvideox import positions
from app.engine.imaging.resizing import resize
from app.engine.installation import open_run
from app.engine.media import Image, Latent
from app.engine.model import Model
from app.engine.prediction import ModelInput
from app.engine.sampling import Sampling
from app.graph.problem import Refusal
from nodes.guidance.no_guidance import NoGuidance
from nodes.latents.decode_latent import decode_latent
from nodes.samplers.euler import Euler
from nodes.schedules.cogvideox_schedule import cogvideox_schedule
from nodes.video.empty_video_latent import empty_video_latent
from nodes.video.image_to_video import image_to_video
from tests.tiny.networks import HEADS, TEXT, TEXT_WIDTH
from tests.tiny.patches import Identity, SomeTokens
from tests.tiny.recorder import Recorder
from tests.tiny.runs import SIGMAS, STEPS, close
from tests.tiny.video_vaes import vae
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here

SIZE: Any = {"width": 96, "height": 64, "length": 9}
NEWER: Any = {"patch_size_t": 2, "patch_bias": False, "ofs_embed_dim": 8}
VERSIONS = {"cogvideox": {}, "cogvideox-1.5": NEWER}
PICTURE = Image(torch.rand(1, 80, 80, 3, generator=torch.Generator().manual_seed(1)))


def animating(name: str, **changes: Any) -> Model:
    """A model that takes a picture beside the latent, of 4 channels each."""
    sizes = {"num_layers": 2, "time_embed_dim": 8, "text_embed_dim": TEXT_WIDTH, "max_text_seq_length": TEXT}
    torch.manual_seed(0)
    arguments = {**sizes, **HEADS, **VERSIONS[name], **changes}
    module = CogVideoXTransformer3DModel(
        in_channels=8, out_channels=4, use_rotary_positional_embeddings=True, **arguments
    )
    family = next(known for known in FAMILIES if known.name == name)
    return Model(module.eval().requires_grad_(False), family)


def prompt(name: str) -> Conditioning:
    tokens = torch.randn(1, TEXT, TEXT_WIDTH, generator=torch.Generator().manual_seed(2))
    return Conditioning(tokens, None, name)


def sampled(model: Model, told: Conditioning, latent: Latent, watcher: Recorder | None = None) -> Tensor:
    sampling = Sampling(model, NoGuidance(told), Euler(), SIGMAS)
    return sampling.run(latent, 3, watcher or Recorder()).samples


@pytest.mark.parametrize("name", VERSIONS)
def test_the_first_frame_is_given_as_diffusers_gives_it(name: str) -> None:
    told = image_to_video(prompt(name), prompt(name), vae(name), PICTURE, **SIZE)
    pixels = resize(PICTURE, 96, 64, crop=True, method="bilinear").pixels.movedim(-1, 1) * 2 - 1
    coder: Any = vae(name).module
    pipeline: Any = SimpleNamespace(
        vae=SimpleNamespace(
            encode=lambda x: SimpleNamespace(latents=coder.encode(x).latent_dist.mode()),
            config=SimpleNamespace(invert_scale_latents=name == "cogvideox-1.5"),
        ),
        transformer=SimpleNamespace(config=SimpleNamespace(patch_size_t=VERSIONS[name].get("patch_size_t"))),
        scheduler=SimpleNamespace(init_noise_sigma=1.0),
        vae_scale_factor_temporal=4,
        vae_scale_factor_spatial=8,
        vae_scaling_factor_image=coder.config.scaling_factor,
    )
    noise, expected = CogVideoXImageToVideoPipeline.prepare_latents(
        pipeline,
        pixels,
        1,
        4,
        9,
        64,
        96,
        torch.float32,
        torch.device("cpu"),
        torch.Generator().manual_seed(0),
    )
    beside = told.positive.beside
    assert beside is not None and told.latent.samples.shape == noise.transpose(1, 2).shape
    assert torch.allclose(beside, expected.transpose(1, 2), atol=1e-5)


@pytest.mark.parametrize("name", VERSIONS)
def test_positions_are_those_of_diffusers(name: str) -> None:
    model = animating(name, sample_width=12, sample_height=8)
    latent = torch.zeros(1, 4, 4, 8, 12)
    pipeline: Any = SimpleNamespace(transformer=model.module, vae_scale_factor_spatial=8)
    theirs = CogVideoXImageToVideoPipeline._prepare_rotary_positional_embeddings(
        pipeline, 64, 96, 4, torch.device("cpu")
    )
    ours = positions(model.module, latent)
    assert ours is not None and all(torch.equal(*pair) for pair in zip(ours, theirs, strict=True))
    larger = positions(model.module, torch.zeros(1, 4, 4, 16, 24))
    assert larger is not None and len(larger[0]) == 4 * len(theirs[0])


@pytest.mark.parametrize("name", VERSIONS)
def test_a_picture_becomes_a_video(name: str) -> None:
    """Patches see every block, module and attention; the picture counts; frames come out as asked for."""
    model, coder = animating(name), vae(name)
    told = image_to_video(prompt(name), prompt(name), coder, PICTURE, **SIZE)
    plain, watcher = sampled(model, told.positive, told.latent), Recorder()
    assert torch.equal(sampled(model.with_patch(Identity()), told.positive, told.latent, watcher), plain)
    assert watcher.reports[0]["cond"] == {"model": STEPS, "block": 8, "module": 16, "attention": 8}
    other = image_to_video(prompt(name), prompt(name), coder, Image(1 - PICTURE.pixels), **SIZE)
    assert not torch.allclose(sampled(model, other.positive, other.latent), plain)
    latent = Latent(plain, name)
    assert decode_latent(coder, latent).pixels.shape == (9, 64, 96, 3)
    with pytest.raises(Refusal, match="takes none at the end"):
        image_to_video(prompt(name), prompt(name), coder, PICTURE, PICTURE, **SIZE)


@pytest.mark.parametrize("name", VERSIONS)
def test_some_tokens_equal_all(name: str) -> None:
    model = animating(name)
    deep = model.family.latent.patch[0]
    samples = torch.randn(1, 4, 2 * deep, 8, 12, generator=torch.Generator().manual_seed(1))
    given = ModelInput(samples, 0.6, replace(prompt(name), beside=samples.flip(0)))
    chosen = torch.randperm(2 * 24, generator=torch.Generator().manual_seed(3))[:16]
    with torch.no_grad(), open_run(model.with_patch(SomeTokens(chosen))) as run:
        whole, some = (run(given, index=i, total=2, evaluation=0, branch="cond") for i in range(2))
    assert whole.shape == samples.shape and close(whole, some)


def test_a_length_is_cut_to_whole_tokens_and_a_leading_frame() -> None:
    model = animating("cogvideox-1.5")
    shapes = {length: empty_video_latent(model, 96, 64, length).samples.shape[2] for length in (1, 16, 81)}
    assert shapes == {1: 2, 16: 4, 81: 22}, "as in diffusers, where 81 frames are 21 and one more"
    assert cogvideox_schedule(model, 4).values[0] == 1


def test_learnt_places_are_for_one_size_and_length_of_prompt() -> None:
    model = animating(
        "cogvideox", sample_width=12, sample_height=8, sample_frames=9, use_learned_positional_embeddings=True
    )
    told = image_to_video(prompt("cogvideox"), prompt("cogvideox"), vae("cogvideox"), PICTURE, **SIZE)
    assert sampled(model, told.positive, told.latent).isfinite().all()
    larger = image_to_video(
        prompt("cogvideox"), prompt("cogvideox"), vae("cogvideox"), PICTURE, width=128, height=64, length=9
    )
    with pytest.raises(Refusal, match="learnt places for 96 x 64 pixels; the latent is for 128 x 64"):
        sampled(model, larger.positive, larger.latent)
    longer = replace(told.positive, tokens=told.positive.tokens.repeat(1, 2, 1))
    with pytest.raises(Refusal, match=f"has {2 * TEXT} tokens; this CogVideoX model takes {TEXT}"):
        sampled(model, longer, told.latent)

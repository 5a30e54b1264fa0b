"""Videos from pictures: frames given beside the latent, and frames held in it."""

from copy import deepcopy
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.families import family_for
from app.engine.families.ltx_video import places
from app.engine.imaging.resizing import resize
from app.engine.installation import open_run
from app.engine.media import Image, Latent
from app.engine.model import Model
from app.engine.prediction import ModelInput
from app.engine.prompts.clip_vision import VisionTokens
from app.engine.sampling import Sampling
from app.graph.problem import Refusal
from nodes.conditioning.combine_conditionings import combine_conditionings
from nodes.conditioning.limit_to_area import limit_to_area
from nodes.conditioning.video_frame_rate import video_frame_rate
from nodes.guidance.no_guidance import NoGuidance
from nodes.samplers.euler import Euler
from nodes.samplers.sample_section import sample_section
from nodes.schedules.ltx_schedule import ltx_schedule
from nodes.video.image_to_video import image_to_video
from nodes.video.video_latent_from_image import video_latent_from_image
from tests.tiny.patches import Identity, SomeTokens
from tests.tiny.recorder import Recorder
from tests.tiny.runs import SIGMAS, STEPS, close
from tests.tiny.video_vaes import vae
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import TEXT, TEXT_WIDTH, build, prompt

PROMPT = Conditioning(
    torch.randn(1, TEXT, TEXT_WIDTH, generator=torch.Generator().manual_seed(2)), None, "wan"
)
SIZE: Any = {"width": 96, "height": 64}


def picture(frames: int = 1, seed: int = 1) -> Image:
    return Image(torch.rand(frames, 80, 80, 3, generator=torch.Generator().manual_seed(seed)))


def wan(**changes: object) -> Model:
    """A Wan that animates: 16 channels of noise and 20 beside them."""
    from diffusers import WanTransformer3DModel

    torch.manual_seed(0)
    sizes = {"num_attention_heads": 2, "attention_head_dim": 12, "text_dim": TEXT_WIDTH, "freq_dim": 16}
    module = WanTransformer3DModel(
        in_channels=36, out_channels=16, ffn_dim=48, num_layers=2, rope_max_seq_len=32, **sizes, **changes
    )
    return Model(module.eval().requires_grad_(False), family_for(module))


def made(model: Model, conditioning: Conditioning, latent: Latent) -> Tensor:
    sampling = Sampling(model, NoGuidance(conditioning), Euler(), SIGMAS)
    return sampling.run(latent, 3, Recorder()).samples


def test_first_and_last_frames_stand_beside_the_latent() -> None:
    told = image_to_video(
        PROMPT, PROMPT, vae("wan"), picture(), picture(seed=2), length=9, batch_size=2, **SIZE
    )
    beside = told.positive.beside
    assert beside is not None and beside.shape == (1, 20, 3, 8, 12) and told.negative.beside is beside
    assert beside[0, :4, :, 0, 0].T.tolist() == [[1, 1, 1, 1], [0, 0, 0, 0], [0, 0, 0, 1]]
    alone = image_to_video(PROMPT, PROMPT, vae("wan"), picture(), length=9, **SIZE).positive.beside
    assert alone is not None and torch.equal(alone[:, 4:, :1], beside[:, 4:, :1])
    assert not torch.equal(alone[:, 4:, 2], beside[:, 4:, 2])
    assert told.latent.samples.shape == (2, 16, 3, 8, 12) and not told.latent.samples.any()


def test_a_model_without_vision_animates_the_picture() -> None:
    first, second = (
        image_to_video(PROMPT, PROMPT, vae("wan"), picture(seed=seed), length=5, **SIZE) for seed in (1, 2)
    )
    model = wan()
    assert (model.channels, model.beside) == (16, 20)
    one = made(model, first.positive, first.latent)
    assert one.shape == first.latent.samples.shape
    assert not torch.allclose(one, made(model, second.positive, second.latent))


@pytest.mark.parametrize("pictures", [1, 2])
def test_a_model_with_vision_reads_the_tokens_of_its_pictures(pictures: int) -> None:
    places = {} if pictures == 1 else {"pos_embed_seq_len": 14}
    model = wan(image_dim=10, added_kv_proj_dim=24, **places)
    tokens = [
        VisionTokens(torch.randn(1, 7, 10, generator=torch.Generator().manual_seed(s))) for s in range(3)
    ]

    def animate(*seen: VisionTokens) -> Tensor:
        told = image_to_video(PROMPT, PROMPT, vae("wan"), picture(), None, *seen, length=5, **SIZE)
        return made(model, told.positive, told.latent)

    other = animate(*tokens[1 : pictures + 1])
    assert not torch.allclose(animate(*tokens[:pictures]), other)
    with pytest.raises(Refusal, match=f"of a vision encoder, for {pictures} picture.*none came"):
        animate()


def test_techniques_on_cross_attention_see_the_text_only() -> None:
    model = wan(image_dim=10, added_kv_proj_dim=24)
    full = PROMPT.each(tokens=torch.nn.functional.pad(PROMPT.tokens, (0, 0, 0, 512 - TEXT)))
    seen = VisionTokens(torch.randn(1, 7, 10, generator=torch.Generator().manual_seed(1)))
    told = image_to_video(full, full, vae("wan"), picture(), start_vision=seen, length=5, **SIZE)
    watcher = Recorder()
    sampling = Sampling(model.with_patch(Identity()), NoGuidance(told.positive), Euler(), SIGMAS)
    assert torch.equal(sampling.run(told.latent, 3, watcher).samples, made(model, told.positive, told.latent))
    assert watcher.reports[0]["cond"] == {"model": STEPS, "block": 8, "module": 24, "attention": 16}


def test_what_does_not_belong_together_is_refused() -> None:
    with pytest.raises(Refusal, match="no picture to animate"):
        image_to_video(PROMPT, PROMPT, vae("wan"), **SIZE)
    with pytest.raises(Refusal, match="knows no hunyuan-video model that animates") as refusal:
        image_to_video(PROMPT, PROMPT, vae("hunyuan-video"), picture(), **SIZE)
    with pytest.raises(Refusal, match="takes none at the end"):
        image_to_video(PROMPT, PROMPT, vae("ltx-video"), picture(), picture(), **SIZE)
    assert "Video latent from image" in refusal.value.remedy
    with pytest.raises(Refusal, match="needs multiples of 16"):
        image_to_video(PROMPT, PROMPT, vae("wan"), picture(), width=100, height=64)
    empty = Latent(torch.zeros(1, 16, 2, 8, 12), "wan")
    with pytest.raises(Refusal, match="takes 20 channels beside the latent") as refusal:
        made(wan(), PROMPT, empty)
    assert "Image to video" in refusal.value.remedy
    told = image_to_video(PROMPT, PROMPT, vae("wan"), picture(), length=5, **SIZE)
    with pytest.raises(Refusal, match="takes no channels there"):
        made(build("wan"), told.positive, Latent(torch.zeros(1, 4, 2, 8, 12), "wan"))


def test_two_experts_take_turns() -> None:
    """Wan 2.2: one model for much noise, one for little; two sections of the same one are one run."""
    told = image_to_video(PROMPT, PROMPT, vae("wan"), picture(), length=5, **SIZE)
    high, guider = wan(), NoGuidance(told.positive)
    low = replace(high, module=deepcopy(high.module))
    parts: Any = {"guider": guider, "sampler": Euler(), "sigmas": SIGMAS, "seed": 3}
    first, _ = sample_section(Recorder(), high, latent=told.latent, end_step=2, **parts)
    second, _ = sample_section(Recorder(), low, latent=first, add_noise=False, start_step=2, **parts)
    assert close(second.samples, made(high, told.positive, told.latent))


def ltx_latent(strength: float = 1.0) -> Latent:
    told = image_to_video(
        PROMPT, PROMPT, vae("ltx-video"), picture(), length=17, strength=strength, batch_size=1, **SIZE
    )
    assert told.positive.beside is None and told.positive.vision is None
    latent = told.latent
    return replace(latent, samples=latent.samples[:, :4])  # as many channels as the tiny transformer has


def test_the_first_frame_stays_and_the_rest_is_made() -> None:
    model, latent = build("ltx-video"), ltx_latent()
    result = made(model, prompt(model), latent)
    assert latent.mask is not None and latent.mask.flatten().tolist() == [0, 1, 1]
    assert torch.allclose(result[:, :, 0], latent.samples[:, :, 0], atol=1e-6)
    assert result[:, :, 1:].std() > 0
    weak = made(model, prompt(model), ltx_latent(strength=0.5))
    assert not torch.allclose(weak[:, :, 0], latent.samples[:, :, 0], atol=1e-3)


def test_held_frames_are_shown_clean_and_said_to_be() -> None:
    """With nothing held, a level for each token is the one level of all."""
    model = build("ltx-video")
    given = ModelInput(ltx_latent().samples + 0.5, 0.6, prompt(model))
    held = torch.ones(1, 1, 3, 2, 3)

    def ask(given: ModelInput) -> Tensor:
        with torch.no_grad(), open_run(model) as run:
            return run(given, index=0, total=1, evaluation=0, branch="cond")

    assert close(ask(given), ask(replace(given, shares=held)))
    held[:, :, 0] = 0
    assert not torch.allclose(ask(given), ask(replace(given, shares=held)), atol=1e-4)
    times = replace(given, shares=held).token_time((1, 1, 1), 1000)
    assert times.tolist() == [[0.0] * 6 + [pytest.approx(600)] * 12]


@pytest.mark.parametrize("name", ["wan-ti2v", "ltx-video"])
def test_some_tokens_equal_all_with_held_frames(name: str) -> None:
    model = build("ltx-video") if name == "ltx-video" else replace(build("wan"), family=vae(name).family)
    shares = torch.ones(1, 1, 3, 4, 6)
    shares[:, :, 0] = 0
    samples = torch.randn(1, 4, 3, 4, 6, generator=torch.Generator().manual_seed(1))
    given = ModelInput(samples, 0.6, replace(prompt(model), family=model.family.name), shares=shares)
    count = 3 * 24 if name == "ltx-video" else 3 * 6
    chosen = torch.randperm(count, generator=torch.Generator().manual_seed(3))[: count // 3]
    with torch.no_grad(), open_run(model.with_patch(SomeTokens(chosen))) as run:
        whole, some = (run(given, index=i, total=2, evaluation=0, branch="cond") for i in range(2))
    assert close(whole, some)


def test_prompts_for_areas_work_with_held_frames() -> None:
    model, latent = build("ltx-video"), ltx_latent()
    both = combine_conditionings(prompt(model), limit_to_area(prompt(model, 9), 0.5, 1.0, 0.5, 0.0, 1.0))
    result = made(model, both, latent)
    assert torch.allclose(result[:, :, 0], latent.samples[:, :, 0], atol=1e-6)


def test_wan_of_the_48_channels_holds_frames_too() -> None:
    latent = video_latent_from_image(vae("wan-ti2v"), picture(5), length=9, batch_size=2, **SIZE)
    assert latent.samples.shape == (2, 48, 3, 4, 6) and latent.family == "wan-ti2v"
    assert latent.mask is not None and latent.mask.flatten().tolist() == [0, 0, 1]
    empty = video_latent_from_image(vae("wan-ti2v"), length=9, **SIZE)
    assert empty.samples.shape == (1, 48, 3, 4, 6) and empty.mask is None
    with pytest.raises(Refusal, match="has 3 frames; wan-ti2v needs 1 more than a multiple of 4"):
        video_latent_from_image(vae("wan-ti2v"), picture(3), length=9, **SIZE)


def test_it_reads_the_prompts_of_its_sister() -> None:
    model = replace(build("wan"), family=vae("wan-ti2v").family)
    samples = torch.zeros(1, 4, 2, 4, 4)
    assert made(model, prompt(build("wan")), Latent(samples, "wan-ti2v")).isfinite().all()


def test_the_frame_rate_is_told() -> None:
    model, latent = build("ltx-video"), ltx_latent()
    slow, _ = video_frame_rate(prompt(model), prompt(model), 8.0)
    same, _ = video_frame_rate(prompt(model), prompt(model), 25.0)
    plain = made(model, prompt(model), latent)
    assert torch.equal(made(model, same, latent), plain) and not torch.equal(made(model, slow, latent), plain)


def test_the_schedule_of_ltx() -> None:
    """Its figures by hand: at 4096 cells the shift is e^2.05, and the last level is the terminal one."""
    levels = ltx_schedule(steps=4).values
    assert levels[0] == 1 and levels[-1] == 0 and levels[-2] == pytest.approx(0.1)
    plain = ltx_schedule(steps=4, stretch=False).values
    assert plain[2] == pytest.approx(2.05**0 * 7.767901 / (7.767901 + 1), abs=1e-5)
    assert ltx_schedule(steps=1).values == (1.0, 0.0)
    small = ltx_schedule(Latent(torch.zeros(1, 4, 1, 32, 32), "ltx-video"), steps=4, stretch=False).values
    assert small[2] == pytest.approx(2.585710 / 3.585710, abs=1e-5)


def theirs(name: str, last: bool = False) -> tuple[Tensor, ...]:
    """Return what diffusers' pipeline prepares for a first frame, and a last one, of 9 frames."""
    from diffusers import WanImageToVideoPipeline

    frames = [picture(seed=seed) for seed in (1, 2)]
    shown = [resize(frame, 96, 64, crop=True, method="bilinear").pixels for frame in frames]
    first, end = (pixels.movedim(-1, 1) * 2 - 1 for pixels in shown)
    form = vae(name).family.latent
    pipeline: Any = SimpleNamespace(
        vae=vae(name).module,
        config=SimpleNamespace(expand_timesteps=name == "wan-ti2v"),
        vae_scale_factor_temporal=form.frame_downscale,
        vae_scale_factor_spatial=form.downscale,
    )
    channels = vae(name).channels
    generator = torch.Generator().manual_seed(0)
    found: tuple[Tensor, ...] = WanImageToVideoPipeline.prepare_latents(
        pipeline, first, 1, channels, 64, 96, 9, torch.float32, torch.device("cpu"), generator,
        last_image=end if last else None,
    )  # fmt: skip
    return found


@pytest.mark.parametrize("last", [False, True])
def test_wan_is_told_what_diffusers_tells_it(last: bool) -> None:
    end = picture(seed=2) if last else None
    told = image_to_video(PROMPT, PROMPT, vae("wan"), picture(), end, length=9, **SIZE)
    _, beside = theirs("wan", last)
    assert told.positive.beside is not None and torch.allclose(told.positive.beside, beside, atol=1e-5)


def test_the_small_wan_holds_what_diffusers_holds() -> None:
    latent = video_latent_from_image(vae("wan-ti2v"), picture(), length=9, **SIZE)
    _, given, free = theirs("wan-ti2v")
    assert latent.mask is not None and torch.equal(latent.mask.reshape(1, 1, 3, 1, 1), free[..., :1, :1])
    assert torch.allclose(latent.samples[:, :, 0], given[:, :, 0], atol=1e-5)


def test_newer_ltx_counts_the_first_frame_once() -> None:
    """The places of diffusers' pipeline for conditions, where a file's settings ask for them."""
    from diffusers import LTXConditionPipeline

    model = build("ltx-video")
    given = ModelInput(torch.zeros(2, 4, 3, 2, 3), 0.5, replace(prompt(model), frame_rate=24.0))
    ids = torch.cartesian_prod(torch.arange(3), torch.arange(2), torch.arange(3)).T[None]
    expected = LTXConditionPipeline._scale_video_ids(ids).float()
    expected[:, 0] /= 24
    assert torch.allclose(places(given), expected.expand(2, -1, -1))
    assert model.family.arguments(model.module, given)["video_coords"] is None

"""HunyuanVideo 1.5 with words to spell and a picture to animate, against what diffusers tells it."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from diffusers import HunyuanVideo15ImageToVideoPipeline, HunyuanVideo15Pipeline
from diffusers.pipelines.hunyuan_video1_5.pipeline_hunyuan_video1_5 import extract_glyph_texts
from torch import Tensor
from transformers import ByT5Tokenizer

from app.engine.conditioning import Conditioning, stacked
from app.engine.families.hunyuan_video15 import HUNYUAN_VIDEO_15, first_frame, spelt
from app.engine.installation import open_run
from app.engine.media import Image
from app.engine.model import Model
from app.engine.prediction import ModelInput
from app.engine.prompts.clip_vision import VisionTokens
from app.engine.prompts.text_encoder import Tower
from app.engine.prompts.tokenizers import Tokenizer, byte_ids
from app.graph.problem import Refusal
from nodes.video.image_to_video import image_to_video
from tests.tiny.layouts import text_encoder
from tests.tiny.patches import Identity, SomeTokens
from tests.tiny.runs import close
from tests.tiny.video_vaes import vae
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import build, noise, prompt

PROMPTS = (
    "a cat",
    'a sign that says "OPEN" at night',
    'two signs: "für “Élise”" and “出口” and "OPEN" and "OPEN"',
)


@pytest.mark.parametrize("text", PROMPTS)
def test_words_in_quotes_are_read_as_diffusers_reads_them(text: str) -> None:
    assert spelt(text) == (extract_glyph_texts(text) or "")
    library = ByT5Tokenizer()
    for length in (256, 20):
        assert (
            byte_ids(spelt(text), length)
            == library(spelt(text), truncation=True, max_length=length).input_ids
        )


def test_the_speller_says_what_it_says_in_diffusers() -> None:
    assert HUNYUAN_VIDEO_15.prompting is not None
    role = HUNYUAN_VIDEO_15.prompting.towers[1]
    module = text_encoder("byt5", 384, d_model=24)
    ours = Tower(role, Tokenizer(byte_ids), module).encode(PROMPTS[1:2]).tokens
    theirs, mask = HunyuanVideo15Pipeline._get_byt5_prompt_embeds(
        ByT5Tokenizer(), module, PROMPTS[1], torch.device("cpu")
    )
    assert torch.allclose(ours, theirs[:, mask[0].bool()], atol=1e-5)
    assert Tower(role, Tokenizer(byte_ids), module).encode(PROMPTS[:1]).tokens.shape == (1, 0, 24)


def told(seed: int = 4, words: int = 3, seen: int = 0) -> Conditioning:
    """A prompt with words to spell, and perhaps a picture to look at."""
    random = torch.Generator().manual_seed(seed)
    spelling = torch.randn(1, words, 8, generator=random) if words else None
    vision = torch.randn(1, seen, 8, generator=random) if seen else None
    return replace(prompt(build("hunyuan-video-1.5")), spelling=spelling, vision=vision)


def ask(model: Model, given: ModelInput) -> Tensor:
    with torch.no_grad(), open_run(model) as asked:
        return asked(given, index=0, total=1, evaluation=0, branch="cond")


@pytest.mark.parametrize("seen", [0, 4])
def test_the_answer_is_that_of_the_padded_call(seen: int) -> None:
    """As diffusers' pipelines ask: everything filled up, with masks."""
    model, conditioning = build("hunyuan-video-1.5"), told(seen=seen)
    given = ModelInput(noise(model), 0.6, conditioning)
    assert conditioning.spelling is not None
    words = torch.nn.functional.pad(conditioning.spelling, (0, 0, 0, 5))
    text = torch.nn.functional.pad(conditioning.tokens, (0, 0, 0, 4))
    masks = [
        (torch.arange(x.shape[1]) < count)[None].long()
        for x, count in ((text, conditioning.tokens.shape[1]), (words, conditioning.spelling.shape[1]))
    ]
    picture = conditioning.vision if seen else torch.zeros(1, 4, 8)
    beside = torch.zeros(1, 5, *given.latent.shape[2:])
    with torch.no_grad():
        theirs = model.module(
            torch.cat([given.latent, beside], dim=1),
            timestep=torch.tensor([600.0]),
            encoder_hidden_states=text,
            encoder_attention_mask=masks[0],
            encoder_hidden_states_2=words,
            encoder_attention_mask_2=masks[1],
            image_embeds=picture,
            return_dict=False,
        )[0]
    assert close(ask(model, given), given.latent - 0.6 * theirs)


def test_words_and_pictures_count_and_patches_see_them() -> None:
    model, full = build("hunyuan-video-1.5"), told(seen=4)
    given = ModelInput(noise(model), 0.6, full)
    layout = model.family.layout(given)
    assert (layout.text, layout.lead) == (7 + full.tokens.shape[1], 7)
    plain = ask(model, given)
    for other in (replace(full, spelling=None), replace(full, vision=None), told(seed=5, seen=4)):
        assert not torch.allclose(ask(model, replace(given, conditioning=other)), plain)
    assert torch.equal(ask(model.with_patch(Identity()), given), plain)
    chosen = torch.randperm(144, generator=torch.Generator().manual_seed(3))[:48]
    with torch.no_grad(), open_run(model.with_patch(SomeTokens(chosen))) as asked:
        whole, some = (asked(given, index=i, total=2, evaluation=0, branch="cond") for i in range(2))
    assert close(whole, some)
    assert torch.equal(Conditioning.from_bytes(full.to_bytes()).spelling, full.spelling)  # type: ignore[arg-type]
    with pytest.raises(Refusal, match="words in quotes to be drawn cannot be asked as one batch"):
        stacked(full, full)
    with pytest.raises(Refusal, match="reads tokens of 8 numbers, and 6 came"):
        ask(model, replace(given, conditioning=replace(full, vision=torch.zeros(1, 4, 6))))


def test_a_first_frame_is_given_as_diffusers_gives_it() -> None:
    latents = torch.randn(1, 4, 3, 4, 6, generator=torch.Generator().manual_seed(0))
    still = latents[:, :, :1]
    pipeline: Any = SimpleNamespace(_get_image_latents=lambda **_: still, vae=None, video_processor=None)
    frame, mask = HunyuanVideo15ImageToVideoPipeline.prepare_cond_latents_and_mask(
        pipeline, latents, None, 1, 64, 96, torch.float32, torch.device("cpu")
    )
    samples, known = torch.zeros_like(latents), torch.tensor([1.0, 0, 0])
    samples[:, :, :1] = still
    assert torch.equal(first_frame(samples, known), torch.cat([frame, mask], dim=1))


def test_a_picture_becomes_a_video() -> None:
    model, size = build("hunyuan-video-1.5"), {"width": 96, "height": 64, "length": 5}
    picture = Image(torch.rand(1, 80, 80, 3, generator=torch.Generator().manual_seed(1)))
    seen = VisionTokens(torch.randn(1, 4, 8, generator=torch.Generator().manual_seed(2)))
    text, coder = prompt(model), vae("hunyuan-video-1.5")
    made = image_to_video(text, text, coder, picture, start_vision=seen, **size)  # type: ignore[arg-type]
    assert made.positive.beside is not None and made.positive.beside.shape == (1, 5, 2, 4, 6)
    assert made.positive.beside[0, 4, :, 0, 0].tolist() == [1, 0] and model.beside == 5
    given = ModelInput(torch.randn(made.latent.samples.shape), 0.6, made.positive)
    assert not torch.allclose(ask(model, given), ask(model, replace(given, conditioning=text)))

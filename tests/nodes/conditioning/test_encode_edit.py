"""Prompts about pictures: as transformers' own model reads them, and as Qwen-Image-Edit was trained."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.families import family_for
from app.engine.latents.vae import Vae
from app.engine.media import Image
from app.engine.prompts.text_encoder import TextEncoder
from app.engine.prompts.vision import encode_seeing, fitting
from app.engine.sampling import Sampling
from app.engine.weights.single_files import open_text_encoder, open_transformer
from app.graph.problem import Refusal
from nodes.conditioning.encode_edit import COPIED, encode_edit, fitted
from nodes.guidance.no_guidance import NoGuidance
from nodes.samplers.euler import Euler
from tests.checkpoints.test_layouts import in_layout
from tests.engine.weights.test_single_files import encoder, file
from tests.tiny.layouts import autoencoder, random, stored, transformer
from tests.tiny.recorder import Recorder
from tests.tiny.runs import SIGMAS
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here

WIDTH, WORDS = 128, 60
SIZES = ((1, (84, 56)), (2, (56, 112)))  # whole patches: how each library resizes is another matter
MARKS = ("<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>")
PAD = WORDS - 1
LANGUAGE: dict[str, Any] = {
    "vocab_size": WORDS,
    "hidden_size": WIDTH,
    "intermediate_size": 40,
    "num_hidden_layers": 2,
    "num_attention_heads": 1,
    "num_key_value_heads": 1,
    "rms_norm_eps": 1e-6,
    "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [16, 24, 24]},
}
EYES: dict[str, Any] = {
    "depth": 9,
    "hidden_size": 80,
    "intermediate_size": 40,
    "num_heads": 1,
    "patch_size": 14,
    "out_hidden_size": WIDTH,
    "fullatt_block_indexes": [7],
}


@cache
def whole() -> Any:
    """Build the model that transformers has for prompts with pictures; it is told which word is a picture."""
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    config = Qwen2_5_VLConfig(text_config=LANGUAGE, vision_config=EYES, image_token_id=PAD)
    return random(Qwen2_5_VLForConditionalGeneration(config))


def vocabulary(folder: Path) -> None:
    """Write a tokenizer that knows letters and the marks of a chat."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    letters = {letter: at for at, letter in enumerate("\n abcdefghijklmnopqrstuvwxyzDGPT123:,.'()[?")}
    rest = {f"unused{at}": at for at in range(len(letters), WORDS - len(MARKS))}
    model = models.WordLevel({**letters, **rest}, unk_token="?")
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    tokenizer.add_special_tokens(list(MARKS))
    tokenizer.save(str(folder / "tokenizer.json"))


def published(weights: dict[str, Tensor], layout: str) -> dict[str, Tensor]:
    """Name tensors as files do: as transformers writes them now, or as it did when the model came out."""
    if layout == "today":
        return weights
    return {
        name.replace("model.visual.", "visual.").replace("model.language_model.", "model."): tensor
        for name, tensor in weights.items()
    }


@pytest.fixture(params=["today", "before"])
def layout(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


def opened(folder: Path, layout: str = "before") -> TextEncoder:
    vocabulary(folder)
    path = file(folder, "qwen", published(stored(whole()), layout))
    return open_text_encoder([path], "qwen-image")


def picture(seed: int, width: int = 64, height: int = 48) -> Image:
    return Image(torch.rand(1, height, width, 3, generator=torch.Generator().manual_seed(seed)))


def test_a_file_with_eyes_opens_whole(layout: str, tmp_path: Path) -> None:
    reader = opened(tmp_path, layout)
    module = reader.towers["qwen2.5-vl"].module
    theirs = whole().model.state_dict()
    assert type(module).__name__ == "Qwen2_5_VLModel" and module.state_dict().keys() == theirs.keys()
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in module.state_dict().items())


def theirs(ids: list[int], pictures: list[Image]) -> Tensor:
    """Return what transformers says of ids with one word for each picture, which its processor repeats."""
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    given = Qwen2VLImageProcessorPil()(
        [(image.pixels[0] * 255).round().byte().numpy() for image in pictures], return_tensors="pt"
    )
    counts = iter((given["image_grid_thw"].prod(-1) // 4).tolist())
    words = torch.tensor([[id for id in ids for _ in range(next(counts) if id == PAD else 1)]])
    with torch.no_grad():
        output = whole().model(
            words, **given, mm_token_type_ids=(words == PAD).int(), output_hidden_states=True
        )
    answer: Tensor = output.hidden_states[-1]
    return answer


def test_it_reads_as_transformers_does(tmp_path: Path) -> None:
    reader = opened(tmp_path)
    tower = reader.towers["qwen2.5-vl"]
    pictures = [Image((picture(seed, *size).pixels * 255).round() / 255) for seed, size in SIZES]
    seeing = tower.role.seeing
    assert seeing is not None
    marks = "".join(f"Picture {at}: {seeing.mark}" for at in (1, 2))
    expected = theirs(tower.tokenizer.ids(seeing.wrap(marks + "a cat"), 4096), pictures)
    ours = encode_seeing(reader, "a cat", pictures, numbered=True)
    assert torch.allclose(ours.tokens, expected[:, seeing.drop :], atol=2e-4)


def test_words_alone_are_read_by_the_language_half(tmp_path: Path) -> None:
    reader = opened(tmp_path)
    half = {
        name.removeprefix("model.language_model."): tensor
        for name, tensor in stored(whole()).items()
        if name.startswith("model.language_model.")
    }
    alone = open_text_encoder([file(tmp_path, "half", half)], "qwen-image")
    assert torch.allclose(reader.encode(["a cat"]).tokens, alone.encode(["a cat"]).tokens, atol=1e-5)
    with pytest.raises(Refusal, match="holds its language half alone"):
        encode_edit(alone, [picture(1)], prompt="a cat")


def test_a_model_from_a_folder_sees_too(tmp_path: Path) -> None:
    """There the class that also writes text is around the one that reads."""
    reader = opened(tmp_path)
    tower = replace(reader.towers["qwen2.5-vl"], module=whole())
    other = replace(reader, towers={"qwen2.5-vl": tower})
    one, two = (encode_edit(each, [picture(1)], prompt="a cat").tokens for each in (reader, other))
    assert torch.equal(one, two)


def test_it_edits_a_picture(tmp_path: Path) -> None:
    reader = opened(tmp_path)
    module = transformer("qwen-image", joint_attention_dim=WIDTH)
    path = file(tmp_path, "edit", in_layout(module, "qwen-image", "diffusers"))
    model = open_transformer(path)
    small = Image(picture(3).pixels[:, :32, :32])
    told, other = (encode_edit(reader, [image], prompt="a cat") for image in (small, picture(4)))
    assert told.references == () and not torch.equal(told.tokens[:, -8:], other.tokens[:, -8:])
    lengths = [encode_edit(reader, [small] * count, prompt="a cat").tokens.shape[1] for count in range(3)]
    assert lengths[2] - lengths[1] == lengths[1] - lengths[0] == 14 * 14 + len("Picture 1: ") + 2
    first = encode_edit(reader, [small], prompt="a cat", version="first").tokens.shape[1]
    assert first - lengths[0] == 37 * 37 + 2, "it was shown larger, and without a number"
    seen = told.each(references=(torch.randn(1, 16, 4, 6),))
    noisy = torch.randn(1, 16, 4, 4)
    guided = Sampling(model, NoGuidance(seen), Euler(), SIGMAS).walk(noisy, Recorder())
    assert guided.shape == noisy.shape and guided.isfinite().all()


def test_the_transformer_is_shown_the_pictures_at_their_best_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = Image(picture(1).pixels[:, :8].repeat(1, 1, 2, 1))  # 128 x 8
    assert fitted(wide, COPIED, 16).pixels.shape[1:3] == (256, 4096)
    monkeypatch.setattr("nodes.conditioning.encode_edit.COPIED", 1 / 256)
    vae = Vae(autoencoder("wan"), family_for(transformer("qwen-image")))
    (reference,) = encode_edit(opened(tmp_path), [wide], vae, "a cat").references
    assert tuple(reference.shape) == (1, 16, 16 // 8, 256 // 8)


def test_sizes_that_the_encoder_sees() -> None:
    """As transformers' processor chooses them."""
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import smart_resize

    for width, height in ((384, 384), (1000, 60), (20, 30), (5000, 4000), (1408, 745), (28, 28)):
        rows, columns = smart_resize(height, width, 28, 3136, 12845056)
        assert fitting(width, height, 28) == (columns, rows)


def test_encoders_without_eyes_are_refused(tmp_path: Path) -> None:
    other = open_text_encoder([encoder(tmp_path, "t5-xxl")], "pixart")
    with pytest.raises(Refusal, match="text encoder of pixart cannot look at pictures"):
        encode_edit(other, [picture(1)])
    reader = opened(tmp_path)
    tower = reader.towers["qwen2.5-vl"]
    blind = replace(tower, tokenizer=replace(tower.tokenizer, ids=lambda text, most: [1] * len(text)))
    with pytest.raises(Refusal, match=r"does not know <\|image_pad\|>"):
        encode_edit(replace(reader, towers={"qwen2.5-vl": blind}), [picture(1)])


def test_the_model_of_2511_sees_references_without_noise(tmp_path: Path) -> None:
    """ComfyUI's file says so with a tensor of its own; a folder says it in its config."""
    module = transformer("qwen-image", joint_attention_dim=WIDTH, zero_cond_t=True)
    weights = in_layout(module, "qwen-image", "diffusers")
    marked = open_transformer(
        file(tmp_path, "marked", {**weights, "__index_timestep_zero__": torch.zeros(0)})
    )
    plain = open_transformer(file(tmp_path, "plain", weights))
    module.save_pretrained(tmp_path / "folder")  # type: ignore[operator]
    folder = open_transformer(tmp_path / "folder")
    tokens = torch.randn(1, 5, WIDTH, generator=torch.Generator().manual_seed(2))
    told = Conditioning(tokens, None, "qwen-image", references=(torch.ones(1, 16, 4, 4),))
    noisy = torch.randn(1, 16, 4, 4, generator=torch.Generator().manual_seed(3))
    results = [
        Sampling(model, NoGuidance(told), Euler(), SIGMAS).walk(noisy, Recorder())
        for model in (marked, plain, folder)
    ]
    assert marked.module.config.zero_cond_t and torch.equal(results[0], results[2])  # type: ignore[union-attr]
    assert not torch.allclose(results[0], results[1], atol=1e-5)

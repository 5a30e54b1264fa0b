"""Models whose parts are single files: each family makes a picture, and a wrong part is refused by name."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from app.engine.media import Image, Latent
from app.engine.prediction import ModelInput
from app.engine.sampling import Sampling, Sigmas
from app.engine.weights.single_files import open_checkpoint, open_text_encoder, open_transformer, open_vae
from app.graph.problem import Refusal
from nodes.guidance.no_guidance import NoGuidance
from nodes.samplers.euler import Euler
from tests.checkpoints.test_layouts import in_layout, stored
from tests.tiny.layouts import Weights, architecture, autoencoder, text_encoder, transformer
from tests.tiny.recorder import Recorder
from tests.tiny.runs import run
from tests.tiny.vocabulary import sentence_piece_model
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import prompt

ENCODERS = {
    "flux": ("clip-l", "t5-xxl"),
    "sd3": ("t5-xxl", "clip-g", "clip-l"),
    "pixart": ("t5-xxl",),
    "lumina2": ("gemma2",),
    "wan": ("umt5-xxl",),
    "qwen-image": ("qwen2.5-vl",),
    "z-image": ("qwen3",),
    "chroma": ("t5-xxl",),
    "flux2": ("qwen3",),
}
# The others need an autoencoder or a text encoder that has no single-file layout here.
PICTURES = [name for name in ENCODERS if name != "pixart"]
CHANGES = {"sd3": {"pooled_projection_dim": 24}, "flux2": {"joint_attention_dim": 72}}
STATED = ("chroma", "flux2")  # the first family that uses their encoder is another


def file(folder: Path, name: str, weights: Mapping[str, Tensor]) -> Path:
    save_file({key: tensor.contiguous() for key, tensor in weights.items()}, folder / f"{name}.safetensors")
    return folder / f"{name}.safetensors"


def encoder(folder: Path, name: str) -> Path:
    for vocabulary in ("spiece.model", "tokenizer.model"):
        (folder / vocabulary).write_bytes(sentence_piece_model())
    return file(folder, name, stored(text_encoder(name), architecture(name, "text_encoder").ties))


def vae(folder: Path, name: str = "kl") -> Path:
    return file(folder, "vae", in_layout(autoencoder(name), name, "original", "vae"))


def layout_of(name: str) -> str:
    return architecture(name).layouts[0].name


@pytest.mark.parametrize("name", PICTURES)
def test_a_family_makes_a_picture_of_its_parts(name: str, tmp_path: Path) -> None:
    module = transformer(name, **CHANGES.get(name, {}))
    model = open_transformer(file(tmp_path, "model", in_layout(module, name, layout_of(name))))
    encoders = [encoder(tmp_path, entry) for entry in ENCODERS[name]]
    conditioning = open_text_encoder(encoders, name if name in STATED else "auto").encode(["a red cat"])
    decoder = open_vae(vae(tmp_path, model.family.latent.autoencoder.partition("-")[0]))
    assert model.family.name == conditioning.family == name
    frames = (1,) if model.family.latent.frames else ()
    latent = Latent(torch.zeros(1, model.channels, *frames, 4, 6), name)
    sampled = Sampling(model, NoGuidance(conditioning), Euler(), Sigmas((1.0, 0.5, 0.0))).run(
        latent, 3, Recorder()
    )
    picture = decoder.decode(sampled)
    assert picture.pixels.shape == (1, 32, 48, 3) and picture.pixels.std() > 0


def test_pixart_alpha_is_told_the_size_of_the_picture(tmp_path: Path) -> None:
    module = transformer("pixart-alpha")
    model = open_transformer(file(tmp_path, "alpha", in_layout(module, "pixart-alpha", "original")))
    given = [
        model.family.arguments(model.module, ModelInput(torch.zeros(2, 4, 8, width), 0.5, prompt(model)))
        for width in (8, 16)
    ]
    told = [
        (entry["added_cond_kwargs"]["resolution"], entry["added_cond_kwargs"]["aspect_ratio"])
        for entry in given
    ]
    assert told[0][0].tolist() == [[64, 64]] * 2 and told[1][0].tolist() == [[64, 128]] * 2
    assert told[1][1].tolist() == [[0.5]] * 2
    assert model.family.name == "pixart-alpha" and run(model).isfinite().all()


def test_t5_may_be_left_out_of_sd3(tmp_path: Path) -> None:
    encoders = [encoder(tmp_path, name) for name in ("clip-l", "clip-g")]
    tokens = open_text_encoder(encoders).encode(["a"]).tokens
    assert tokens.shape == (1, 2 * 77, 4096) and not tokens[:, 77:].any()


def test_wan_sees_zeros_behind_the_prompt(tmp_path: Path) -> None:
    reader = open_text_encoder([encoder(tmp_path, "umt5-xxl")])
    tokens = reader.encode(["a cat"]).tokens
    own = len(reader.towers["umt5-xxl"].tokenizer.ids("a cat", 512))
    assert tokens.shape[1] == 512 and tokens[0, own - 1].any() and not tokens[0, own:].any()


def test_lengths_are_the_prompts_own_where_the_family_wants_that(tmp_path: Path) -> None:
    reader = open_text_encoder([encoder(tmp_path, "t5-xxl")], "pixart")
    assert reader.encode(["a cat"]).tokens.shape[1] < reader.encode(["a cat on a mat"]).tokens.shape[1]
    with pytest.raises(Refusal, match="cannot mix lengths"):
        reader.encode(["a cat", "a cat on a mat"])


def test_chroma_sees_one_token_of_filling(tmp_path: Path) -> None:
    """That token knows the prompt; the prompt does not know it: its tokens are those without filling."""
    path = encoder(tmp_path, "t5-xxl")
    shown, own = (
        open_text_encoder([path], family).encode(["a cat"]).tokens for family in ("chroma", "pixart")
    )
    assert shown.shape[1] == own.shape[1] + 1 and torch.allclose(shown[:, :-1], own, atol=1e-6)


def test_a_shared_autoencoder_takes_the_scale_of_each_family(tmp_path: Path) -> None:
    shared, own = open_vae(vae(tmp_path)), open_vae(vae(tmp_path), "sd3")
    samples = torch.randn(1, 16, 4, 4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(
        shared.decode(Latent(samples, "sd3")).pixels, own.decode(Latent(samples, "sd3")).pixels
    )
    assert not torch.equal(
        shared.decode(Latent(samples, "sd3")).pixels, shared.decode(Latent(samples, "flux")).pixels
    )
    assert own.encode(Image(torch.zeros(1, 32, 32, 3))).family == "sd3"
    with pytest.raises(Refusal, match="belongs to flux, the autoencoder to sd3"):
        own.decode(Latent(samples, "flux"))
    with pytest.raises(Refusal, match="belongs to pixart"):
        shared.decode(Latent(samples, "pixart"))


def all_in_one(folder: Path, *, encoders: bool = True) -> Path:
    parts: dict[str, Weights] = {
        "model.diffusion_model.": in_layout(transformer("flux"), "flux", "original"),
        "vae.": in_layout(autoencoder("kl"), "kl", "original", "vae"),
    }
    if encoders:
        (folder / "spiece.model").write_bytes(sentence_piece_model())
        parts["text_encoders.clip_l.transformer.text_model."] = stored(text_encoder("clip-l"))
        ties = architecture("t5-xxl", "text_encoder").ties
        parts["text_encoders.t5xxl.transformer."] = stored(text_encoder("t5-xxl"), ties)
    whole = {prefix + name: tensor for prefix, weights in parts.items() for name, tensor in weights.items()}
    return file(folder, "whole", whole)


def test_a_checkpoint_opens_with_all_its_parts(tmp_path: Path) -> None:
    model, reader, decoder = open_checkpoint(all_in_one(tmp_path))
    assert model.family.name == "flux" and decoder is not None and reader is not None
    assert reader.family.name == decoder.family.name == "flux"
    assert reader.encode(["a cat"]).tokens.shape == (1, 512, 24)


def test_a_checkpoint_may_lack_text_encoders(tmp_path: Path) -> None:
    assert open_checkpoint(all_in_one(tmp_path, encoders=False)).text_encoder is None


def spoilt(folder: Path, change: str) -> Path:
    weights = in_layout(transformer("flux"), "flux", "original")
    if change == "lacks":
        weights.pop("double_blocks.1.img_mlp.0.bias")
    elif change == "extra":
        weights["double_blocks.1.img_mlp.7.bias"] = torch.zeros(1)
    elif change == "shape":
        weights["double_blocks.1.img_mlp.0.bias"] = torch.zeros(3)
    elif change == "head":
        weights.pop("img_in.weight")
    return file(folder, "spoilt", weights)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("lacks", r"lacks 1 of the tensors: double_blocks\.1\.img_mlp\.0\.bias"),
        ("extra", r"does not know, 1 of the tensors: double_blocks\.1\.img_mlp\.7\.bias"),
        (
            "shape",
            r"another shape 1 of the tensors: double_blocks\.1\.img_mlp\.0\.bias \(3,\) instead of \(256,\)",
        ),
        ("head", r"looks like flux, but lacks img_in\.weight"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(change: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=message):
        open_transformer(spoilt(tmp_path, change))


def test_a_file_of_something_else_says_what_it_is(tmp_path: Path) -> None:
    encoders = encoder(tmp_path, "t5-xxl")
    with pytest.raises(Refusal, match="holds a text encoder of t5-xxl, not a transformer"):
        open_transformer(encoders)
    with pytest.raises(Refusal, match="not an autoencoder"):
        open_vae(encoders)
    lora = file(tmp_path, "lora", {"lora_unet_x.lora_up.weight": torch.zeros(2, 2)})
    with pytest.raises(Refusal, match="holds a LoRA, not a transformer"):
        open_transformer(lora)
    control = file(tmp_path, "control", {"controlnet_blocks.0.weight": torch.zeros(2, 2)})
    with pytest.raises(Refusal, match="holds a ControlNet"):
        open_transformer(control)
    other = file(tmp_path, "other", {"some.weight": torch.zeros(2, 2)})
    with pytest.raises(Refusal, match="does not know"):
        open_transformer(other)


def test_variants_that_need_more_than_a_latent_are_refused(tmp_path: Path) -> None:
    other = transformer("flux", in_channels=192, out_channels=64)
    with pytest.raises(Refusal, match=r"flux \(edited\), which needs channels beside the latent"):
        open_transformer(file(tmp_path, "other", in_layout(other, "flux", "original")))


@pytest.mark.parametrize(("channels", "beside"), [(384, 80), (128, 16)])
@pytest.mark.parametrize("layout", ["original", "diffusers"])
def test_models_that_fill_or_follow_open(layout: str, channels: int, beside: int, tmp_path: Path) -> None:
    module = transformer("flux", in_channels=channels, out_channels=64)
    model = open_transformer(file(tmp_path, "model", in_layout(module, "flux", layout)))
    assert (model.channels, model.beside) == (16, beside)


def test_encoders_must_be_those_of_the_family(tmp_path: Path) -> None:
    small, t5 = encoder(tmp_path, "clip-l"), encoder(tmp_path, "t5-xxl")
    with pytest.raises(Refusal, match="No family reads prompts with clip-l alone"):
        open_text_encoder([small])
    with pytest.raises(Refusal, match="flux reads prompts with t5-xxl"):
        open_text_encoder([t5], "flux")
    assert open_text_encoder([small, t5]).family.name == "flux"


def test_an_autoencoder_must_fit_the_family(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"autoencoder \(kl-16\) for flux, sd3, lumina2"):
        open_vae(vae(tmp_path), "wan")

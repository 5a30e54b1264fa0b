"""Flux.2 dev beside klein: its own text encoder, and references in both."""

from pathlib import Path
from typing import Any

import pytest
import torch

from app.checkpoints.known import text_encoders
from app.engine.families import family_for
from app.engine.families.flux2 import INSTRUCTED
from app.engine.model import Model
from app.engine.sampling import Sampling
from app.engine.weights.single_files import open_text_encoder, open_transformer
from app.graph.problem import Refusal
from nodes.guidance.no_guidance import NoGuidance
from nodes.samplers.euler import Euler
from tests.checkpoints.test_layouts import in_layout
from tests.engine.weights.test_single_files import encoder, file
from tests.tiny.layouts import Weights, random, stored, transformer
from tests.tiny.recorder import Recorder
from tests.tiny.runs import SIGMAS
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import build, noise, prompt

WORDS, LAYERS = 60, 31


def mistral() -> Any:
    from transformers import MistralConfig, MistralModel

    sizes: dict[str, Any] = {
        "hidden_size": 8,
        "intermediate_size": 8,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": 1,
    }
    rope = {"rope_type": "default", "rope_theta": 1e9}
    config = MistralConfig(
        vocab_size=WORDS,
        head_dim=128,
        num_key_value_heads=1,
        rope_parameters=rope,
        rms_norm_eps=1e-5,
        sliding_window=None,
        **sizes,
    )
    return random(MistralModel(config))


def vocabulary(folder: Path) -> None:
    """Write a tokenizer that knows letters."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    words = {letter: at for at, letter in enumerate(" abcdefghijklmnopqrstuvwxyz[]/?")}
    words |= {f"w{at}": at for at in range(len(words), WORDS)}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    tokenizer.save(str(folder / "tokenizer.json"))


def pruned(weights: Weights) -> Weights:
    """Leave out what Flux.2 does not read, as ComfyUI's file does."""
    return {
        name: tensor
        for name, tensor in weights.items()
        if not name.startswith(("norm.", f"layers.{LAYERS - 1}."))
    }


def test_dev_reads_prompts_with_mistral(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_encoders, "LLAMA3_WORDS", WORDS)  # the number of words tells them apart
    module = mistral()
    vocabulary(tmp_path)
    whole = file(tmp_path, "whole", {f"language_model.model.{n}": t for n, t in stored(module).items()})
    short = file(tmp_path, "short", {f"model.{n}": t for n, t in pruned(stored(module)).items()})
    for path, family in ((whole, "auto"), (short, "flux2")):
        reader = open_text_encoder([path], family)
        assert reader.family.name == "flux2-dev"
        tokens = reader.encode(["a cat"]).tokens
        ids = reader.towers["mistral3"].tokenizer.ids(INSTRUCTED.format("a cat"), 512)
        with torch.no_grad():
            states = module(torch.tensor([ids]), output_hidden_states=True).hidden_states
        own = torch.cat([states[layer] for layer in (10, 20, 30)], dim=-1)
        assert tokens.shape == (1, 512, 24) and not tokens[:, : 512 - len(ids)].any()
        assert torch.allclose(tokens[:, -len(ids) :], own, atol=1e-5)


def test_each_variant_refuses_the_encoder_of_the_other(tmp_path: Path) -> None:
    module = transformer("flux2-dev")
    model = open_transformer(file(tmp_path, "dev", in_layout(module, "flux2-dev", "original")))
    assert model.family.name == "flux2-dev"
    klein = open_text_encoder([encoder(tmp_path, "qwen3")], "flux2").encode(["a"])
    assert klein.family == "flux2"
    with pytest.raises(Refusal, match="encoded for flux2, the model is flux2-dev"):
        Sampling(model, NoGuidance(klein), Euler(), SIGMAS).walk(torch.zeros(1, 32, 4, 4), Recorder())
    with pytest.raises(Refusal, match=r"flux2-dev reads prompts with mistral3; given are clip-l"):
        open_text_encoder([encoder(tmp_path, "clip-l")], "flux2-dev")


def test_references_are_where_diffusers_puts_them() -> None:
    from diffusers import Flux2Pipeline

    model = build("flux2")
    pictures = [noise(model)[:, :, :8, :12], noise(model)[..., :4]]
    given = prompt(model).each(references=tuple(pictures))
    seen: list[Any] = []

    def spy(module: Any, args: Any, kwargs: Any) -> None:
        seen.append(kwargs["img_ids"])

    handle = model.module.register_forward_pre_hook(spy, with_kwargs=True)
    try:
        result = Sampling(model, NoGuidance(given), Euler(), SIGMAS).walk(noise(model), Recorder())
    finally:
        handle.remove()
    tokens = [torch.zeros(1, 4, latent.shape[-2] // 2, latent.shape[-1] // 2) for latent in pictures]
    theirs = Flux2Pipeline._prepare_image_ids(tokens)[0]
    own = Flux2Pipeline._prepare_latent_ids(torch.zeros(1, 4, 6, 8))[0]
    assert torch.equal(seen[0], torch.cat([own, theirs]).float())
    assert result.shape == noise(model).shape and not torch.equal(
        result, Sampling(model, NoGuidance(prompt(model)), Euler(), SIGMAS).walk(noise(model), Recorder())
    )


def test_guidance_is_read_by_dev() -> None:
    module = transformer("flux2-dev")
    model = Model(module, family_for(module, "flux2-dev"))
    noisy = torch.randn(1, 32, 4, 4, generator=torch.Generator().manual_seed(1))
    told = prompt(build("flux2")).each(family="flux2-dev")
    results = [
        Sampling(model, NoGuidance(told.each(embedded_guidance=scale)), Euler(), SIGMAS).walk(
            noisy, Recorder()
        )
        for scale in (1.0, 4.0)
    ]
    assert not torch.allclose(results[0], results[1])

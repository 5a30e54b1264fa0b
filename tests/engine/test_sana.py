"""Sana and Sana-Sprint: the key maps and the latents of diffusers, and what they see of a prompt."""

from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from diffusers.loaders import single_file_utils
from torch import Tensor, nn

from app.checkpoints.known.sana import GUIDED, rules
from app.checkpoints.rules import translate
from app.engine.families import family_for
from app.engine.families.sana import INSTRUCTION
from app.engine.media import Latent
from app.engine.model import Model
from app.engine.sampling import Sampler, Sampling, Sigmas
from app.engine.walking.noise import FreshNoise
from app.engine.weights.single_files import open_text_encoder, open_transformer, open_vae
from app.engine.weights.tensors import assemble
from nodes.guidance.cfg import Cfg
from nodes.guidance.no_guidance import NoGuidance
from nodes.samplers.euler import Euler
from nodes.samplers.lcm import Lcm
from nodes.schedules.scm_schedule import scm_schedule
from tests.checkpoints.test_layouts import in_layout, same
from tests.engine.weights.test_single_files import encoder, file
from tests.tiny.layouts import autoencoder, original, stored, transformer
from tests.tiny.recorder import Recorder
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import build, prompt

converters: Any = single_file_utils
library: Any = diffusers
SPRINT: dict[str, Any] = {"guidance_embeds": True, "qk_norm": "rms_norm_across_heads"}
SIDE = 4


def model(**changes: Any) -> Model:
    module = transformer("sana", **changes)
    return Model(module, family_for(module))


def start() -> Tensor:
    return torch.randn(1, 32, SIDE, SIDE, generator=torch.Generator().manual_seed(5))


def sample(handle: Model, guider: Any, sampler: Sampler, sigmas: Sigmas) -> Tensor:
    return Sampling(handle, guider, sampler, sigmas).walk(start(), Recorder())


def published(module: nn.Module, names: tuple[str, ...] = ()) -> dict[str, Tensor]:
    """Return the weights as their authors name them, with what nobody needs."""
    more = {"pos_embed": torch.zeros(1, 4, 4), "y_embedder.y_embedding": torch.zeros(3, 4)}
    return original(stored(module), rules(names)) | more


def test_key_maps_are_those_of_diffusers() -> None:
    weights = published(transformer("sana"))
    pieces = translate({name: tuple(tensor.shape) for name, tensor in weights.items()}, rules(weights))
    ours = {name: assemble(weights[piece.source], piece) for name, piece in pieces.items()}
    theirs = converters.convert_sana_transformer_to_diffusers(dict(weights))
    assert ours.keys() - {"pos_embed", "y_embedder.y_embedding"} == theirs.keys()
    assert all(torch.equal(ours[name], tensor) for name, tensor in theirs.items())


def test_sprint_loads_from_its_authors_names(tmp_path: Path) -> None:
    module = transformer("sana", **SPRINT)
    weights = published(module, (GUIDED,)) | {"logvar_linear.weight": torch.zeros(1, 64)}
    assert GUIDED in weights and "blocks.1.cross_attn.k_norm.weight" in weights
    opened = open_transformer(file(tmp_path, "sprint", weights))
    assert same(opened.module, module) and opened.family.name == "sana"


def test_the_autoencoder_has_the_names_of_diffusers() -> None:
    module = autoencoder("dc")
    weights = in_layout(module, "dc", "original", "vae")
    assert "encoder.stages.3.op_list.0.context_module.main.qkv.conv.weight" in weights
    theirs = converters.convert_autoencoder_dc_checkpoint_to_diffusers(dict(weights))
    ours = module.state_dict()
    assert ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


def told() -> dict[str, Tensor]:
    conditioning = prompt(build("sana"))
    mask = torch.ones(conditioning.tokens.shape[:2], dtype=torch.long)
    return {"prompt_embeds": conditioning.tokens, "prompt_attention_mask": mask}


def test_sana_samples_as_diffusers_does() -> None:
    handle = model()
    scheduler = library.FlowMatchEulerDiscreteScheduler(shift=1.0)
    pipe = library.SanaPipeline(None, None, autoencoder("dc"), handle.module, scheduler)
    pipe.set_progress_bar_config(disable=True)
    other = prompt(build("sana"), seed=3).tokens
    theirs = pipe(
        **told(),
        negative_prompt=None,
        negative_prompt_embeds=other,
        negative_prompt_attention_mask=told()["prompt_attention_mask"],
        num_inference_steps=2,
        sigmas=[1.0, 0.6],
        guidance_scale=3.0,
        height=32 * SIDE,
        width=32 * SIDE,
        latents=start(),
        use_resolution_binning=False,
        output_type="latent",
    ).images
    guider = Cfg(prompt(build("sana")), prompt(build("sana"), seed=3), 3.0)
    ours = sample(handle, guider, Euler(), Sigmas((1.0, 0.6, 0.0)))
    assert torch.allclose(ours, theirs, atol=1e-4), float((ours - theirs).abs().max())


@pytest.mark.parametrize("steps", [1, 2, 4])
def test_sprint_samples_as_diffusers_does(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their angles and their sampler (SCM), on the flow's path: our schedule and LCM."""
    handle, fresh = model(**SPRINT), FreshNoise(11, start())
    monkeypatch.setattr("diffusers.schedulers.scheduling_scm.randn_tensor", lambda *a, **k: fresh())
    pipe = library.SanaSprintPipeline(None, None, autoencoder("dc"), handle.module, library.SCMScheduler())
    pipe.set_progress_bar_config(disable=True)
    theirs = pipe(
        **told(),
        num_inference_steps=steps,
        intermediate_timesteps=1.3 if steps == 2 else None,
        guidance_scale=3.5,
        height=32 * SIDE,
        width=32 * SIDE,
        latents=start(),
        use_resolution_binning=False,
        output_type="latent",
    ).images
    ours = sample(handle, NoGuidance(prompt(build("sana"))), Lcm(11), scm_schedule(steps))
    assert torch.allclose(ours, theirs, atol=5e-4), float((ours - theirs).abs().max())


def test_it_sees_the_prompt_and_the_ends_of_what_is_put_before_it(tmp_path: Path) -> None:
    reader = open_text_encoder([encoder(tmp_path, "gemma2")], "sana")
    tower = reader.towers["gemma2"]
    whole = tower.run([tower.tokenizer.ids(INSTRUCTION + "a cat", 10_000)]).tokens
    before = len(tower.tokenizer.ids(INSTRUCTION, 10_000))
    assert torch.equal(
        reader.encode(["  A Cat "]).tokens, torch.cat([whole[:, :1], whole[:, before - 1 :]], 1)
    )
    assert reader.encode([""]).tokens.shape[1] == len(tower.tokenizer.ids("", 300))
    assert reader.encode(["a cat " * 400]).tokens.shape[1] == 300


def test_a_picture_is_made_of_its_parts(tmp_path: Path) -> None:
    handle = open_transformer(file(tmp_path, "model", in_layout(transformer("sana"), "sana", "original")))
    reader = open_text_encoder([encoder(tmp_path, "gemma2")], "sana")
    decoder = open_vae(file(tmp_path, "vae", in_layout(autoencoder("dc"), "dc", "original", "vae")))
    assert handle.family.name == decoder.family.name == "sana"
    latent = Latent(torch.zeros(1, 32, 2, 3), "sana")
    guider = NoGuidance(reader.encode(["a red cat"]))
    sampled = Sampling(handle, guider, Euler(), Sigmas((1.0, 0.5, 0.0))).run(latent, 3, Recorder())
    picture = decoder.decode(sampled)
    assert picture.pixels.shape == (1, 64, 96, 3) and picture.pixels.std() > 0
    again = decoder.encode(picture)
    assert again.samples.shape == latent.samples.shape

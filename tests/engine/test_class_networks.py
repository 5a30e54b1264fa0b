"""Our class-conditional networks: against the library where it has one, and in what their papers promise."""

from copy import deepcopy
from pathlib import Path

import pytest
import torch
from accelerate import init_empty_weights
from diffusers import DiTTransformer2DModel
from torch import Tensor, nn

from app.checkpoints.contents import find_part
from app.engine.families import family_for
from app.engine.installation import open_run
from app.engine.model import Model
from app.engine.networks import network
from app.engine.networks.fitv2 import FiTv2Transformer2DModel
from app.engine.networks.positions import wave_table
from app.engine.prediction import ModelInput, from_negated_velocity, from_velocity
from app.engine.weights.building import build as build_part
from tests.checkpoints.test_layouts import written
from tests.tiny.layouts import random
from tests.tiny.runs import close
from tests.tiny.zoo import build, noise, prompt


def diffusers_dit(side: int) -> DiTTransformer2DModel:
    """Build the library's DiT with the numbers that its authors trained it with."""
    theirs = DiTTransformer2DModel(
        num_attention_heads=1,
        attention_head_dim=72,
        out_channels=8,
        num_layers=2,
        sample_size=side,
        num_embeds_ada_norm=10,
        norm_eps=1e-6,  # the authors' own; the library keeps to 1e-5
    )
    random(theirs)
    shared = theirs.transformer_blocks[0].norm1.emb
    shared.time_proj.downscale_freq_shift = 0  # the authors' frequencies; the library's differ a little
    for block in theirs.transformer_blocks:
        block.norm1.emb = shared
    return theirs


def test_dit_is_the_one_of_the_library(tmp_path: Path) -> None:
    theirs = diffusers_dit(side=12)
    weights = {name: tensor.clone() for name, tensor in theirs.state_dict().items()}
    module = build_part(find_part(written(tmp_path / "dit.safetensors", weights), "transformer"))
    latent = torch.randn(2, 4, 12, 12, generator=torch.Generator().manual_seed(0))
    time, classes = torch.tensor([17.0, 803.0]), torch.tensor([3, 10])
    table: Tensor = family_for(module, "dit").class_table(module)  # type: ignore[misc]
    with torch.no_grad():
        expected = theirs(latent, time, classes, return_dict=False)[0]
        assert torch.allclose(module(latent, time, table[classes])[0], expected, atol=2e-5)
        assert expected.std() > 0.01


def test_waves_are_those_of_the_library() -> None:
    theirs = diffusers_dit(side=12).pos_embed.pos_embed[0]
    assert torch.allclose(wave_table(6, 6, 72, torch.zeros(1)), theirs, atol=1e-5)


def ask(model: Model, given: ModelInput) -> Tensor:
    with torch.no_grad(), open_run(model) as asked:
        return asked(given, index=0, total=1, evaluation=0, branch="cond")


def test_sit_is_dit_that_predicts_velocity() -> None:
    """The same weights and the same question; what the answer means differs, and so does the time."""
    sit, given = build("sit"), ModelInput(noise(build("sit")), 0.3, prompt(build("sit")))
    with torch.no_grad():
        answer = sit.module(given.latent, torch.tensor([0.7]), given.conditioning.tokens[:, 0])[0]
    assert close(ask(sit, given), given.latent + 0.3 * answer[:, :4])
    assert not close(ask(sit, given), ask(build("dit"), given), 1e-2)


def test_which_way_time_and_velocity_run() -> None:
    """SiT's heirs count time towards the picture, RAE towards the noise, and velocity the same way."""
    ways = {"lightning-dit": from_negated_velocity, "fitv2": from_negated_velocity, "dit-dh": from_velocity}
    for name, way in ways.items():
        model = build(name)
        given = ModelInput(noise(model), 0.25, prompt(model))
        arguments = model.family.arguments(model.module, given)
        assert arguments["time"].item() == (0.25 if way is from_velocity else 0.75)
        assert model.family.denoised is way


def test_fitv2_pays_no_heed_to_tokens_that_a_mask_leaves_out() -> None:
    module = random(
        FiTv2Transformer2DModel(
            hidden_size=24, num_attention_heads=2, num_layers=2, num_classes=10, adaln_rank=6
        )
    )
    small = torch.randn(2, 4, 6, 8, generator=torch.Generator().manual_seed(0))
    time, label = torch.tensor([0.2, 0.7]), torch.randn(2, 24, generator=torch.Generator().manual_seed(1))
    large = torch.full((2, 4, 10, 12), 9.0)
    large[..., :6, :8] = small
    mask = torch.zeros(2, 5, 6, dtype=torch.bool)
    mask[:, :3, :4] = True
    with torch.no_grad():
        alone, beside = module(small, time, label)[0], module(large, time, label, mask)[0]
        unmasked = module(large, time, label)[0]
    assert close(beside[..., :6, :8], alone)
    assert not beside[..., 6:, :].any() and not beside[..., 8:].any()
    assert not close(unmasked[..., :6, :8], alone, 1e-2)


def test_fitv2_takes_pictures_of_any_shape() -> None:
    model = build("fitv2")
    for rows, columns in ((2, 12), (9, 3), (1, 1)):
        latent = torch.randn(1, 4, 2 * rows, 2 * columns, generator=torch.Generator().manual_seed(0))
        assert ask(model, ModelInput(latent, 0.5, prompt(model))).shape == latent.shape


def test_published_defaults_are_the_published_sizes() -> None:
    """Millions of parameters of the largest models, as published; three of them count 256 positions."""
    wanted = {
        "ClassDiTTransformer2DModel": 675,
        "LightningDiTTransformer2DModel": 675,
        "DiTDHTransformer2DModel": 839,
        "FiTv2Transformer2DModel": 671,
        "DDTTransformer2DModel": 675,
    }
    found = {}
    for name in wanted:
        with init_empty_weights():
            module: nn.Module = network(name)()
        positions = 0 if name[:3] in ("FiT", "DDT") else 256 * 1152
        total = positions + sum(parameter.numel() for parameter in module.parameters())
        found[name] = round(total / 10**6)
    assert found == wanted


@pytest.mark.parametrize("name", ["ddt", "dit", "lightning-dit", "dit-dh", "fitv2"])
def test_half_precision_gives_nearly_the_same(name: str) -> None:
    model = build(name)
    latent, time = noise(model), torch.tensor([0.4])
    label: Tensor = model.family.class_table(model.module)[[3]]  # type: ignore[misc]
    half = deepcopy(model.module).to(torch.bfloat16)
    with torch.no_grad():
        full = model.module(latent, time, label)[0]
        halved = half(latent.bfloat16(), time, label.bfloat16())[0]
    assert halved.dtype == torch.bfloat16
    assert (halved.float() - full).norm() < 0.03 * full.norm()

"""Lumina-Next: positions and latents as diffusers computes them, also for pictures larger than trained."""

from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor

from app.engine.families.lumina_next import turns
from app.engine.model import Model
from app.engine.sampling import Sampling, Sigmas
from nodes.attention.rope_scaling import RopeScaling
from nodes.guidance.no_guidance import NoGuidance
from nodes.samplers.euler import Euler
from tests.tiny.recorder import Recorder
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import build, prompt

SIGMAS = (0.9, 0.75, 0.5, 0.0)
SIDE = 8  # tokens along a side of the picture that is sampled


def theirs(model: Model, noisy: Tensor, scale: float) -> Tensor:
    """Sample as the authors' pipeline does, which changes from linear to NTK scaling on the way."""
    from diffusers.models import embeddings

    positions: Any = embeddings.get_2d_rotary_pos_embed_lumina
    module: Any = model.module
    tokens = prompt(model).tokens
    for sigma, following in pairwise(SIGMAS):
        linear, ntk = (scale, 1.0) if 1 - sigma < 0.3 else (1.0, scale)
        turning = positions(module.head_dim, 384, 384, linear_factor=linear, ntk_factor=ntk)
        with torch.no_grad():
            output = module(
                hidden_states=noisy,
                timestep=torch.full((1,), 1 - sigma),
                encoder_hidden_states=tokens,
                encoder_mask=torch.ones(tokens.shape[:2], dtype=torch.bool),
                image_rotary_emb=turning,
                cross_attention_kwargs={},
                return_dict=False,
            )[0].chunk(2, dim=1)[0]
        noisy = noisy - output * (following - sigma)
    return noisy


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_it_samples_as_its_authors_do(scale: float) -> None:
    model = build("lumina-next")
    noisy = torch.randn(1, 4, 2 * SIDE, 2 * SIDE, generator=torch.Generator().manual_seed(4))
    rope, trained = model.family.rope, int(SIDE / scale)
    assert rope is not None
    frame, row, column = rope.widths(model.module)
    scaling = RopeScaling((trained, trained), "time_aware", (frame, row, column), rope)
    handle = model.with_patch(scaling) if scale > 1 else model
    ours = Sampling(handle, NoGuidance(prompt(model)), Euler(), Sigmas(SIGMAS)).walk(noisy, Recorder())
    assert torch.allclose(ours, theirs(model, noisy, scale), atol=2e-5)


def test_positions_are_those_of_diffusers() -> None:
    from diffusers.models import embeddings

    positions: Any = embeddings.get_2d_rotary_pos_embed_lumina

    assert torch.allclose(turns(24, 5, 7), positions(24, 5, 7), atol=1e-6)

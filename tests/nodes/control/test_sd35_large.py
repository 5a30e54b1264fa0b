"""Stability AI's networks for SD3.5 large: blocks that read no text and borrow the model's entrance."""

from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from app.checkpoints.known.controlnets import SD35_RULES
from app.engine.control import ControlNet, open_control
from app.engine.prediction import ModelInput
from nodes.control.apply_control import Control
from tests.nodes.control.test_apply_control import hint
from tests.tiny.layouts import original, random
from tests.tiny.runs import run
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import POOLED_WIDTH, build, noise, prompt

library: Any = diffusers


def large(**changes: Any) -> nn.Module:
    """Build such a network."""
    settings = {"attention_head_dim": 16, "num_attention_heads": 2, "in_channels": 4, **changes}
    module = library.SD3ControlNetModel(
        sample_size=16,
        num_layers=3,
        joint_attention_dim=None,
        pooled_projection_dim=POOLED_WIDTH,
        out_channels=4,
        pos_embed_max_size=None,
        pos_embed_type=None,
        use_pos_embed=False,
        force_zeros_for_pooled_projection=False,
        **settings,
    )
    return random(module)


def test_a_network_for_sd35_large_borrows_the_entrance_of_the_model() -> None:
    model, own = build("sd3"), large()
    borrowing = ControlNet(own).beside(model.module)
    given = ModelInput(noise(model), 0.5, prompt(model))
    with torch.no_grad():
        expected = own(
            hidden_states=model.module.pos_embed(noise(model)),  # type: ignore[operator]
            controlnet_cond=hint(model),
            pooled_projections=prompt(model).pooled,
            timestep=torch.full((1,), 500.0),
            return_dict=False,
        )[0]
    ours = borrowing.residuals(model.family, given, hint(model), 0)["transformer_blocks"]
    assert len(ours) == 3 and all(torch.equal(one, two) for one, two in zip(ours, expected, strict=True))
    steered = Control(borrowing, model.family, {"transformer_blocks": 4}, hint(model), 1.0, 0.0, 1.0, 0)
    assert not torch.equal(run(model.with_patch(steered)), run(model))


@pytest.mark.parametrize("layout", ["original", "diffusers"])
def test_a_network_for_sd35_large_opens(layout: str, tmp_path: Path) -> None:
    module = large(attention_head_dim=64)
    weights = dict(module.state_dict())
    if layout == "original":
        weights = original(weights, SD35_RULES)
        assert "transformer_blocks.2.attn.qkv.bias" in weights
    save_file({name: tensor.contiguous() for name, tensor in weights.items()}, tmp_path / "net.safetensors")
    opened = open_control(tmp_path / "net.safetensors")
    theirs = module.state_dict()
    assert opened.borrows and not opened.ignores_shift and not opened.takes_mask
    assert opened.module.state_dict().keys() == theirs.keys()
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in opened.module.state_dict().items())

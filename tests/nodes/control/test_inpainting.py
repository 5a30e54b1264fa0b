"""Control networks that fill holes: they are shown what diffusers' pipelines show them."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import diffusers
import pytest
import torch
from torch import Tensor

from app.engine.control import ControlNet, open_control
from app.engine.latents.vae import Vae
from app.engine.media import Image, Mask
from app.graph.problem import Refusal
from nodes.control.apply_control import Control, read_hint
from tests.nodes.control.test_apply_control import LARGER, NETS, saved
from tests.tiny.layouts import autoencoder, random
from tests.tiny.runs import run
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import build, noise

library: Any = diffusers
WIDTH, HEIGHT = 64, 48
MASKED: dict[str, dict[str, Any]] = {
    "sd3": {"extra_conditioning_channels": 1},
    "qwen-image": {"extra_condition_channels": 4},
}
PIPELINES = {
    "sd3": "StableDiffusion3ControlNetInpaintingPipeline",
    "qwen-image": "QwenImageControlNetInpaintPipeline",
}


@pytest.fixture(params=list(MASKED))
def name(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


def vae(name: str) -> Vae:
    """Return an autoencoder without the noise that diffusers draws from it."""
    module: Any = autoencoder("wan" if name == "qwen-image" else "kl")
    if name == "qwen-image":
        module.quant_conv.bias[16:], module.quant_conv.weight[16:] = -100, 0
    else:
        module.register_to_config(scaling_factor=1.5305, shift_factor=0.0609)
        module.encoder.conv_out.bias[16:] = -100
    return Vae(module, build(name).family)


def picture() -> Image:
    return Image(torch.rand(1, HEIGHT, WIDTH, 3, generator=torch.Generator().manual_seed(2)))


def hole() -> Mask:
    coverage = torch.zeros(1, HEIGHT, WIDTH)
    coverage[:, 8:30, 16:50] = 1
    return Mask(coverage)


def shown(name: str, reader: Vae) -> Tensor:
    """Return what diffusers shows a network for the picture and the hole."""
    pipe = SimpleNamespace(vae=reader.module, vae_scale_factor=8)
    kind = getattr(library, PIPELINES[name])
    pipe._pack_latents = getattr(kind, "_pack_latents", None)
    pixels, mask = picture().pixels.movedim(-1, 1) * 2 - 1, hole().coverage[:, None]
    answer: Tensor = kind.prepare_image_with_mask(
        pipe, pixels, mask, WIDTH, HEIGHT, 1, 1, "cpu", torch.float32
    )
    return answer


def test_the_network_sees_the_picture_without_the_hole(name: str) -> None:
    net, reader = ControlNet(random(NETS[name](**MASKED[name]))), vae(name)
    with torch.no_grad():
        expected = shown(name, reader)
    hint = read_hint(net, picture(), reader, hole())
    assert torch.allclose(net.form.condition(hint), expected, atol=1e-5)


def test_its_file_opens_and_steers(name: str, tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    saved(name, path, **LARGER[name], **MASKED[name])
    assert open_control(path).takes_mask
    model, net = build(name), ControlNet(random(NETS[name](**MASKED[name])))
    hint = torch.cat([noise(model), torch.ones_like(noise(model)[:, :1])], dim=1)
    blocks = {stack: len(getattr(model.module, stack)) for stack in net.form.stacks}
    steered = model.with_patch(Control(net, model.family, blocks, hint, 1.0, 0.0, 1.0, 0))
    assert run(steered).isfinite().all() and not torch.equal(run(steered), run(model))


def test_a_mask_is_there_for_those_that_take_one(name: str) -> None:
    net, plain = ControlNet(NETS[name](**MASKED[name])), ControlNet(NETS[name]())
    reader = vae(name)
    with pytest.raises(Refusal, match="takes a mask, and none is connected"):
        read_hint(net, picture(), reader, None)
    with pytest.raises(Refusal, match="takes no mask"):
        read_hint(plain, picture(), reader, hole())

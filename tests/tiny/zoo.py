"""Tiny random transformers of every family: they prove plumbing and exact equalities, not quality."""

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor, nn

from app.engine.conditioning import Conditioning
from app.engine.families import family_for
from app.engine.model import Model
from tests.tiny import networks
from tests.tiny.networks import COLUMNS, FRAMES, POOLED_WIDTH, ROWS, TEXT, TEXT_WIDTH

ZOO: dict[str, Callable[[], nn.Module]] = {
    "flux": networks.flux,
    "sd3": networks.sd3,
    "pixart": networks.pixart,
    "lumina2": networks.lumina2,
    "wan": networks.wan,
    "qwen-image": networks.qwen_image,
    "z-image": networks.z_image,
    "chroma": networks.chroma,
    "flux2": networks.flux2,
    "ltx-video": networks.ltx_video,
    "hunyuan-video": networks.hunyuan_video,
    "cogvideox": networks.cogvideox,
    "hunyuan-video-1.5": networks.hunyuan_video15,
    "sana": networks.sana,
    "lumina-next": networks.lumina_next,
    "ddt": networks.ddt,
    "dit": networks.dit,
    "sit": networks.dit,
    "lightning-dit": networks.lightning_dit,
    "dit-dh": networks.dit_dh,
    "fitv2": networks.fitv2,
}
# One family of each build: attention joint, crossed or plain, stacks one or two, pictures or videos
BUILDS = ("flux", "sd3", "pixart", "wan", "z-image", "hunyuan-video", "sana", "ddt")
WITH_SCORES = [name for name in ZOO if name != "sana"]  # where image tokens attend to each other by scores


@cache
def build(name: str) -> Model:
    """Return the same handle every time: nothing may modify it, and tests say so."""
    torch.manual_seed(0)
    module = ZOO[name]().eval().requires_grad_(False)
    for parameter in module.parameters():
        if not parameter.any():
            parameter.normal_(std=0.05)  # some outputs start at zero; make every path count
    return Model(module, family_for(module, name))


def noise(model: Model, batch: int = 1) -> Tensor:
    frames = (FRAMES,) if model.family.latent.frames else ()
    _, tall, wide = model.family.latent.patch
    shape = (batch, model.channels, *frames, ROWS * tall, COLUMNS * wide)
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


def prompt(model: Model, seed: int = 2, batch: int = 1) -> Conditioning:
    random = torch.Generator().manual_seed(seed)
    tokens = torch.randn(batch, TEXT, TEXT_WIDTH, generator=random)
    return Conditioning(tokens, torch.randn(batch, POOLED_WIDTH, generator=random), model.family.name)

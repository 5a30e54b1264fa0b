"""Steer a model with a picture: edges, depth, pose, boxes, whatever the control network was trained on.

Reference: Zhang et al., Adding Conditional Control to Text-to-Image Diffusion Models (2023), https://arxiv.org/abs/2302.05543
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from app.engine.control import ControlNet, Residuals
from app.engine.families import Family
from app.engine.imaging.masks import fitted
from app.engine.latents.vae import Vae
from app.engine.media import Image, Mask
from app.engine.model import Model, Patch
from app.engine.prediction import ModelInput
from app.engine.sites import Block
from app.engine.step import Step
from app.engine.tokens import Tokens
from app.graph.node import node
from app.graph.problem import Refusal
from app.graph.widgets import Number, Slider

HALF = 0.5  # coverage from which on a pixel belongs to the hole


@dataclass
class Memory:
    """The question of this call, what the network adds to it, and in how many of all calls it took part."""

    given: ModelInput | None = None
    residuals: Residuals | None = None
    asked: int = 0
    calls: int = 0


@dataclass(frozen=True, eq=False)
class Control(Patch[Memory]):
    """Adds a control network's residuals behind the blocks that run; a skipped block skips its residual too.

    The network is asked when the first block of a call runs, so a call that a cache answers costs nothing.
    """

    net: ControlNet
    family: Family
    blocks: Mapping[str, int]
    hint: Tensor
    strength: float
    start: float
    end: float
    mode: int

    inner: ClassVar[bool] = True

    def new_memory(self) -> Memory:
        return Memory()

    def wrap_model(
        self, step: Step, memory: Memory, given: ModelInput, call: Callable[[ModelInput], Tensor]
    ) -> Tensor:
        at_work = self.strength != 0 and self.start <= step.share <= self.end
        memory.given, memory.residuals = (given if at_work else None), None
        memory.calls += 1
        return call(given)

    def wrap_block(
        self, step: Step, memory: Memory, block: Block, tokens: Tokens, call: Callable[[Tokens], Tokens]
    ) -> Tokens:
        after = call(tokens)
        if memory.given is None or block.stack not in self.blocks:
            return after
        if memory.residuals is None:
            memory.residuals = self.net.residuals(self.family, memory.given, self.hint, self.mode)
            memory.asked += 1
        added = self.net.behind(memory.residuals, block, self.blocks[block.stack])
        if added is None:
            return after
        active = step.layout.active
        chosen = added if active is None else added[:, active]
        return after + Tokens({"image": (chosen * self.strength).to(after.image)})

    def report(self, memories: Mapping[str, Memory]) -> dict[str, Any]:
        asked, calls = (
            sum(getattr(memory, name) for memory in memories.values()) for name in ("asked", "calls")
        )
        return {"technique": "apply_control", "calls": calls, "controlled": asked, "strength": self.strength}


def read_hint(net: ControlNet, image: Image, vae: Vae, mask: Mask | None) -> Tensor:
    """Return the control picture as the network wants it: pixels in -1..1, or a latent, masked or not."""
    refuse_mask(net, mask)
    if net.reads_pixels:
        return image.pixels.movedim(-1, 1) * 2 - 1
    if mask is not None:
        return masked_hint(image, vae, mask)
    latent = vae.encode(image).samples
    if not net.ignores_shift:
        return latent
    mean, spread = vae.statistics(latent, vae.family)
    return latent + (mean / spread).cpu()


def masked_hint(image: Image, vae: Vae, mask: Mask) -> Tensor:
    """Return the latent of a picture that is black in the hole, and where it is not, (B, C + 1, h, w)."""
    hole = fitted(mask, image.width, image.height, len(image.pixels))
    latent = vae.encode(Image(image.pixels * (hole <= HALF)[..., None])).samples
    size = (latent.shape[-2], latent.shape[-1])
    return torch.cat([latent, 1 - interpolate(hole[:, None], size)], dim=1)


def refuse_mask(net: ControlNet, mask: Mask | None) -> None:
    """Refuse a network that fills holes without one, and a hole for any other."""
    if net.takes_mask == (mask is not None):
        return
    wanted = "takes a mask, and none is connected" if net.takes_mask else "takes no mask"
    raise Refusal(
        f"This control network {wanted}.",
        "Connect the hole to fill."
        if net.takes_mask
        else "Remove the mask, or load a network for inpainting.",
        code="mask_mismatch",
        input="mask",
    )


@node(patch=Control)
def apply_control(
    model: Model,
    control_net: ControlNet,
    image: Image,
    vae: Vae,
    strength: Annotated[float, Slider(0.0, 2.0, step=0.05)] = 1.0,
    start: Annotated[float, Slider(0.0, 1.0, step=0.05)] = 0.0,
    end: Annotated[float, Slider(0.0, 1.0, step=0.05)] = 1.0,
    mode: Annotated[int, Number(0, 31)] = 0,
    mask: Mask | None = None,
) -> Model:
    """Let a control picture steer where things go; several in a row add up.

    Args:
        model: The diffusion transformer to steer.
        control_net: A control network made for this model.
        image: The control picture (edges, depth, boxes, ...), of the size that is sampled.
        vae: The model's autoencoder, which turns the control picture into a latent.
        strength: How strongly it steers; 0 not at all.
        start: Share of the model's own schedule from which on it acts; 0 is pure noise.
        end: Share up to which it acts; 1 is the picture. Other numbers of steps, strengths of image to image
            and runs in sections leave it at the same noise levels.
        mode: The kind of control picture, for union networks that know several; others ignore it.
        mask: The hole to fill, for control networks that were made for inpainting; `image` is the picture.
    """
    control_net.check(model.family, mode)
    blocks = {stack: len(getattr(model.module, stack)) for stack in control_net.form.stacks}
    hint = read_hint(control_net, image, vae, mask)
    net = control_net.beside(model.module)
    return model.with_patch(Control(net, model.family, blocks, hint, strength, start, end, mode))

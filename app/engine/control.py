"""Control networks: what they are, and what they add to the tokens behind each block of a transformer.

Reference: Zhang et al., Adding Conditional Control to Text-to-Image Diffusion Models (2023),
https://arxiv.org/abs/2302.05543; the transformer forms follow diffusers' Flux, SD3 and Qwen-Image networks.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from app.checkpoints.contents import find_part
from app.engine.families import Family
from app.engine.families.packing import SIDE, pack
from app.engine.prediction import ModelInput
from app.engine.sites import Block
from app.engine.weights.building import build, stated_config
from app.graph.problem import Refusal

Residuals = Mapping[str, Sequence[Tensor]]
"""Stack of blocks -> what is added behind them, (B, N, D) each; fewer than blocks serve several in a row."""


@dataclass(frozen=True)
class ControlForm:
    """How a class of control networks is called.

    Attributes:
        network: Class name in diffusers.
        families: Names of the model families that it steers.
        condition: Latent of the control picture -> what the network takes.
        masks: Config of the network -> channels that it takes of a mask, beside those of the latent.
        stacks: The stacks that it adds to, in the order in which it returns their residuals.
        serves: (block, blocks, residuals) -> which residual is added behind a block; None for none.
    """

    network: str
    families: tuple[str, ...]
    condition: Callable[[Tensor], Tensor]
    stacks: tuple[str, ...]
    serves: Callable[[int, int, int], int | None]
    masks: Callable[[Any], int] = lambda config: 0


def in_runs(block: int, blocks: int, residuals: int) -> int:
    """Let each residual serve a run of blocks in a row, all runs but the last of equal length."""
    return block // -(-blocks // residuals)


def spread_out(block: int, blocks: int, residuals: int) -> int | None:
    """Spread the residuals over the blocks; the last block, which drops its text, gets none."""
    return None if block == blocks - 1 else block * residuals // blocks


FORMS = (
    ControlForm(
        "FluxControlNetModel",
        ("flux", "flux-mini"),
        pack,
        ("transformer_blocks", "single_transformer_blocks"),
        in_runs,
    ),
    ControlForm(
        "SD3ControlNetModel",
        ("sd3",),
        lambda latent: latent,
        ("transformer_blocks",),
        spread_out,
        lambda config: config.extra_conditioning_channels,
    ),
    ControlForm(
        "QwenImageControlNetModel",
        ("qwen-image",),
        pack,
        ("transformer_blocks",),
        in_runs,
        lambda config: config.extra_condition_channels // SIDE**2,
    ),
)


def form_of(network: str) -> ControlForm:
    """Return the form of a network's class; refuses one that is none of ours."""
    for form in FORMS:
        if form.network == network:
            return form
    raise Refusal(
        f"{network} is no control network that Patchloom knows.",
        f"Use one of: {', '.join(form.network for form in FORMS)}.",
        code="unknown_control",
    )


def open_control(path: Path) -> ControlNet:
    """Read a control network from a file or from the folder of one; `config.json` beside it is believed."""
    part = find_part(path, "controlnet")
    if lacking := part.architecture.unsupported.get(part.variant):
        raise Refusal(
            f"{path} is a control network ({part.variant}) that needs {lacking}.",
            "Patchloom cannot give it that yet; use another one.",
            code="unsupported",
            input="name",
        )
    told = stated_config(path if path.is_dir() else path.parent)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # diffusers' Flux network uses an old name of its own
        return ControlNet(build(part, told=told))


@dataclass(frozen=True, eq=False)
class ControlNet:
    """A handle on a control network; shared, never modified.

    Attributes:
        module: A control network of diffusers.
        entrance: What makes tokens of a latent in the transformer, for networks that have no such thing.
    """

    module: nn.Module
    entrance: nn.Module | None = None

    def beside(self, transformer: nn.Module) -> ControlNet:
        """Return the handle for one transformer, whose entrance it may borrow."""
        return replace(self, entrance=transformer.pos_embed) if self.borrows else self  # type: ignore[arg-type]

    @property
    def borrows(self) -> bool:
        """Whether it takes tokens and no text, as the networks for SD3.5 large do."""
        return getattr(self.module.config, "use_pos_embed", True) is False

    @property
    def form(self) -> ControlForm:
        return form_of(type(self.module).__name__)

    @property
    def modes(self) -> int:
        """How many kinds of control picture a union network tells apart; 0 for a network of one kind."""
        return getattr(self.module.config, "num_mode", None) or 0

    @property
    def reads_pixels(self) -> bool:
        """Whether it takes the control picture itself (XLabs' networks) instead of its latent."""
        return getattr(self.module, "input_hint_block", None) is not None

    @property
    def ignores_shift(self) -> bool:
        """Whether it was trained on latents without the autoencoder's shift (InstantX's for SD3)."""
        return getattr(self.module.config, "force_zeros_for_pooled_projection", False) is True

    @property
    def takes_mask(self) -> bool:
        """Whether it fills holes, and takes a mask beside the picture."""
        return self.form.masks(self.module.config) > 0

    @property
    def nbytes(self) -> int:
        return sum(parameter.nbytes for parameter in self.module.parameters())

    def check(self, family: Family, mode: int) -> None:
        """Refuse a model that it was not made for, and a mode that it has not."""
        if family.name not in self.form.families:
            raise Refusal(
                f"The control network steers {' and '.join(self.form.families)}; the model is {family.name}.",
                "Load the control network that was made for this model.",
                code="family_mismatch",
                input="control_net",
            )
        if self.modes and not 0 <= mode < self.modes:
            raise Refusal(
                f"mode is {mode}; this union network has the modes 0 to {self.modes - 1}.",
                "Look up on the network's page which number stands for which kind of picture.",
                code="out_of_range",
                input="mode",
            )

    @torch.no_grad()
    def residuals(self, family: Family, given: ModelInput, hint: Tensor, mode: int) -> Residuals:
        """Return what it adds for one question.

        `hint` is the control picture's latent (B or 1, C, h, w), or its pixels (B or 1, 3, H, W) in -1..1.
        """
        parameter = next(self.module.parameters())
        device, dtype, batch = parameter.device, parameter.dtype, len(given.latent)
        conditioning = replace(given.conditioning, beside=None).to(device, dtype)
        if self.ignores_shift:
            conditioning = replace(conditioning, pooled=torch.zeros_like(conditioning.pooled))  # type: ignore[arg-type]
        typed = replace(given, latent=given.latent.to(device, dtype), conditioning=conditioning)
        named: dict[str, Any] = family.arguments(self.module, typed)
        if self.entrance is not None:
            named |= {"hidden_states": self.entrance(typed.latent), "encoder_hidden_states": None}
        rows = hint.to(device, dtype).expand(batch, -1, -1, -1)
        named["controlnet_cond"] = rows if self.reads_pixels else self.form.condition(rows)
        if self.modes:
            named["controlnet_mode"] = torch.full((batch, 1), mode, device=device)
        output = self.module(**named, return_dict=False)
        lists = output if isinstance(output, tuple) else (output,)  # Qwen's returns its list as it is
        return {stack: parts for stack, parts in zip(self.form.stacks, lists, strict=True) if parts}

    def behind(self, residuals: Residuals, block: Block, blocks: int) -> Tensor | None:
        """Return what is added behind a block of a stack of `blocks`, (B, N, D)."""
        parts = residuals.get(block.stack)
        if not parts:
            return None
        if self.reads_pixels:
            return parts[block.index % len(parts)]  # XLabs' networks repeat theirs
        chosen = self.form.serves(block.index, blocks, len(parts))
        return None if chosen is None else parts[chosen]

"""What computing with a model takes beside its weights, told before anything is loaded.

Each answer comes from a forward pass without numbers; see dry_run.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import torch
from torch import nn

from app.engine.conditioning import Conditioning
from app.engine.families import FAMILIES, Family
from app.engine.memory.dry_run import META, Taken, working_memory
from app.engine.memory.networks import Network
from app.engine.memory.visits import visits_of
from app.engine.place import compute_place
from app.engine.prediction import ModelInput
from app.engine.weights.loading import quieten

log = logging.getLogger(__name__)
# What the configurations of transformers call the width of the text tokens, the most particular name first.
TEXT_WIDTHS = (
    "caption_channels",
    "cap_feat_dim",
    "text_dim",
    "text_embed_dim",
    "joint_attention_dim",
    "cross_attention_dim",
    "hidden_size",
)
PROMPT = 128  # tokens of a prompt, for families that do not fill them up
COPIES = 3  # of the pictures themselves, while they are turned into what nodes hand on
Shape = tuple[int, ...]
NAMED: Mapping[str, Family] = {family.name: family for family in FAMILIES}


@lru_cache(maxsize=8)
def network(part: Network) -> nn.Module:
    """Return the network of a part, without weights."""
    assert part.build is not None, f"{part.size.name} is no network"
    quieten()  # diffusers remarks on casts, which no number here sees
    return part.build().to(META, compute_place()[1]).eval()


@lru_cache(maxsize=256)
def sampling(part: Network, family_name: str, latent: Shape) -> Taken | None:
    """Return what one question to a transformer takes; the latent is (B, C, h, w), perhaps with F."""
    module, family, given = network(part), NAMED[family_name], question(part, family_name, latent)
    return told(part, lambda: {**family.arguments(module, given), "return_dict": False}, module)


def question(part: Network, family_name: str, latent: Shape) -> ModelInput:
    """Return what a transformer is asked for a latent of a shape, with a prompt of the usual length."""
    module, dtype, family = network(part), compute_place()[1], NAMED[family_name]
    conditioning = Conditioning(
        torch.zeros(latent[0], text_length(family), text_width(module), dtype=dtype),
        torch.zeros(latent[0], getattr(module.config, "pooled_projection_dim", None) or 1, dtype=dtype),
        family.name,
    )
    return ModelInput(torch.zeros(latent, dtype=dtype), 0.5, conditioning)


@lru_cache(maxsize=256)
def decoding(part: Network, family_name: str, latent: Shape) -> Taken | None:
    """Return what decoding a latent takes."""
    module, dtype, family = network(part), compute_place()[1], NAMED[family_name]
    cells = latent[-2] * latent[-1] * family.latent.downscale**2
    frames = (
        (latent[2] - 1 - family.latent.lead) * family.latent.frame_downscale + 1 if len(latent) == 5 else 1
    )
    pixels = latent[0] * 3 * frames * cells * torch.float32.itemsize
    shape = (*latent[:2], 1, *latent[2:]) if family.latent.video_vae and len(latent) == 4 else latent
    taken = told(part, lambda: {"z": torch.zeros(shape, dtype=dtype)}, module.decode)
    return None if taken is None else Taken(*(bytes + COPIES * pixels for bytes in taken))


@lru_cache(maxsize=256)
def encoding(part: Network, family_name: str, latent: Shape) -> Taken | None:
    """Return what encoding pictures into a latent of this shape takes."""
    module, dtype, family = network(part), compute_place()[1], NAMED[family_name]
    side = family.latent.downscale
    frames = (1,) if family.latent.video_vae else ()
    shape = (latent[0], 3, *frames, latent[-2] * side, latent[-1] * side)
    taken = told(part, lambda: {"x": torch.zeros(shape, dtype=dtype)}, module.encode)
    pixels = torch.zeros(shape, device=META).nbytes
    return None if taken is None else Taken(*(bytes + COPIES * pixels for bytes in taken))


@lru_cache(maxsize=256)
def reading(part: Network, length: int) -> Taken | None:
    """Return what a text encoder takes for a prompt of `length` tokens."""
    module = network(part)
    longest = getattr(module.config, "max_position_embeddings", None) or length
    ids = torch.zeros(1, min(length, longest), dtype=torch.int64)
    return told(part, lambda: {"input_ids": ids, "output_hidden_states": True}, module)


def told(part: Network, given: Callable[[], Mapping[str, Any]], call: Any) -> Taken | None:
    """Return what a call takes; None where the network cannot be run without numbers."""
    module = network(part)
    try:
        taken = working_memory(module, call, given(), visits_of(part, module))
    except Exception as error:  # any line of a foreign model may ask for a number; a plan goes on without
        log.info("no forecast for %s: %s", type(module).__name__, error)
        return None
    return Taken(taken.beside + tables(module), taken.offloaded)


def tables(module: nn.Module) -> int:
    """Return the bytes of what a network makes for itself and no file holds; offloaded, it waits, too."""
    stored = module.state_dict().keys()
    return sum(buffer.nbytes for name, buffer in module.named_buffers() if name not in stored)


def text_width(module: Any) -> int:
    """Return the width of the text tokens that a transformer reads."""
    widths = (getattr(module.config, name, None) for name in TEXT_WIDTHS)
    return next(width for width in widths if isinstance(width, int))


def text_length(family: Family) -> int:
    """Return how many text tokens a transformer of the family sees of a prompt."""
    if family.prompting is None:
        return 1
    lengths = [tower.length if tower.padding != "none" else PROMPT for tower in family.prompting.towers]
    return max(lengths, default=1)

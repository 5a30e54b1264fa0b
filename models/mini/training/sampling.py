"""Draws pictures with an exported model: plain guidance and Euler steps on linear sigmas."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from models.mini.training.autoencoder import Autoencoder, decode, load_autoencoder
from models.mini.training.captions import write_caption
from models.mini.training.latents import unpack
from models.mini.training.networks import Networks, load_networks
from models.mini.training.scenes import Scene, SceneSampler
from models.mini.training.text import make_tokenizer, tokenize

BATCH = 32
HELD_OUT_SEED = 424242


@dataclass(frozen=True)
class Settings:
    """How to sample: number of steps, guidance scale (1: no guidance) and seed of the noise."""

    steps: int = 20
    guidance_scale: float = 3.0
    seed: int = 0


@dataclass(frozen=True)
class MiniModel:
    """An exported model, loaded for sampling."""

    networks: Networks
    vae: Autoencoder
    tokenizer: PreTrainedTokenizerFast
    scaling_factor: float
    shift_factor: float
    size: int


def load_mini_model(folder: Path) -> MiniModel:
    """Load an exported model in float32."""
    vae_config = json.loads((folder / "vae" / "config.json").read_text())
    width, _ = json.loads((folder / "model_index.json").read_text())["_patchloom_size"]
    return MiniModel(
        load_networks(folder).eval(),
        load_autoencoder(folder / "vae"),
        make_tokenizer(),
        vae_config["scaling_factor"],
        vae_config["shift_factor"],
        width,
    )


def hold_out(count: int, seed: int = HELD_OUT_SEED) -> tuple[list[Scene], list[str]]:
    """Return scenes from a seed that no training uses, with one caption each."""
    rng = Random(seed)
    sampler = SceneSampler(rng)
    scenes = [sampler.sample() for _ in range(count)]
    return scenes, [write_caption(scene, rng) for scene in scenes]


@torch.inference_mode()
def generate(model: MiniModel, prompts: Sequence[str], settings: Settings) -> Tensor:
    """Draw one picture for each prompt: pixels (B, 3, H, W) in -1..1."""
    batches = [prompts[i : i + BATCH] for i in range(0, len(prompts), BATCH)]
    return torch.cat([_generate_batch(model, batch, settings, i) for i, batch in enumerate(batches)])


def _generate_batch(model: MiniModel, prompts: Sequence[str], settings: Settings, index: int) -> Tensor:
    generator = torch.Generator().manual_seed(settings.seed + index * BATCH)
    side, width = model.size // 16, model.networks.transformer.config.in_channels
    tokens = torch.randn(len(prompts), side * side, width, generator=generator)
    ids = tokenize(model.tokenizer, [*prompts, *[""] * len(prompts)])
    sigmas = torch.linspace(1, 0, settings.steps + 1)
    for sigma, next_sigma in pairwise(sigmas):
        velocity = _guided_velocity(model.networks, tokens, sigma, ids, settings.guidance_scale)
        tokens = tokens + (next_sigma - sigma) * velocity
    return decode(model.vae, unpack(tokens) / model.scaling_factor + model.shift_factor)


def _guided_velocity(
    networks: Networks, tokens: Tensor, sigma: Tensor, ids: Tensor, guidance_scale: float
) -> Tensor:
    if guidance_scale == 1:
        velocity: Tensor = networks(tokens, sigma.expand(len(tokens)), ids[: len(tokens)])
        return velocity
    both: Tensor = networks(torch.cat([tokens, tokens]), sigma.expand(2 * len(tokens)), ids)
    cond, uncond = torch.chunk(both, 2)
    return uncond + guidance_scale * (cond - uncond)

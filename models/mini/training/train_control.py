"""Train a control network that puts objects into boxes, for a fixed time, beside the frozen model."""

import argparse
import json
import time
import warnings
from argparse import Namespace
from pathlib import Path
from random import Random
from typing import Any

import torch
from diffusers import FluxControlNetModel
from torch import Tensor

from models.mini.training.autoencoder import encode
from models.mini.training.control_scenes import box_batch, caption, draw_scene
from models.mini.training.drawing import render_batch
from models.mini.training.latents import image_positions, pack
from models.mini.training.sampling import MiniModel, load_mini_model
from models.mini.training.scenes import Scene, SceneSampler
from models.mini.training.text import text_positions, tokenize
from models.mini.training.train_transformer import draw_sigmas
from models.mini.training.workers import learning_rate_factor

ENCODED = 16  # pictures encoded at once
NET_BLOCKS = 2
CAPTION_DROPOUT = 0.1


def make_control(model: MiniModel) -> Any:
    """Build a network that starts as a copy of the model's first blocks and adds nothing."""
    stock: Any = FluxControlNetModel
    base = model.networks.transformer
    shared = ("in_channels", "attention_head_dim", "num_attention_heads", "axes_dims_rope")
    shared += ("joint_attention_dim", "pooled_projection_dim", "guidance_embeds")
    settings = {name: base.config[name] for name in shared}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # diffusers' class uses an old name of its own
        net = stock(**settings, num_layers=NET_BLOCKS, num_single_layers=0)
    copied = {name: value for name, value in base.state_dict().items() if name in net.state_dict()}
    net.load_state_dict(copied, strict=False)
    return net


class Examples:
    """Shuffled batches of clean tokens, box tokens and token ids, all encoded beforehand."""

    def __init__(self, model: MiniModel, options: Namespace) -> None:
        """Draw and encode the scenes."""
        self.model, self.batch = model, options.batch
        self.rng = Random(options.seed)
        sampler = SceneSampler(Random(options.seed + 1))
        self.scenes = [draw_scene(self.rng, sampler) for _ in range(options.scenes)]
        parts = [self.scenes[at : at + ENCODED] for at in range(0, len(self.scenes), ENCODED)]
        self.pictures = torch.cat([self.encode(render_batch(part, model.size)) for part in parts])
        self.boxes = torch.cat([self.encode(box_batch(part, model.size)) for part in parts])

    def encode(self, pixels: Tensor) -> Tensor:
        latent = encode(self.model.vae, pixels)
        return pack((latent - self.model.shift_factor) * self.model.scaling_factor).clone()

    def __next__(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return clean tokens (B, N, C), box tokens (B, N, C) and token ids (B, L)."""
        chosen = self.rng.sample(range(len(self.scenes)), self.batch)
        prompts = [self.prompt(self.scenes[index]) for index in chosen]
        return self.pictures[chosen], self.boxes[chosen], tokenize(self.model.tokenizer, prompts)

    def prompt(self, scene: Scene) -> str:
        return "" if self.rng.random() < CAPTION_DROPOUT else caption(scene, self.rng)


def flow_loss(net: Any, model: MiniModel, clean: Tensor, boxes: Tensor, ids: Tensor) -> Tensor:
    """Return the rectified-flow loss of the frozen model with the network's residuals."""
    sigma, noise = draw_sigmas(len(clean)), torch.randn_like(clean)
    share = sigma.view(-1, 1, 1)
    given = inputs(model, (1 - share) * clean + share * noise, sigma, ids)
    residuals, _ = net(**given, controlnet_cond=boxes, return_dict=False)
    velocity = model.networks.transformer(**given, controlnet_block_samples=residuals, return_dict=False)[0]
    loss: Tensor = (velocity - (noise - clean)).pow(2).mean()
    return loss


@torch.no_grad()
def inputs(model: MiniModel, tokens: Tensor, sigma: Tensor, ids: Tensor) -> dict[str, Tensor]:
    """Return what both networks take."""
    return {
        "hidden_states": tokens,
        "encoder_hidden_states": model.networks.text_encoder_2(input_ids=ids).last_hidden_state,
        "pooled_projections": model.networks.text_encoder(input_ids=ids).pooler_output,
        "timestep": sigma,
        "img_ids": image_positions(round(tokens.size(1) ** 0.5)),
        "txt_ids": text_positions(),
    }


def train(options: Namespace) -> None:
    """Train until the time is over, then write the network with averaged weights in float16."""
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    model = load_mini_model(options.model)
    model.networks.requires_grad_(False)
    net = make_control(model).train()
    examples = Examples(model, options)
    print(f"{len(examples.scenes)} scenes encoded", flush=True)
    parameters = list(net.parameters())
    optimizer = torch.optim.AdamW(parameters, lr=options.rate, betas=(0.9, 0.95), weight_decay=0.0)
    average = [parameter.detach().clone() for parameter in parameters]
    start, steps, losses = time.monotonic(), 0, list[float]()
    while (progress := (time.monotonic() - start) / (60 * options.minutes)) < 1:
        loss = flow_loss(net, model, *next(examples))
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.param_groups[0]["lr"] = options.rate * learning_rate_factor(steps, progress, 40, 0.5, 0.03)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        steps += 1
        keep = min(0.998, steps / (steps + 10))
        torch._foreach_lerp_(average, [parameter.detach() for parameter in parameters], 1 - keep)
        losses.append(loss.item())
        if steps % 100 == 0:
            print(json.dumps({"steps": steps, "loss": round(sum(losses[-100:]) / 100, 4)}), flush=True)
    for parameter, mean in zip(parameters, average, strict=True):
        parameter.data.copy_(mean)
    net.half().save_pretrained(options.out)
    print(f"{steps} steps of {options.batch} in {options.minutes:g} minutes", flush=True)


def parse_options() -> Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=Path("models/mini"), help="the exported model")
    parser.add_argument("--out", type=Path, default=Path("models/controlnet/mini_boxes"))
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--scenes", type=int, default=16000)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=7000)
    return parser.parse_args()


if __name__ == "__main__":
    train(parse_options())

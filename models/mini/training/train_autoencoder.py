"""Train the autoencoder on crops around the objects of fresh scenes, for a fixed time."""

import argparse
import json
from argparse import Namespace
from collections import deque
from pathlib import Path
from random import Random

import torch
from torch import Tensor

from models.mini.training.autoencoder import Autoencoder, load_autoencoder, make_autoencoder
from models.mini.training.drawing import render_batch
from models.mini.training.scenes import CANVAS, Scene, SceneSampler
from models.mini.training.workers import (
    Clock,
    MovingAverage,
    average_gradients,
    learning_rate_factor,
    run_workers,
)

CROPS_PER_SCENE = 2
OBJECT_SHARE = 0.85
"""Share of the crops that lie around an object; the others lie anywhere."""
LATENT_NOISE = 0.1


def draw_crops(sampler: SceneSampler, rng: Random, options: Namespace) -> Tensor:
    """Draw a batch of crops (B, 3, crop, crop) whose corners lie on the grid of latent cells."""
    crops: list[Tensor] = []
    for _ in range(options.batch // CROPS_PER_SCENE):
        scene = sampler.sample()
        pixels = render_batch([scene], options.size)[0]
        for _ in range(CROPS_PER_SCENE):
            x, y = _corner(scene, rng, options)
            crops.append(pixels[:, y : y + options.crop, x : x + options.crop])
    return torch.stack(crops).contiguous(memory_format=torch.channels_last)


def _corner(scene: Scene, rng: Random, options: Namespace) -> tuple[int, int]:
    if rng.random() < OBJECT_SHARE:
        thing = rng.choice(scene.things)
        reach = thing.diameter / 2
        center = (thing.x + rng.uniform(-reach, reach), thing.y + rng.uniform(-reach, reach))
    else:
        center = (rng.uniform(0, CANVAS), rng.uniform(0, CANVAS))
    limit, zoom = options.size - options.crop, options.size / CANVAS
    x, y = (min(limit, max(0, round((c * zoom - options.crop / 2) / 8) * 8)) for c in center)
    return x, y


def reconstruction_loss(vae: Autoencoder, pixels: Tensor) -> Tensor:
    """Return the error of values and of edges, plus a small penalty on large latents."""
    latent = vae.encoder(pixels)
    output = vae.decoder(latent + LATENT_NOISE * torch.randn_like(latent))
    error = output - pixels
    edges = error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
    loss: Tensor = error.abs().mean() + error.pow(2).mean() + 0.3 * edges + 1e-3 * latent.pow(2).mean()
    return loss


def train(rank: int, options: Namespace) -> None:
    """Train in one worker until the time is over; the first worker writes the averaged weights."""
    torch.manual_seed(options.seed)
    vae = load_autoencoder(options.start) if options.start else make_autoencoder()
    vae = vae.train().to(memory_format=torch.channels_last)
    parameters = list(vae.parameters())
    optimizer = torch.optim.AdamW(parameters, lr=options.rate, betas=(0.9, 0.95), weight_decay=0.0)
    average, rng = MovingAverage(parameters, 0.995), Random(options.seed + 100 + rank)
    torch.manual_seed(options.seed + rank)
    sampler, clock, losses = SceneSampler(rng), Clock(options.minutes), deque[float](maxlen=100)
    while (progress := clock.progress()) < 1:
        loss = reconstruction_loss(vae, draw_crops(sampler, rng, options))
        loss.backward()  # type: ignore[no-untyped-call]
        average_gradients(parameters)
        factor = learning_rate_factor(average.steps, progress, 20, options.flat, 0.02)
        optimizer.param_groups[0]["lr"] = options.rate * factor
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        average.update()
        losses.append(loss.item())
        if rank == 0 and average.steps % 100 == 0:
            entry = {"steps": average.steps, "loss": round(sum(losses) / len(losses), 4)}
            print(json.dumps(entry | {"duration": round(clock.elapsed())}), flush=True)
    if rank == 0:
        for parameter, value in zip(parameters, average.values, strict=True):
            parameter.data.copy_(value)
        vae.to(memory_format=torch.contiguous_format).save_pretrained(options.out)


def parse_options() -> Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--start", type=Path, help="folder of an autoencoder to start from")
    parser.add_argument("--minutes", type=float, default=9)
    parser.add_argument("--size", type=int, default=128, help="pixels along one side of a picture")
    parser.add_argument(
        "--crop", type=int, default=48, help="pixels along one side of a crop, a multiple of 8"
    )
    parser.add_argument("--batch", type=int, default=8, help="crops per worker and step")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rate", type=float, default=1.2e-3)
    parser.add_argument("--flat", type=float, default=0.3, help="share of the time before the rate falls")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--port", type=int, default=29711)
    return parser.parse_args()


if __name__ == "__main__":
    run_workers(train, parse_options())

"""Train the transformer and both text encoders by rectified flow on stored latents, for a fixed time."""

import argparse
import json
import os
import time
from argparse import Namespace
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import Tensor, nn

from models.mini.training.captions import write_caption
from models.mini.training.encode_scenes import load_scenes
from models.mini.training.latents import pack
from models.mini.training.muon import Muon
from models.mini.training.networks import Networks, load_networks, make_networks
from models.mini.training.text import make_tokenizer, tokenize
from models.mini.training.workers import (
    Clock,
    MovingAverage,
    average_gradients,
    learning_rate_factor,
    run_workers,
)

NOT_FOR_MUON = ("norm", "embed", "shared", "relative")
CAPTION_DROPOUT = 0.1
SIGMA_SHIFT = 0.2
"""Mean of the normal distribution whose sigmoid is the sigma of a training example."""


def draw_sigmas(batch: int) -> Tensor:
    """Draw logit-normal sigmas (B,), one from each of B equal slices of the distribution."""
    u = (torch.arange(batch) + torch.rand(batch)) / batch
    normal = torch.erfinv((2 * u - 1).clamp(-0.9999, 0.9999)) * 2**0.5
    return torch.sigmoid(normal + SIGMA_SHIFT)[torch.randperm(batch)]


def uses_muon(name: str, parameter: nn.Parameter) -> bool:
    """Return whether a parameter is one of the inner weight matrices of the transformer."""
    if not name.startswith("transformer.") or parameter.ndim != 2:
        return False
    if any(part in name for part in NOT_FOR_MUON):
        return False
    return name != "transformer.proj_out.weight"


class Optimizer:
    """Muon for the transformer's matrices, AdamW with two learning rates for everything else."""

    def __init__(self, model: Networks, options: Namespace) -> None:
        """Sort the parameters into the three groups."""
        named = list(model.named_parameters())
        matrices = {name for name, parameter in named if uses_muon(name, parameter)}
        rest = [(name, parameter) for name, parameter in named if name not in matrices]
        transformer = [parameter for name, parameter in rest if name.startswith("transformer.")]
        text = [parameter for name, parameter in rest if not name.startswith("transformer.")]
        self.muon = Muon([parameter for name, parameter in named if name in matrices])
        self.rates = (options.muon_rate, options.transformer_rate, options.text_rate)
        self.adam = torch.optim.AdamW(
            [{"params": transformer}, {"params": text}], lr=1e-3, betas=(0.9, 0.95), weight_decay=0.0
        )

    def step(self, factor: float) -> None:
        """Apply one update with all learning rates scaled by `factor`, and clear the gradients."""
        muon_rate, *adam_rates = (rate * factor for rate in self.rates)
        self.muon.step(muon_rate)
        for group, rate in zip(self.adam.param_groups, adam_rates, strict=True):
            group["lr"] = rate
        self.adam.step()
        self.adam.zero_grad(set_to_none=True)


class Examples:
    """Endless shuffled batches of clean tokens and the token ids of freshly written captions."""

    def __init__(self, options: Namespace, rank: int) -> None:
        """Load the stored latents and normalise them."""
        latents, self.scenes = load_scenes(options.data)
        self.mean, self.std = latents.mean().item(), latents.std().item()
        self.tokens = pack((latents - self.mean) / self.std)
        self.tokenizer = make_tokenizer()
        self.rng, self.batch, self.order = Random(options.seed + 77 + rank), options.batch, list[int]()

    def __next__(self) -> tuple[Tensor, Tensor]:
        """Return tokens (B, N, C) and token ids (B, L)."""
        if len(self.order) < self.batch:
            self.order = self.rng.sample(range(len(self.scenes)), len(self.scenes))
        chosen, self.order = self.order[: self.batch], self.order[self.batch :]
        prompts = [self._prompt(i) for i in chosen]
        return self.tokens[chosen], tokenize(self.tokenizer, prompts)

    def _prompt(self, index: int) -> str:
        if self.rng.random() < CAPTION_DROPOUT:
            return ""
        return write_caption(self.scenes[index], self.rng)


def flow_loss(model: Networks, clean: Tensor, ids: Tensor) -> Tensor:
    """Return the rectified-flow loss: the squared error of the velocity noise - clean."""
    sigma, noise = draw_sigmas(len(clean)), torch.randn_like(clean)
    share = sigma.view(-1, 1, 1)
    velocity: Tensor = model((1 - share) * clean + share * noise, sigma, ids)
    loss: Tensor = (velocity - (noise - clean)).pow(2).mean()
    return loss


def train(rank: int, options: Namespace) -> None:
    """Train in one worker until the time is over; the first worker writes the checkpoints."""
    torch.manual_seed(options.seed)
    examples = Examples(options, rank)
    model = (
        load_networks(options.start)
        if options.start
        else make_networks(examples.tokens.size(2), options.width)
    )
    if options.resume:
        model.load_state_dict(torch.load(options.resume, weights_only=False)["average"])
    model.train()
    if options.compile:
        model.transformer.compile()
    parameters = list(model.parameters())
    average, optimizer = MovingAverage(parameters, 0.998), Optimizer(model, options)
    torch.manual_seed(options.seed + 10 + rank)
    clock, losses, log, saved = Clock(options.minutes), list[float](), list[dict[str, float]](), time.time()
    while (progress := clock.progress()) < 1:
        loss = flow_loss(model, *next(examples))
        loss.backward()  # type: ignore[no-untyped-call]
        average_gradients(parameters)
        optimizer.step(learning_rate_factor(average.steps, progress, 40, options.flat, 0.03))
        average.update()
        losses.append(loss.item())
        if rank == 0 and average.steps % 50 == 0:
            log.append(_report(average.steps, options, clock, losses))
            losses = []
        if rank == 0 and time.time() - saved > options.save_minutes * 60:
            saved = time.time()
            save(model, average, examples, options, log)
    if rank == 0:
        save(model, average, examples, options, log)


def _report(steps: int, options: Namespace, clock: Clock, losses: list[float]) -> dict[str, float]:
    entry = {
        "steps": steps,
        "samples": steps * options.batch * options.workers,
        "duration": round(clock.elapsed()),
        "cpu_per_worker": round(time.process_time()),
        "loss": round(sum(losses) / len(losses), 4),
    }
    print(json.dumps(entry), flush=True)
    return entry


def save(
    model: Networks,
    average: MovingAverage,
    examples: Examples,
    options: Namespace,
    log: list[dict[str, float]],
) -> None:
    """Write a checkpoint with the averaged weights; a reader never sees half a file."""
    averaged: dict[str, Any] = dict(model.state_dict())
    names = [name for name, _ in model.named_parameters()]
    averaged.update(zip(names, average.values, strict=True))
    checkpoint = {
        "average": averaged,
        "transformer_config": dict(model.transformer.config),
        "mean": examples.mean,
        "std": examples.std,
        "log": log,
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    for file in (options.out, options.out.with_stem(f"{options.out.stem}_{average.steps}")):
        temporary = file.with_suffix(".part")
        torch.save(checkpoint, temporary)
        os.replace(temporary, file)


def parse_options() -> Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder written by encode_scenes")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint file to write")
    parser.add_argument("--minutes", type=float, default=80, help="duration of the training")
    parser.add_argument("--start", type=Path, help="exported model to start from")
    parser.add_argument("--resume", type=Path, help="checkpoint to go on from")
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--batch", type=int, default=32, help="examples per worker and step")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--muon-rate", type=float, default=0.02)
    parser.add_argument("--transformer-rate", type=float, default=2e-3)
    parser.add_argument("--text-rate", type=float, default=7e-4)
    parser.add_argument("--flat", type=float, default=0.35, help="share of the time before the rates fall")
    parser.add_argument("--save-minutes", type=float, default=4)
    parser.add_argument("--compile", action="store_true", help="compile the transformer: a tenth faster")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--port", type=int, default=29712)
    return parser.parse_args()


if __name__ == "__main__":
    run_workers(train, parse_options())

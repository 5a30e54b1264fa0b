"""Data-parallel training by single-thread processes that average their gradients over gloo.

Two such workers are faster on two cores than one process with two threads.
"""

import os
import time
from argparse import Namespace
from collections.abc import Callable, Sequence

import torch
import torch.distributed as dist
from torch import Tensor
from torch.multiprocessing.spawn import spawn


def run_workers(train: Callable[[int, Namespace], None], options: Namespace) -> None:
    """Run `train(rank, options)` in `options.workers` processes and wait for them."""
    spawn(_run, args=(train, options), nprocs=options.workers)  # type: ignore[no-untyped-call]


def _run(rank: int, train: Callable[[int, Namespace], None], options: Namespace) -> None:
    torch.set_num_threads(1)
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(options.port))
    dist.init_process_group("gloo", rank=rank, world_size=options.workers)
    train(rank, options)
    dist.destroy_process_group()


class Clock:
    """The share of the training time that has passed, the same in every worker."""

    def __init__(self, minutes: float) -> None:
        """Start the clock now."""
        self.start, self.duration = time.time(), minutes * 60

    def elapsed(self) -> float:
        """Return the time since the start (s)."""
        return time.time() - self.start

    def progress(self) -> float:
        """Return the first worker's share of the training time, 0 at the start and 1 at the end."""
        share = torch.tensor([self.elapsed() / self.duration])
        dist.broadcast(share, 0)
        return float(share)


def learning_rate_factor(step: int, progress: float, warmup: int, flat: float, floor: float) -> float:
    """Rise over `warmup` steps, stay at 1 for the share `flat` of the time, then fall linearly to `floor`."""
    rise = min(1.0, (step + 1) / warmup)
    fall = 1.0 if progress < flat else max(floor, (1 - progress) / (1 - flat))
    return rise * fall


def average_gradients(parameters: Sequence[Tensor], max_norm: float = 1.0) -> float:
    """Average the gradients over the workers, clip them together and return their norm before clipping."""
    gradients = [p.grad if p.grad is not None else torch.zeros_like(p) for p in parameters]
    flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    norm = float(flat.norm())
    flat *= min(1.0, max_norm / (norm + 1e-6))
    parts = torch.split(flat, [p.numel() for p in parameters])
    for parameter, part in zip(parameters, parts, strict=True):
        parameter.grad = part.view_as(parameter)
    return norm


class MovingAverage:
    """Exponential moving average of parameters; early on it forgets faster."""

    def __init__(self, parameters: Sequence[Tensor], decay: float) -> None:
        """Start from the present values."""
        self.parameters, self.decay, self.steps = parameters, decay, 0
        self.values = [parameter.detach().clone() for parameter in parameters]

    def update(self) -> None:
        """Move a step towards the present values."""
        self.steps += 1
        decay = min(self.decay, self.steps / (self.steps + 8))
        torch._foreach_lerp_(self.values, [p.data for p in self.parameters], 1 - decay)

"""What comes on top of a transformer's own call: what techniques keep, and control networks."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

import torch

from app.engine.control import ControlNet
from app.engine.flow import Flow
from app.engine.memory.activations import NAMED, Shape, log, network, question
from app.engine.memory.dry_run import META, Taken, working_memory
from app.engine.memory.networks import Network
from app.engine.memory.passing import flow_through
from app.engine.model import Model, Patch
from app.engine.place import compute_place


class Steered(NamedTuple):
    """What a control network gives (bytes, kept until it is asked again), and what asking it takes."""

    residuals: int
    asking: int


def on_top(
    taken: Taken, part: Network, latent: tuple[str, Shape], patches: Iterable[Patch[Any]], branches: int
) -> Taken:
    """Return what a call takes with what techniques remember in each guidance branch.

    Args:
        taken: The call without techniques.
        part: The transformer.
        latent: The family's name, and the latent's shape.
        patches: The techniques.
        branches: How often a step asks the model, each time with a memory of its own.
    """
    keeping = [patch for patch in patches if type(patch).keeps is not Patch.keeps]
    if not keeping:
        return taken
    flow = flow_of(part, *latent)
    kept = sum(patch.keeps(flow) * (1 if patch.shares_branches else branches) for patch in keeping)
    return Taken(*(bytes + kept for bytes in taken))


def controlled(taken: Taken, steered: Iterable[Steered], branches: int) -> Taken:
    """Return what a call takes with control networks.

    A network is asked within the call; its answer stays until the same guidance branch asks again.
    """
    for one in steered:
        stays = branches * one.residuals
        asking = one.asking + stays - one.residuals
        taken = Taken(max(taken.beside + stays, asking), max(taken.offloaded + stays, asking))
    return taken


@lru_cache(maxsize=64)
def flow_of(part: Network, family_name: str, latent: Shape) -> Flow:
    """Return what passes through a transformer; nothing where it cannot be run without numbers."""
    model, flow = Model(network(part), NAMED[family_name]), Flow()

    def ask() -> None:
        nonlocal flow
        flow = flow_through(model, question(part, family_name, latent))

    try:
        working_memory(model.module, ask, {})
    except Exception as error:  # as with the call itself
        log.info("no forecast of techniques on %s: %s", part.size.model, error)
    return flow


@lru_cache(maxsize=64)
def steering(control: Network, part: Network, family_name: str, latent: Shape) -> Steered | None:
    """Return what a control network takes beside its weights; None where it cannot be run without numbers."""
    net, family, residuals = ControlNet(network(control)), NAMED[family_name], 0
    given = question(part, family_name, latent)
    side = family.latent.downscale if net.reads_pixels else 1
    channels = 3 if net.reads_pixels else latent[1] + net.takes_mask
    hint = torch.zeros(1, channels, *(side * cells for cells in latent[-2:]), device=META)

    def ask(**_: Any) -> None:
        nonlocal residuals
        answer = net.residuals(family, given, hint, 0)
        residuals = sum(tensor.nbytes for tensors in answer.values() for tensor in tensors)

    try:
        taken = working_memory(net.module, ask, {"hint": hint.to(compute_place()[1])})
    except Exception as error:  # as with the model itself
        log.info("no forecast for %s: %s", control.size.model, error)
        return None
    return Steered(residuals, taken.beside)

"""Techniques that claim nothing a cache or sparse attention could want, beside each of those in both orders.

They need guidance, a batch or certain models to do anything: the contract for techniques does not fit them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor

from app.engine.model import Model, Patch
from app.engine.sampling import Sampling, Sigmas
from nodes.attention.rope_scaling import rope_scaling
from nodes.caching.guidance_cache import GuidanceCache
from nodes.caching.residual_cfg import ResidualCfg
from nodes.caching.share_condition import ShareCondition
from nodes.guidance.contextual_repulsion import ContextualRepulsion
from nodes.samplers.euler import Euler
from tests.contracts.techniques import TECHNIQUES
from tests.nodes.control.test_apply_control import control
from tests.tiny.recorder import Recorder
from tests.tiny.runs import guided
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import build, noise

Made = Callable[[Model], Patch[Any]]
SIGMAS = Sigmas((1.0, 0.7, 0.4, 0.0))


@dataclass(frozen=True)
class Companion:
    """At work and neutral, and the family to try it on; `neutral` is None where no setting does nothing."""

    active: Made
    neutral: Made | None
    family: str = "flux"


def trained_for(rows: int, columns: int) -> Made:
    """Scale positions as if the model knew grids of so many tokens."""

    def scaled(model: Model) -> Patch[Any]:
        size = columns * model.family.latent.multiple, rows * model.family.latent.multiple
        return rope_scaling(replace(model, size=size)).patches[-1]

    return scaled


COMPANIONS = {
    "guidance_cache": Companion(lambda _: GuidanceCache(2, 0, 1), lambda _: GuidanceCache(1, 0, 1)),
    "residual_cfg": Companion(lambda _: ResidualCfg(1.0), None, "sd3"),
    "share_condition": Companion(lambda _: ShareCondition(2), lambda _: ShareCondition(1), "ddt"),
    "rope_scaling": Companion(trained_for(3, 4), trained_for(99, 99), "lumina2"),
    "contextual_repulsion": Companion(
        lambda _: ContextualRepulsion(1.0, 0, 1, 1), lambda _: ContextualRepulsion(0, 0, 1, 1)
    ),
    "control": Companion(
        lambda model: control(model, model.family.name),
        lambda model: control(model, model.family.name, strength=0.0),
        "sd3",
    ),
}


def run(family: str, *patches: Patch[Any]) -> Tensor:
    """Sample a batch of two with guidance."""
    model = build(family)
    handle = model
    for patch in patches:
        handle = handle.with_patch(patch)
    return Sampling(handle, guided(model), Euler(), SIGMAS).walk(noise(model, batch=2), Recorder())


@cache
def alone(family: str, technique: str | None) -> Tensor:
    return run(family, *([TECHNIQUES[technique].active] if technique else []))


@cache
def accompanied(name: str) -> Tensor:
    companion = COMPANIONS[name]
    return run(companion.family, companion.active(build(companion.family)))


@pytest.mark.parametrize("name", COMPANIONS)
def test_at_work_it_does_something(name: str) -> None:
    assert not torch.equal(accompanied(name), alone(COMPANIONS[name].family, None))


@pytest.mark.parametrize("technique", TECHNIQUES)
@pytest.mark.parametrize("name", COMPANIONS)
def test_both_orders_work_and_leave_the_weights_alone(name: str, technique: str) -> None:
    companion = COMPANIONS[name]
    model, patch = build(companion.family), TECHNIQUES[technique].active
    before = [parameter.sum().item() for parameter in model.module.parameters()]
    first = run(companion.family, companion.active(model), patch)
    assert first.isfinite().all()
    assert torch.equal(run(companion.family, companion.active(model), patch), first)
    assert run(companion.family, patch, companion.active(model)).isfinite().all()
    assert [parameter.sum().item() for parameter in model.module.parameters()] == before


@pytest.mark.parametrize("technique", TECHNIQUES)
@pytest.mark.parametrize("name", [name for name, companion in COMPANIONS.items() if companion.neutral])
def test_neutral_stays_neutral_beside_the_other(name: str, technique: str) -> None:
    companion, other = COMPANIONS[name], TECHNIQUES[technique]
    model = build(companion.family)
    assert companion.neutral
    neutral = companion.neutral(model)
    assert torch.equal(run(companion.family, neutral, other.active), alone(companion.family, technique))
    assert torch.equal(run(companion.family, companion.active(model), other.neutral), accompanied(name))

"""Caches, sparse attention and token subsets beside what else people put into a run.

A companion at work must not notice a technique at its neutral setting, nor a technique a companion that does
nothing; together they run, give the same twice, and leave the weights alone.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor

from app.engine.media import Latent
from app.engine.model import Model, Patch
from app.engine.sampling import Guider, Sampler, Sampling, Sigmas
from app.engine.walking.noise import starting_noise
from app.engine.weights.low_rank import Adapter, Update
from nodes.guidance.apg import apg
from nodes.guidance.no_guidance import NoGuidance
from nodes.guidance.perturbed_attention_guidance import perturbed_attention_guidance
from nodes.samplers.euler import Euler
from nodes.samplers.heun import Heun
from nodes.samplers.restart import Restart
from tests.contracts.techniques import TECHNIQUES
from tests.nodes.control.test_apply_control import control
from tests.tiny.recorder import Recorder
from tests.tiny.runs import SIGMAS, close
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import build, noise, prompt

CHOSEN = (
    *("first_block_cache", "taylor_seer"),
    *("clear_window", "piecewise_sparse_attention"),
    *("region_adaptive_sampling", "token_merging"),
)
FAMILIES = ("flux", "sd3")


EULER = Euler()


def empty(model: Model, batch: int = 1) -> Latent:
    return Latent(torch.zeros_like(noise(model, batch)), model.family.name)


@dataclass(frozen=True)
class Scenario:
    """A run with something in it; the defaults are a plain run from noise."""

    change: Callable[[Model], Model] = lambda model: model
    guider: Callable[[Model], Guider] = lambda model: NoGuidance(prompt(model))
    sampler: Sampler = EULER
    sigmas: Sigmas = SIGMAS
    latent: Callable[[Model], Latent] = empty

    def run(self, model: Model, *patches: Patch[Any]) -> Tensor:
        """Return the samples; the techniques stand behind what the scenario puts on the model."""
        handle = self.change(model)
        for patch in patches:
            handle = handle.with_patch(patch)
        latent = self.latent(model)
        sampling = Sampling(handle, self.guider(model), self.sampler, self.sigmas)
        return sampling.start(latent, starting_noise(latent.samples, 7), Recorder())[0].samples


def picture(model: Model) -> Latent:
    samples = torch.randn(noise(model).shape, generator=torch.Generator().manual_seed(4))
    return Latent(samples, model.family.name)


def masked(model: Model) -> Latent:
    mask = torch.zeros(1, 12, 16)
    mask[..., :8] = 1
    return replace(picture(model), mask=mask)


def adapted(model: Model, strength: float = 1.0) -> Model:
    """Put a random LoRA on a projection of the first block."""
    name = "transformer_blocks.0.attn.to_q"
    height, width = model.module.get_submodule(name).weight.shape  # type: ignore[union-attr, misc]
    random = torch.Generator().manual_seed(5)
    update = Update(torch.randn(2, width, generator=random), torch.randn(height, 2, generator=random))
    return model.with_adapter(Adapter({name: update}, {name: strength}))


SCENARIOS = {
    "lora": Scenario(change=adapted),
    "control": Scenario(change=lambda model: model.with_patch(control(model, model.family.name))),
    "image to image": Scenario(latent=picture, sigmas=Sigmas((0.6, 0.4, 0.2, 0.0))),
    "inpaint": Scenario(latent=masked),
    "perturbed branch": Scenario(
        guider=lambda model: perturbed_attention_guidance(prompt(model), prompt(model, seed=3), 3.0)
    ),
    "guider with momentum": Scenario(
        guider=lambda model: apg(prompt(model), prompt(model, seed=3), 3.0, momentum=-0.5)
    ),
    "two evaluations a step and a restart": Scenario(sampler=Restart(Heun(), 1, 0.8, 0.2, 3)),
    "batch": Scenario(latent=lambda model: empty(model, batch=2)),
}


@pytest.fixture(params=FAMILIES)
def model(request: pytest.FixtureRequest) -> Model:
    return build(request.param)


def model_of_turn(scenario: str, technique: str) -> Model:
    """The families take turns, so that each meets half of all scenarios with half of all techniques."""
    turn = list(SCENARIOS).index(scenario) + CHOSEN.index(technique)
    return build(FAMILIES[turn % len(FAMILIES)])


@cache
def alone(family: str, scenario: str) -> Tensor:
    return SCENARIOS[scenario].run(build(family))


@pytest.mark.parametrize("technique", CHOSEN)
@pytest.mark.parametrize("scenario", list(SCENARIOS))
def test_a_neutral_technique_changes_nothing_in_any_scenario(scenario: str, technique: str) -> None:
    model = model_of_turn(scenario, technique)
    result = SCENARIOS[scenario].run(model, TECHNIQUES[technique].neutral)
    assert torch.equal(result, alone(model.family.name, scenario))


@pytest.mark.parametrize("technique", CHOSEN)
@pytest.mark.parametrize("scenario", list(SCENARIOS))
def test_together_they_run_the_same_twice_and_leave_the_weights_alone(scenario: str, technique: str) -> None:
    model = model_of_turn(scenario, technique)
    before = [parameter.sum().item() for parameter in model.module.parameters()]
    first = SCENARIOS[scenario].run(model, TECHNIQUES[technique].active)
    assert first.isfinite().all()
    assert torch.equal(SCENARIOS[scenario].run(model, TECHNIQUES[technique].active), first)
    assert [parameter.sum().item() for parameter in model.module.parameters()] == before


@pytest.mark.parametrize("technique", CHOSEN)
def test_companions_that_do_nothing_are_not_noticed(model: Model, technique: str) -> None:
    active = TECHNIQUES[technique].active
    plain = Scenario().run(model, active)
    off = control(model, model.family.name, strength=0.0)
    assert torch.equal(Scenario(change=lambda model: model.with_patch(off)).run(model, active), plain)
    assert torch.equal(Scenario(change=lambda model: adapted(model, 0.0)).run(model, active), plain)
    whole = Scenario(latent=lambda model: replace(empty(model), mask=torch.ones(1, 12, 16)))
    assert close(whole.run(model, active), plain)


@pytest.mark.parametrize("technique", CHOSEN)
def test_what_lies_outside_of_the_mask_is_kept(model: Model, technique: str) -> None:
    kept = picture(model).samples[..., 8:]
    assert close(SCENARIOS["inpaint"].run(model, TECHNIQUES[technique].active)[..., 8:], kept)

"""Runs in two sections, runs that start over, and batches with seeds of their own, with every technique.

A technique remembers from step to step within one run, so each section begins anew. Families take turns.
"""

from functools import cache
from pathlib import Path

import pytest
import torch
from torch import Tensor

from app.engine.media import Latent
from app.engine.model import Model
from app.engine.sampling import Sampler, Sigmas
from nodes.guidance.no_guidance import NoGuidance
from nodes.samplers.euler import Euler
from nodes.samplers.heun import Heun
from nodes.samplers.restart import restart
from nodes.samplers.sample import sample
from nodes.samplers.sample_section import sample_section
from nodes.schedules.flow_schedule import flow_schedule
from nodes.schedules.split_sigmas import split_sigmas
from tests.contracts.reach import works
from tests.contracts.techniques import COUPLES_A_BATCH, TECHNIQUES
from tests.tiny.recorder import Recorder
from tests.tiny.runs import close
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import BUILDS, build, noise, prompt

# What looks at nothing but the present call: two sections give what one run gives
WITHOUT_HISTORY = {
    "attention_backend",
    "clear_window",
    "group_attention",
    "kv_pooling",
    "memory_slicing",
    "piecewise_sparse_attention",
    "proportional_attention",
}
SIGMAS, SHORT, SEED, EULER = flow_schedule(6), flow_schedule(4), 5, Euler()
FAMILIES = [
    name for name in BUILDS if name != "pixart"
]  # its random answers are so large that rounding shows
DOCS = Path(__file__).parents[2] / "docs" / "sampling.md"


def model_for(technique: str) -> Model:
    """Return a tiny model of the first family from the technique's turn on that it works on."""
    turn = list(TECHNIQUES).index(technique)
    ordered = FAMILIES[turn % len(FAMILIES) :] + FAMILIES
    return build(next(name for name in ordered if works(name, technique)))


def empty(model: Model, batch: int = 1) -> Latent:
    return Latent(torch.zeros_like(noise(model, batch)), model.family.name)


def whole(model: Model, sampler: Sampler = EULER, sigmas: Sigmas = SIGMAS) -> Tensor:
    guider = NoGuidance(prompt(model))
    return sample(Recorder(), model, guider, sampler, sigmas, empty(model), SEED).samples


def over_again(model: Model) -> Tensor:
    return whole(model, restart(Heun(), 1, 0.8, 0.3), SHORT)


def in_two(model: Model, step: int) -> Tensor:
    """Cut the run after a step: leave the noise in, then go on without adding any."""
    guider, (high, low) = NoGuidance(prompt(model)), split_sigmas(SIGMAS, step)
    begun = sample_section(Recorder(), model, guider, EULER, high, empty(model), SEED).latent
    return sample_section(Recorder(), model, guider, EULER, low, begun, 9, add_noise=False).latent.samples


def by_steps(model: Model, step: int) -> Tensor:
    """The same by the numbers of the steps, as KSampler (Advanced) has it."""
    guider, context = NoGuidance(prompt(model)), Recorder()
    begun = sample_section(context, model, guider, EULER, SIGMAS, empty(model), SEED, end_step=step).latent
    return sample_section(
        context, model, guider, EULER, SIGMAS, begun, 9, add_noise=False, start_step=step
    ).latent.samples


@cache
def plain(family: str) -> tuple[Tensor, Tensor]:
    return whole(build(family)), over_again(build(family))


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_two_sections_are_one_run_where_nothing_is_remembered(technique: str) -> None:
    model, setting = model_for(technique), TECHNIQUES[technique]
    neutral, active = model.with_patch(setting.neutral), model.with_patch(setting.active)
    assert close(in_two(neutral, 3), plain(model.family.name)[0])
    joined, at_once = [in_two(active, step) for step in (2, 3)], whole(active)
    assert all(result.isfinite().all() for result in joined)
    assert torch.equal(by_steps(model.with_patch(setting.active), 3), joined[1])
    assert all(close(result, at_once) for result in joined) == (technique in WITHOUT_HISTORY)


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_a_run_that_starts_over(technique: str) -> None:
    model, setting = model_for(technique), TECHNIQUES[technique]
    assert torch.equal(over_again(model.with_patch(setting.neutral)), plain(model.family.name)[1])
    handle = model.with_patch(setting.active)
    result = over_again(handle)
    assert result.isfinite().all() and torch.equal(over_again(handle), result)


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_each_picture_of_a_batch_with_its_own_seed_is_a_single_run(technique: str) -> None:
    model = model_for(technique)
    handle, guider = model.with_patch(TECHNIQUES[technique].active), NoGuidance(prompt(model))
    both = sample_section(
        Recorder(), handle, guider, EULER, SHORT, empty(model, 2), SEED, batch_seeds="seed + row"
    ).latent.samples
    assert both.isfinite().all()
    if technique not in COUPLES_A_BATCH:
        runs = (
            sample(Recorder(), handle, guider, EULER, SHORT, empty(model), SEED + row) for row in range(2)
        )
        assert close(both, torch.cat([run.samples for run in runs]))


def test_the_docs_say_what_begins_anew_and_what_looks_at_the_whole_batch() -> None:
    page = DOCS.read_text(encoding="utf-8")
    for names in (WITHOUT_HISTORY, COUPLES_A_BATCH):
        listed = ", ".join(f"`{name}`" for name in sorted(names))
        assert listed in page, listed

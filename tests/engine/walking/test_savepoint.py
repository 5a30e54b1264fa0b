"""A run that is cut off and taken up again equals one that was not, bit for bit."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from app.engine.model import Model, Patch
from app.engine.prediction import ModelInput
from app.engine.sampling import Denoise, OnStep, Sampler, Sampling, Sigmas
from app.engine.step import Step
from app.engine.storage import NotStorable, from_bytes, to_bytes
from app.engine.walking.savepoint import memory_type
from app.execution.savepoints import CallSavepoint
from app.graph.problem import Cancelled, Refusal
from nodes.guidance.apg import Apg
from nodes.samplers.dpmpp_2m import Dpmpp2M
from nodes.samplers.dpmpp_2m_sde import Dpmpp2MSde
from nodes.samplers.euler import Euler
from nodes.samplers.euler_ancestral import EulerAncestral
from nodes.samplers.heun import Heun
from nodes.samplers.lms import Lms
from nodes.samplers.uni_pc import UniPc
from tests.contracts.techniques import TECHNIQUES
from tests.tiny.patches import Identity
from tests.tiny.recorder import Recorder
from tests.tiny.runs import guided
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import build, noise, prompt

MODEL = build("flux")
UNSTORABLE = {"region_adaptive_sampling"}  # it remembers functions
SIGMAS = Sigmas(tuple(1 - step / 7 for step in range(8)))


def sampling(model: Model = MODEL, sampler: Sampler | None = None) -> Sampling:
    return Sampling(model, guided(model), sampler or Euler(), SIGMAS)


def cut_off(run: Sampling, place: CallSavepoint, step: int) -> None:
    with pytest.raises(Cancelled):
        run.walk(noise(run.model), Recorder(cancel_at=step, kept=place))


def taken_up(run: Sampling, place: CallSavepoint) -> tuple[Tensor, Recorder]:
    watcher = Recorder(kept=place)
    return run.walk(noise(run.model), watcher), watcher


@pytest.fixture
def place(tmp_path: Path) -> CallSavepoint:
    return CallSavepoint(tmp_path / "call", 2, after=0)


@pytest.mark.parametrize(
    "sampler",
    [Heun(), Dpmpp2M(), Lms(3), UniPc(), EulerAncestral(1.0, 3), Dpmpp2MSde(0.7, 3)],
    ids=lambda sampler: type(sampler).__name__,
)
def test_every_kind_of_sampler(sampler: Sampler, place: CallSavepoint) -> None:
    run = sampling(sampler=sampler)
    whole = run.walk(noise(MODEL), Recorder())
    cut_off(run, place, 5)
    result, watcher = taken_up(run, place)
    assert torch.equal(result, whole)
    assert watcher.steps[0] == (4, 7), "saved after every second step, so the fifth is done again"
    assert watcher.reports == [{"technique": "resume", "resumed_at": 4}]
    assert not place.folder.exists(), "a run that has ended leaves nothing"


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_every_technique(technique: str, place: CallSavepoint) -> None:
    run = sampling(MODEL.with_patch(TECHNIQUES[technique].active))
    whole = Recorder()
    expected = run.walk(noise(MODEL), whole)
    cut_off(run, place, 5)
    result, watcher = taken_up(run, place)
    assert torch.equal(result, expected)
    if technique in UNSTORABLE:
        assert "annotated as" in watcher.reports[-1]["not_stored"] and watcher.steps[0] == (0, 7)
    else:
        assert watcher.reports[-1] == {"technique": "resume", "resumed_at": 4}
    assert watcher.reports[:-1] == whole.reports, "the report counts what the first process did"


def test_a_guider_that_remembers(place: CallSavepoint) -> None:
    guider = Apg(prompt(MODEL), prompt(MODEL, seed=3), 4.0, 0.2, 3.0, -0.6)
    run = replace(sampling(), guider=guider)
    whole = run.walk(noise(MODEL), Recorder())
    cut_off(run, place, 5)
    assert torch.equal(taken_up(run, place)[0], whole)
    assert not torch.equal(
        whole, replace(run, guider=replace(guider, momentum=0.0)).walk(noise(MODEL), Recorder())
    )


def test_cut_off_twice(place: CallSavepoint) -> None:
    run = sampling(sampler=Dpmpp2M())
    cut_off(run, place, 3)
    cut_off(run, place, 5)
    result, watcher = taken_up(run, place)
    assert torch.equal(result, run.walk(noise(MODEL), Recorder())) and watcher.steps[0] == (4, 7)


@dataclass(frozen=True)
class Undescribed(Patch[Any]):
    """Remembers what its annotation does not say."""

    def new_memory(self) -> Any:
        return object()

    def wrap_model(
        self, step: Step, memory: Any, given: ModelInput, call: Callable[[ModelInput], Tensor]
    ) -> Tensor:
        return call(given)


def test_what_cannot_be_stored_begins_anew_and_says_so(place: CallSavepoint) -> None:
    run = sampling(MODEL.with_patch(Undescribed()))
    cut_off(run, place, 5)
    result, watcher = taken_up(run, place)
    assert torch.equal(result, sampling().walk(noise(MODEL), Recorder())) and watcher.steps[0] == (0, 7)
    assert "object is none of" in watcher.reports[0]["not_stored"]


@pytest.mark.parametrize(
    "other",
    [sampling(sampler=Heun()), replace(sampling(), sigmas=Sigmas((1.0, 0.9, 0.5, 0.3, 0.1, 0.0)))],
    ids=["sampler", "sigmas"],
)
def test_another_run_takes_nothing_over(other: Sampling, place: CallSavepoint) -> None:
    cut_off(sampling(), place, 5)
    result, watcher = taken_up(other, place)
    assert torch.equal(result, other.walk(noise(MODEL), Recorder())) and watcher.steps[0][0] == 0


@dataclass(frozen=True)
class Changed:
    """A sampler whose new version asks at other levels, under the old name."""

    share: float

    def __call__(self, denoise: Denoise, latent: Tensor, sigmas: Sigmas, on_step: OnStep) -> Tensor:
        for step, sigma, following in sigmas.pairs():
            denoised = denoise(latent, self.share * sigma)
            latent = latent + (following - sigma) * (latent - denoised) / sigma
            on_step(step, denoised)
        return latent

    def __repr__(self) -> str:
        return "Changed()"


def test_what_an_older_sampler_left_is_thrown_away(place: CallSavepoint) -> None:
    cut_off(sampling(sampler=Changed(1.0)), place, 5)
    newer = sampling(sampler=Changed(0.9))
    with pytest.raises(Refusal, match="an older version of the sampler wrote it"):
        taken_up(newer, place)
    assert torch.equal(taken_up(newer, place)[0], newer.walk(noise(MODEL), Recorder()))


@pytest.mark.parametrize("damage", ["state", "answers-00002"])
def test_a_lost_or_damaged_file_means_from_the_start(damage: str, place: CallSavepoint) -> None:
    cut_off(sampling(), place, 5)
    (place.folder / damage).write_bytes(b"\x08\0\0\0\0\0\0\0damaged!")
    result, watcher = taken_up(sampling(), place)
    assert torch.equal(result, sampling().walk(noise(MODEL), Recorder())) and watcher.steps[0] == (0, 7)


def test_short_runs_and_last_steps_write_nothing(tmp_path: Path) -> None:
    place = CallSavepoint(tmp_path / "call", 7, after=0)
    cut_off(sampling(), place, 6)
    assert not place.folder.exists()


def test_memories_of_collections() -> None:
    memory = Identity().new_memory() + Identity().new_memory()
    memory["block"] = 3
    assert from_bytes(to_bytes(memory, memory_type(Identity())), memory_type(Identity())) == memory
    values: dict[tuple[int, str], list[Tensor | None]] = {(1, "a"): [None, torch.ones(2)], (2, "b"): []}
    hint = dict[tuple[int, str], list[Tensor | None]]
    again = from_bytes(to_bytes(values, hint), hint)
    assert (
        list(again) == list(values)
        and torch.equal(again[1, "a"][1], torch.ones(2))
        and again[1, "a"][0] is None
    )
    random = torch.Generator().manual_seed(4)
    torch.rand(3, generator=random)
    copy = from_bytes(to_bytes(random, torch.Generator), torch.Generator)
    assert torch.equal(torch.rand(5, generator=random), torch.rand(5, generator=copy))
    assert from_bytes(to_bytes(deque([1, 2]), deque[int]), deque[int]) == deque([1, 2])
    with pytest.raises(NotStorable, match="does not say what it holds"):
        to_bytes([1], list)


@pytest.mark.parametrize(("every", "after"), [(2, 60.0), (0, 0.0)])
def test_a_short_run_and_one_without_savings_leave_nothing(every: int, after: float, tmp_path: Path) -> None:
    place = CallSavepoint(tmp_path / "call", every, after)
    cut_off(sampling(), place, 5)
    assert not (tmp_path / "call").exists()

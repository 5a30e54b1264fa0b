"""What every technique must keep to, on tiny random models of every family."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor

from app.engine.model import Patch
from app.engine.prediction import ModelInput
from app.engine.sites import Attention, Heads
from app.engine.step import Step
from app.graph import catalog
from app.graph.problem import Cancelled, Refusal
from nodes.guidance.cfg import Cfg
from nodes.samplers.heun import Heun
from tests.contracts.reach import alone, works
from tests.contracts.techniques import COUPLES_A_BATCH, REFUSED, TECHNIQUES
from tests.contracts.test_companions import COMPANIONS
from tests.tiny.recorder import Recorder
from tests.tiny.runs import close, rows, run, together
from tests.tiny.walks import one_thread, walk  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import BUILDS, ZOO, build, noise, prompt

CATALOG = catalog.find()
EVERYWHERE = [(family, name) for family in ZOO for name in TECHNIQUES if works(family, name)]
IN_EACH_BUILD = [(family, name) for family, name in EVERYWHERE if family in BUILDS]
PICTURE_AND_VIDEO = [(family, name) for family, name in EVERYWHERE if family in ("flux", "wan")]
ROW_BY_ROW = [(family, name) for family, name in IN_EACH_BUILD if name not in COUPLES_A_BATCH]


@cache
def plain(family: str) -> Tensor:
    return run(build(family))


@dataclass(frozen=True)
class BreaksOff(Patch[None]):
    """Raises at the end of step 2, whatever the techniques before it skipped."""

    def wrap_model(
        self, step: Step, memory: None, given: ModelInput, call: Callable[[ModelInput], Tensor]
    ) -> Tensor:
        denoised = call(given)
        if step.index == 2:
            raise ArithmeticError("on purpose")
        return denoised


@dataclass(frozen=True)
class FailsAtOnce(Patch[None]):
    """Raises in the first attention of the first step, before any block is done."""

    image_attention: ClassVar[bool] = False

    def wrap_attention(
        self, step: Step, memory: None, attention: Attention, heads: Heads, call: Callable[[Heads], Tensor]
    ) -> Tensor:
        raise ArithmeticError("on purpose")


def test_every_node_with_a_patch_is_tested_here() -> None:
    specs = {spec.id: spec for spec in CATALOG if spec.claims and spec.id not in COMPANIONS}
    assert set(specs) == set(TECHNIQUES)
    for name, spec in specs.items():
        assert set(spec.claims) == TECHNIQUES[name].active.claims
        assert spec.references and spec.outputs[0].type == "Model"


@pytest.mark.parametrize(("family", "technique"), EVERYWHERE)
def test_at_work_it_repeats_itself_and_neutral_is_bit_equal_afterwards(family: str, technique: str) -> None:
    model, before, first = build(family), plain(family), alone(family, technique)
    assert first.isfinite().all()
    assert torch.equal(run(model.with_patch(TECHNIQUES[technique].neutral)), before)
    assert torch.equal(run(model.with_patch(TECHNIQUES[technique].active)), first)
    same = close if TECHNIQUES[technique].exact else torch.equal
    assert same(first, plain(family)) == TECHNIQUES[technique].exact


@pytest.mark.parametrize(("family", "technique"), PICTURE_AND_VIDEO)
def test_a_run_after_a_broken_or_cancelled_one_is_fresh(family: str, technique: str) -> None:
    model, before = build(family), plain(family)
    handle = model.with_patch(TECHNIQUES[technique].active)
    with pytest.raises(ArithmeticError, match="on purpose"):
        run(handle.with_patch(BreaksOff()))
    assert torch.equal(run(handle), alone(family, technique))
    with pytest.raises(Cancelled):
        run(handle, Recorder(cancel_at=2))
    assert torch.equal(run(handle), alone(family, technique))
    assert torch.equal(run(model), before), "a handle without the technique notices nothing"


@pytest.mark.parametrize(("family", "technique"), PICTURE_AND_VIDEO)
def test_a_report_does_not_hide_the_error_that_ended_the_run(family: str, technique: str) -> None:
    model = build(family)
    with pytest.raises(ArithmeticError, match="on purpose"):
        run(model.with_patch(TECHNIQUES[technique].active).with_patch(FailsAtOnce()))


@pytest.mark.parametrize(("family", "technique"), IN_EACH_BUILD)
def test_branches_do_not_mix(family: str, technique: str) -> None:
    """With one prompt on both sides guidance adds nothing, unless one branch sees what the other left."""
    model = build(family)
    both = Cfg(prompt(model), prompt(model), 3.0)
    handle = model.with_patch(TECHNIQUES[technique].active)
    assert torch.equal(run(handle, guider=both), alone(family, technique))


@pytest.mark.parametrize(("family", "technique"), ROW_BY_ROW)
def test_a_batch_of_two_is_two_of_one(family: str, technique: str) -> None:
    model = build(family)
    handle, batch = model.with_patch(TECHNIQUES[technique].active), noise(model, batch=2)
    assert close(together(handle, batch), torch.cat(rows(handle, batch)))


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_a_sampler_with_several_evaluations_a_step(technique: str) -> None:
    watcher, handle = Recorder(), build("flux").with_patch(TECHNIQUES[technique].active)
    result = walk(handle, 6, watcher=watcher, sampler=Heun())
    assert result.isfinite().all() and torch.equal(result, walk(handle, 6, sampler=Heun()))
    assert watcher.reports[0]["technique"] == technique


@pytest.mark.parametrize("technique", sorted(TECHNIQUES))
def test_a_model_with_nothing_to_work_on_is_refused(technique: str) -> None:
    model = build("flux")
    bare = replace(model, family=replace(model.family, stacks=()))
    with pytest.raises(Refusal, match="finds nothing to work on"):
        run(bare.with_patch(TECHNIQUES[technique].active))


@pytest.mark.parametrize(
    ("family", "name"), [(family, name) for family in REFUSED for name in sorted(REFUSED[family])]
)
def test_a_family_that_has_no_sites_for_a_technique_says_so(family: str, name: str) -> None:
    with pytest.raises(Refusal, match=f"finds nothing to work on in a {family} model"):
        run(build(family).with_patch(TECHNIQUES[name].active))


def test_the_docs_name_the_families_that_refuse() -> None:
    page = (Path(__file__).parents[2] / "docs" / "techniques.md").read_text(encoding="utf-8")
    rows = [
        f"| {family} | {', '.join(f'`{name}`' for name in sorted(REFUSED[family]))} |" for family in REFUSED
    ]
    table = "\n".join(["| family | what finds nothing to work on there |", "|---|---|", *rows]) + "\n"
    assert table in page, table


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_the_node_puts_its_technique_on_a_new_handle(technique: str) -> None:
    model, function = build("flux"), CATALOG.specs[technique].function
    assert function
    handle: Any = function(model, **TECHNIQUES[technique].given)
    assert model.patches == () and type(handle.patches[0]) is type(TECHNIQUES[technique].active)

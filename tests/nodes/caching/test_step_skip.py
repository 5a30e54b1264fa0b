import pytest
import torch

from app.engine.installation import open_run
from app.engine.prediction import ModelInput
from app.engine.sites import Arguments
from app.engine.step import Step
from app.engine.tokens import Layout
from app.graph.problem import Refusal
from nodes.caching.step_skip import Memory, StepSkip, largest_change, modulated_input, step_skip
from tests.contracts.test_families import SITES
from tests.nodes.caching.toy import start
from tests.tiny.patches import Identity
from tests.tiny.recorder import Recorder
from tests.tiny.runs import close
from tests.tiny.walks import walk
from tests.tiny.zoo import ZOO, build, noise, prompt


def test_the_change_is_summed_up_until_it_reaches_the_threshold() -> None:
    patch, memory, computed = StepSkip(0.25), Memory(added=start(0)), []
    for index in range(10):
        where = Step(index, 10, 1 - index / 10, "cond", 0, Layout((1, 2, 2), 3))
        if not patch.unneeded(where, memory, torch.full((1, 4, 2), 1.1**index)):
            computed.append(index)
    assert computed == [0, 3, 6, 9], "a tenth a step: the third passes a quarter; the last always runs"


def test_the_batch_skips_when_its_most_changed_picture_may() -> None:
    before, now = torch.ones(2, 4, 3), torch.ones(2, 4, 3)
    now[1] *= 1.5
    assert largest_change(before, now) == pytest.approx(0.5)


@pytest.mark.parametrize("family", ZOO)
def test_a_skipped_step_runs_no_attention_at_all(family: str) -> None:
    """Not even block 0 is computed: a technique inside sees its attention on two of five steps."""
    model, watcher = build(family), Recorder()
    walk(model.with_patch(StepSkip(100.0)).with_patch(Identity()), 5, watcher=watcher)
    report, seen = watcher.reports
    assert [set(row) for row in report["grid"]] == [{"c"}, {"r"}, {"r"}, {"r"}, {"c"}]
    assert report["calls_saved"] == pytest.approx(3 / 5)
    *_, attention = SITES[family]
    before_trunk = {"lumina2": 2, "z-image": 2, "ddt": 2, "dit-dh": 2}  # these run in every step
    assert seen["cond"]["attention"] == 2 * attention + 3 * before_trunk.get(family, 0)


@pytest.mark.parametrize("family", ZOO)
def test_the_same_question_again_has_the_same_answer(family: str) -> None:
    model = build(family)
    given, where = (
        ModelInput(noise(model), 0.6, prompt(model)),
        {"total": 4, "evaluation": 0, "branch": "cond"},
    )
    with torch.no_grad(), open_run(model.with_patch(StepSkip(0.01))) as asked:
        whole, skipped = (asked(given, index=i, **where) for i in (1, 2))  # type: ignore[arg-type]
        (report,) = asked.reports()
    assert close(whole, skipped) and set(report["grid"][1]) == {"r"}


def test_modulated_input_is_the_first_argument() -> None:
    x = torch.ones(1)
    assert modulated_input(Arguments((x,), {})) is modulated_input(Arguments((), {"hidden_states": x})) is x


def test_a_polynomial_bends_each_change() -> None:
    assert StepSkip(0.1, (2.0, 3.0, 1.0)).bent(0.5) == pytest.approx(2 * 0.25 + 3 * 0.5 + 1)
    assert StepSkip(0.1).bent(0.5) == 0.5


def test_the_node() -> None:
    assert step_skip(build("flux")).patches == (StepSkip(threshold=0.1),)
    assert step_skip(build("flux"), 0.2, "1, -2 3").patches == (StepSkip(0.2, (1.0, -2.0, 3.0)),)
    with pytest.raises(Refusal, match="not a list of numbers"):
        step_skip(build("flux"), 0.2, "1, x")

import pytest
import torch

from app.engine.installation import open_run
from app.engine.prediction import ModelInput
from nodes.caching.attention_broadcast import AttentionBroadcast, attention_broadcast
from nodes.samplers.heun import Heun
from tests.tiny.recorder import Recorder
from tests.tiny.walks import walk
from tests.tiny.zoo import ZOO, build, noise, prompt


def grid(family: str, patch: AttentionBroadcast, steps: int) -> list[str]:
    watcher = Recorder()
    walk(build(family).with_patch(patch), steps, watcher=watcher)
    rows: list[str] = watcher.reports[0]["grid"]
    return rows


def test_self_and_cross_attention_have_their_own_intervals() -> None:
    rows = grid("pixart", AttentionBroadcast(2, 3, 0, 1), 7)
    marks = {True: "r", False: "c"}
    assert rows == [(marks[i % 2 > 0] + marks[i % 3 > 0]) * 4 for i in range(7)]


def test_joint_attention_counts_as_self_attention() -> None:
    assert [row[0] for row in grid("flux", AttentionBroadcast(3, 1, 0, 1), 7)] == list("crrcrrc")


def test_both_ends_of_the_run_are_computed() -> None:
    """Of ten steps, 2 to 7 may reuse; 2 itself repeats what step 1 computed."""
    rows = grid("flux", AttentionBroadcast(2, 6, 0.2, 0.8), 10)
    assert "".join(row[0] for row in rows) == "ccrcrcrccc"


def test_saved_calls_are_counted() -> None:
    watcher = Recorder()
    walk(build("wan").with_patch(AttentionBroadcast(2, 4, 0, 1)), 8, watcher=watcher)
    (report,) = watcher.reports
    assert report["technique"] == "attention_broadcast" and report["modules"] == 6
    assert report["skipped_modules"] == 3 * 4 + 3 * 6
    assert report["calls_saved"] == pytest.approx(30 / 48)


@pytest.mark.parametrize("family", ZOO)
def test_the_same_question_again_has_the_same_answer_bit_by_bit(family: str) -> None:
    model = build(family)
    given, where = (
        ModelInput(noise(model), 0.6, prompt(model)),
        {"total": 2, "evaluation": 0, "branch": "cond"},
    )
    with torch.no_grad(), open_run(model.with_patch(AttentionBroadcast(2, 2, 0, 1))) as asked:
        whole, reused = (asked(given, index=i, **where) for i in (0, 1))  # type: ignore[arg-type]
        (report,) = asked.reports()
    assert torch.equal(whole, reused) and set(report["grid"][1]) == {"r"}


def test_each_evaluation_of_a_step_keeps_its_own_outputs() -> None:
    watcher = Recorder()
    walk(build("flux").with_patch(AttentionBroadcast(2, 2, 0, 1)), 4, watcher=watcher, sampler=Heun())
    assert [row[0] for row in watcher.reports[0]["grid"]] == list("ccrrccr")


def test_the_node_has_the_values_of_the_paper() -> None:
    assert attention_broadcast(build("flux")).patches == (AttentionBroadcast(2, 6, 0.15, 0.85),)

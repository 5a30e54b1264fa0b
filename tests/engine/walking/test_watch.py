"""A ruined run stops at once, and says which setting to suspect."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from app.engine.model import Patch
from app.engine.prediction import ModelInput
from app.engine.step import Place, Step
from app.engine.walking.watch import refuse_ruins
from app.graph.problem import Refusal
from tests.tiny.recorder import Recorder
from tests.tiny.runs import run
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import build


@dataclass(frozen=True)
class Ruins(Patch[None]):
    """Multiplies the answer of the second step, and adds to it."""

    factor: float
    term: float = 0.0

    def wrap_model(
        self, step: Step, memory: None, given: ModelInput, call: Callable[[ModelInput], Tensor]
    ) -> Tensor:
        return self.factor * call(given) + self.term if step.index == 1 else call(given)


@pytest.mark.parametrize(
    ("ruins", "code", "suspect"),
    [
        (Ruins(float("nan")), "not_a_number", "bfloat16 or float32"),
        (Ruins(float("inf")), "not_a_number", "bfloat16 or float32"),
        (Ruins(1e8), "exploded", "guidance_scale"),
        (Ruins(0.0, 0.3), "flat", "schedule"),
    ],
)
def test_ruins_are_refused_where_they_begin(ruins: Ruins, code: str, suspect: str) -> None:
    watcher = Recorder()
    with pytest.raises(Refusal, match=r"[Aa]t step 2 of 4 \(noise level 0.75\)") as refusal:
        run(build("flux").with_patch(ruins), watcher)
    assert refusal.value.code == code and suspect in refusal.value.remedy
    assert watcher.steps[-1] == (1, 4), "no further step was taken"


def test_one_ruined_picture_of_a_batch_is_enough() -> None:
    batch = torch.randn(3, 4, 8, 8)
    refuse_ruins(batch, 0.5, Place(2, 4))
    batch[1] = 0.25
    with pytest.raises(Refusal, match="one flat colour"):
        refuse_ruins(batch, 0.5, Place(2, 4))
    refuse_ruins(batch, 1.0, Place(0, 4))

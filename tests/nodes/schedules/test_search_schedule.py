"""The search on a model: fewer steps come nearer to many, and it can be taken up again."""

from dataclasses import dataclass

import pytest
import torch

from app.engine.media import Latent
from app.engine.sampling import Sampling, Sigmas
from app.graph.problem import Cancelled
from nodes.guidance.no_guidance import no_guidance
from nodes.samplers.euler import euler
from nodes.schedules.flow_schedule import flow_schedule
from nodes.schedules.manual_sigmas import manual_sigmas
from nodes.schedules.search_schedule import cut, search_schedule
from tests.engine.schedules.test_schedule_search import Place
from tests.tiny.recorder import Recorder
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import build, noise, prompt

MODEL = build("flux")
GUIDER = no_guidance(prompt(MODEL))
EMPTY = Latent(torch.zeros_like(noise(MODEL)), "flux")


def search(watcher: Recorder, generations: int = 3) -> tuple[Sigmas, str, float]:
    return search_schedule(
        watcher,
        MODEL,
        GUIDER,
        euler(),
        flow_schedule(3),
        EMPTY,
        fine=6,
        population=6,
        generations=generations,
    )


def test_found_levels_are_nearer_to_many_steps() -> None:
    watcher = Recorder()
    sigmas, levels, error = search(watcher)
    (report,) = watcher.reports
    assert error == report["error_by_generation"][-1] < report["error_by_generation"][0]
    assert manual_sigmas(levels) == sigmas and sigmas.steps == 3
    goal = Sampling(MODEL, GUIDER, euler(), flow_schedule(18)).run(EMPTY, 0, Recorder()).samples
    made = [
        Sampling(MODEL, GUIDER, euler(), levels).run(EMPTY, 0, Recorder()).samples
        for levels in (sigmas, flow_schedule(3))
    ]
    assert (made[0] - goal).norm() < (made[1] - goal).norm()


def test_nothing_to_search() -> None:
    assert search(Recorder(), generations=0)[0] == flow_schedule(3)
    assert cut((1.0, 0.5, 0.0), 2) == (1.0, 0.75, 0.5, 0.25, 0.0)


@dataclass
class Impatient(Recorder):
    """Wants no more after some runs."""

    left: int = 40

    def check_cancelled(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Cancelled


def test_it_goes_on_where_it_was() -> None:
    whole, place = search(Recorder()), Place()
    with pytest.raises(Cancelled):
        search(Impatient(kept=place, left=70))
    assert place.data, "scores of whole generations are on disk"
    rest = Impatient(kept=place, left=70)
    assert search(rest) == whole
    assert place.data == {}, "a search that is done leaves nothing"

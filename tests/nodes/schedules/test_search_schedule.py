"""The search on a model: fewer steps come nearer to many, and it can be taken up again."""

import torch

from app.engine.media import Latent
from app.engine.sampling import Sampling, Sigmas
from nodes.guidance.no_guidance import no_guidance
from nodes.samplers.euler import euler
from nodes.schedules.flow_schedule import flow_schedule
from nodes.schedules.manual_sigmas import manual_sigmas
from nodes.schedules.search_schedule import cut, search_schedule
from tests.engine.test_schedule_search import Place
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


def test_it_goes_on_with_the_scores_it_has() -> None:
    place = Place()
    found = search(Recorder(kept=place))
    assert len(place.data) == 1
    assert search(Recorder(kept=place)) == found

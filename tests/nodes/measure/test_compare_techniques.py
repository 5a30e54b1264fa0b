"""A technique is judged against the plain run and against simply fewer steps."""

from pathlib import Path

import pytest
import torch

from app.engine.comparison import thinned
from app.engine.media import Latent
from app.engine.model import Model
from app.engine.sampling import Sigmas
from app.engine.weights.loading import load_folder
from app.graph.problem import Refusal
from nodes.caching.first_block_cache import FirstBlockCache
from nodes.guidance.no_guidance import NoGuidance
from nodes.measure.compare_techniques import Compared, compare_techniques
from nodes.samplers.euler import Euler
from tests.nodes.control.test_apply_control import control
from tests.tiny.recorder import ROOT, Recorder
from tests.tiny.zoo import build

SIGMAS = Sigmas(tuple(1 - step / 8 for step in range(9)))


class Judged(Recorder):
    def model_path(self, folder: str, name: str) -> Path:
        return ROOT / folder / name


def compared(threshold: float | None, watcher: Recorder, curve: int = 0) -> Compared:
    loaded = load_folder(ROOT / "models" / "mini")
    model: Model = loaded.model
    if threshold is not None:
        model = model.with_patch(FirstBlockCache(threshold))
    guider = NoGuidance(loaded.text_encoder.encode(["a red circle"]))
    latent = Latent(torch.zeros(1, 8, 16, 16), model.family.name)
    return compare_techniques(
        watcher,
        model,
        loaded.vae,
        guider,
        Euler(),
        SIGMAS,
        latent,
        5,
        repeats=1,
        prompt="a red circle",
        curve=curve,
    )


def test_three_runs_of_one_seed_in_one_table() -> None:
    watcher = Judged()
    made = compared(0.5, watcher)
    (report,) = watcher.reports
    plain, quick, fewer = report["rows"]
    assert (plain["latent_error"], plain["psnr"], plain["time_ratio"]) == (0, None, 1)
    assert quick["work_saved"] > 0.3 and quick["latent_error"] > 0 and quick["steps"] == 8
    assert 1 <= fewer["steps"] <= 8 and fewer["work_saved"] is None
    assert made.worth_it == (quick["latent_error"] < fewer["latent_error"])
    assert 0 <= plain["prompt_accuracy"] <= 1
    assert made.table.count("\n") == 4 and "| with techniques | 8 |" in made.table
    assert not torch.equal(made.plain.pixels, made.with_techniques.pixels)


def test_a_curve_of_fewer_steps_is_measured_beside_it() -> None:
    watcher = Judged()
    compared(0.5, watcher, curve=3)
    (report,) = watcher.reports
    affordable, *others = [row["steps"] for row in report["rows"][2:]]
    assert others == [steps for steps in (2, 4, 6) if steps != affordable]


def test_a_neutral_technique_is_the_plain_run() -> None:
    made = compared(0.0, Judged())
    assert torch.equal(made.plain.pixels, made.with_techniques.pixels)


def test_a_bare_model_is_refused() -> None:
    with pytest.raises(Refusal, match="no technique"):
        compared(None, Judged())


def test_the_plain_run_keeps_what_belongs_to_the_model() -> None:
    model = build("flux")
    steering, caching = control(model, "flux"), FirstBlockCache(0.5)
    handle = model.with_patch(steering).with_patch(caching)
    assert handle.plain.patches == (steering,) and handle.patches == (steering, caching)


def test_a_thinned_schedule_keeps_its_ends_and_its_shape() -> None:
    sigmas = Sigmas((1.0, 0.9, 0.7, 0.4, 0.0))
    assert thinned(sigmas, 4) == sigmas
    assert thinned(sigmas, 2).values == (1.0, 0.7, 0.0)
    assert thinned(sigmas, 3).values == pytest.approx((1.0, 0.9 - 0.2 / 3, 0.7 - 0.3 * 2 / 3, 0.0))

"""Edits of a schedule: turned round, cut finer, and the level at a point."""

import pytest

from app.engine.media import Latent
from app.engine.sampling import Sampler, Sigmas
from nodes.guidance.no_guidance import no_guidance
from nodes.samplers.dpm_2 import dpm_2
from nodes.samplers.euler import euler
from nodes.samplers.heun import heun
from nodes.samplers.rf_solver import rf_solver
from nodes.samplers.sample_section import sample_section
from nodes.schedules.extend_sigmas import Spacing, extend_sigmas
from nodes.schedules.flip_sigmas import flip_sigmas
from nodes.schedules.flow_schedule import flow_schedule
from nodes.schedules.noise_level_at import noise_level_at
from nodes.schedules.shift_model import shift_model
from tests.nodes.samplers.closed_form import even, noise, normal, path, walk
from tests.tiny import zoo
from tests.tiny.recorder import Recorder
from tests.tiny.runs import close
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here


def test_flipped_levels() -> None:
    assert flip_sigmas(Sigmas((1.0, 0.6, 0.0))).values == (1e-4, 0.6, 1.0)
    assert flip_sigmas(flip_sigmas(Sigmas((1.0, 0.6, 0.2)))).values == (1.0, 0.6, 0.2)
    assert flip_sigmas(Sigmas((0.0,))).values == (0.0,)


@pytest.mark.parametrize("sampler", [euler(), heun(), dpm_2(), rf_solver()], ids=str)
def test_the_noise_of_a_picture_is_found(sampler: Sampler) -> None:
    latent = noise()
    found = walk(sampler, normal, path(latent, 0.0), flip_sigmas(even(200)))
    assert (found - latent).abs().max() < 0.05


def test_a_picture_comes_back_from_its_noise() -> None:
    """As a graph does it: Sample section up without noise, then down again with what it found."""
    model = zoo.build("flux")
    picture, down = Latent(zoo.noise(model), "flux"), flow_schedule(24)
    guider = no_guidance(zoo.prompt(model))
    up = sample_section(Recorder(), model, guider, heun(), flip_sigmas(down), picture, add_noise=False).latent
    back = sample_section(Recorder(), model, guider, heun(), down, picture, noise=up).latent
    assert close(back.samples, picture.samples, 0.05) and not close(up.samples, picture.samples, 0.5)


@pytest.mark.parametrize(
    ("spacing", "level"), [("even", 0.75), ("late", 1 - 0.5 * 0.5**0.5), ("early", 0.5 + 0.5 * 0.5**0.5)]
)
def test_further_levels(spacing: Spacing, level: float) -> None:
    sigmas = Sigmas((1.0, 0.5, 0.2, 0.0))
    every = extend_sigmas(sigmas, 2, spacing=spacing).values
    assert len(every) == 7 and every[1] == pytest.approx(level) and every[::2] == sigmas.values
    assert extend_sigmas(sigmas, 2, 1.0, 0.3, spacing).values == (*every[:4], 0.2, 0.0)
    assert extend_sigmas(sigmas, 3, 0.6, 0.0, "even").values[:2] == (1.0, 0.5)
    assert extend_sigmas(sigmas, 1) == sigmas


def test_the_level_at_a_point() -> None:
    model = shift_model(zoo.build("flux"), 3.0)
    assert [noise_level_at(model, share) for share in (0.0, 0.5, 1.0)] == [1.0, 0.75, 0.0]
    assert 0 < noise_level_at(model, 1.0, lowest=True) < 0.001
    assert model.share_at(noise_level_at(model, 0.3)) == pytest.approx(0.3)

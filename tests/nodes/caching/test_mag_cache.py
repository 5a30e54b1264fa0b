import pytest
import torch
from diffusers.hooks.mag_cache import FLUX_MAG_RATIOS, nearest_interp

from app.engine.media import Latent
from app.engine.reuse.magnitudes import MagnitudeRatios
from app.engine.sampling import Sigmas
from app.graph.problem import Refusal
from nodes.caching.mag_cache import MagCache, mag_cache
from nodes.caching.magnitude_ratios import magnitude_ratios
from nodes.caching.measure_magnitudes import measure_magnitudes
from nodes.guidance.no_guidance import NoGuidance
from nodes.samplers.euler import Euler
from tests.nodes.caching.toy import Toy
from tests.tiny.recorder import Recorder
from tests.tiny.walks import walk
from tests.tiny.zoo import build, noise, prompt


def computed(ratios: MagnitudeRatios | None, threshold: float, max_skip: int, retention: float) -> list[int]:
    """Return the steps of ten at which a trunk runs whose blocks always add the same."""
    toy = Toy(MagCache(threshold, max_skip, retention, ratios), lambda index, depth: 1.0)
    toy.walk(10)
    return sorted({index for index, _ in toy.calls})


def test_errors_are_summed_up_to_the_threshold() -> None:
    """With a ratio of 1.1 the errors are 0.1, 0.21, 0.331: the sums 0.1, 0.31, 0.641."""
    ratios = MagnitudeRatios((1.1,))
    assert computed(ratios, 0.32, 9, 0.2) == [0, 1, 4, 7]
    assert computed(ratios, 0.3, 9, 0.2) == [0, 1, 3, 5, 7, 9]
    assert computed(ratios, 0.0, 9, 0.2) == list(range(10))


def test_no_more_steps_in_a_row_than_allowed() -> None:
    assert computed(MagnitudeRatios((1.0,)), 0.1, 3, 0.1) == [0, 4, 8]


def test_without_ratios_two_computed_steps_show_the_pace() -> None:
    assert computed(None, 0.1, 2, 0.0) == [0, 1, 4, 7]


def test_published_ratios_are_stretched_as_in_diffusers() -> None:
    ratios = magnitude_ratios()
    assert ratios.values == pytest.approx(FLUX_MAG_RATIOS.tolist())
    for steps in (10, 28, 50):
        stretched = nearest_interp(FLUX_MAG_RATIOS, steps).tolist()
        assert [ratios.at(index, steps) for index in range(steps)] == pytest.approx(stretched)


def test_measured_ratios_are_those_of_what_the_blocks_add() -> None:
    model, watcher = build("flux"), Recorder()
    latent = Latent(torch.zeros_like(noise(model)), "flux")
    sigmas = Sigmas((1, 0.75, 0.5, 0.25, 0))
    patched = model.with_patch(MagCache(1.0, 3, 0.0))
    found = measure_magnitudes(watcher, patched, NoGuidance(prompt(model)), Euler(), sigmas, latent)
    assert len(found.values) == 4 and found.values[0] == 1
    assert all(0.2 < ratio < 5 and ratio != 1 for ratio in found.values[1:])
    assert watcher.reports == [], "techniques on the wire take no part"
    with_ratios = walk(model.with_patch(MagCache(0.9, 3, 0.2, found)), 4)
    assert not torch.equal(with_ratios, walk(model, 4))


@pytest.mark.parametrize("text", ["1, x", "", "1, -1"])
def test_ratios_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(Refusal, match=r"not a number|numbers above 0"):
        magnitude_ratios(text)


def test_ratios_survive_storage() -> None:
    ratios = MagnitudeRatios((1.0, 1.25))
    assert MagnitudeRatios.from_bytes(ratios.to_bytes()) == ratios


def test_the_node_has_the_values_of_the_paper() -> None:
    assert mag_cache(build("flux")).patches == (MagCache(0.06, 3, 0.2),)

"""Both techniques here act on guidance, so that the contracts for unguided runs do not fit them."""

import pytest
import torch

from app.engine.installation import open_run
from app.engine.media import Latent
from app.engine.model import Model
from app.engine.prediction import ModelInput
from nodes.caching.guidance_cache import GuidanceCache, guidance_cache
from nodes.caching.residual_cfg import ResidualCfg, residual_cfg
from nodes.guidance.cfg import Cfg
from nodes.samplers.heun import Heun
from tests.tiny.patches import Identity
from tests.tiny.recorder import Recorder
from tests.tiny.runs import close, guided
from tests.tiny.walks import walk
from tests.tiny.zoo import BUILDS, build, noise, prompt


@pytest.fixture(params=BUILDS)
def model(request: pytest.FixtureRequest) -> Model:
    return build(request.param)


def asked(model: Model, steps: int) -> dict[str, int]:
    """Return how often each branch reached the model."""
    watcher = Recorder()
    walk(model.with_patch(Identity()), steps, watcher=watcher, guider=guided(model))
    seen = watcher.reports[-1]
    return {branch: seen[branch]["model"] for branch in ("cond", "uncond") if branch in seen}


def test_neutral_is_bit_equal(model: Model) -> None:
    plain = walk(model, 5, guider=guided(model))
    assert torch.equal(walk(model.with_patch(GuidanceCache(1, 0.2, 1.0)), 5, guider=guided(model)), plain)


@pytest.mark.parametrize("patch", [GuidanceCache(2, 0.2, 1.0), ResidualCfg(1.0)])
def test_the_same_again_and_without_it_as_before(model: Model, patch: GuidanceCache | ResidualCfg) -> None:
    plain, handle = walk(model, 5, guider=guided(model)), model.with_patch(patch)
    first = walk(handle, 5, guider=guided(model))
    assert first.isfinite().all() and not torch.equal(first, plain)
    assert torch.equal(walk(handle, 5, guider=guided(model)), first)
    assert torch.equal(walk(model, 5, guider=guided(model)), plain)
    assert torch.equal(walk(handle, 5), walk(model, 5)), "without guidance there is nothing to save"


@pytest.mark.parametrize(
    ("interval", "start", "end", "uncond"), [(5, 0.2, 1.0, 4), (2, 0.0, 1.0, 5), (3, 0.5, 0.8, 8)]
)
def test_number_of_calls(interval: int, start: float, end: float, uncond: int) -> None:
    model = build("flux").with_patch(GuidanceCache(interval, start, end))
    assert asked(model, 10) == {"cond": 10, "uncond": uncond}
    watcher = Recorder()
    walk(model, 10, watcher=watcher, guider=guided(model))
    (report,) = watcher.reports
    assert report["skipped_calls"] == 10 - uncond
    assert report["calls_saved"] == pytest.approx((10 - uncond) / 20)


def test_one_prompt_on_both_sides_adds_nothing(model: Model) -> None:
    both = Cfg(prompt(model), prompt(model), 3.0)
    handle = model.with_patch(GuidanceCache(2, 0.0, 1.0))
    assert torch.equal(walk(handle, 5, guider=both), walk(model, 5))


def test_a_sampler_with_several_evaluations_a_step() -> None:
    model = build("flux").with_patch(GuidanceCache(2, 0.0, 1.0))
    watcher = Recorder()
    assert walk(model, 5, sampler=Heun(), guider=guided(model), watcher=watcher).isfinite().all()
    assert "".join(watcher.reports[0]["grid"]) == "cccc" + "crcr" + "cccc" + "crcr" + "cc"


def test_residual_cfg_asks_once_or_never() -> None:
    model = build("flux")
    start = Latent(torch.zeros(1, 4, 12, 16), "flux")
    assert asked(model.with_patch(ResidualCfg(1.0)), 6) == {"cond": 6, "uncond": 1}
    assert asked(model.with_patch(ResidualCfg(1.0, start)), 6) == {"cond": 6}


def test_residual_cfg_guides_away_from_its_anchor() -> None:
    """Away from a latent a: a + w * (cond - a) at each step, whatever the noise."""
    model, anchor = build("flux"), torch.full((1, 4, 12, 16), 0.25)

    class Away:
        def __call__(self, branch, latent, sigma):  # type: ignore[no-untyped-def]
            return anchor + 3.0 * (branch(latent, sigma, prompt(model), "cond") - anchor)

    handle = model.with_patch(ResidualCfg(1.0, Latent(anchor, "flux")))
    assert close(walk(handle, 5, guider=guided(model)), walk(model, 5, guider=Away()))


def test_parts_of_a_regional_prompt_are_asked() -> None:
    """The parts of `cond` are named cond, cond1, ...; only the other branches are replaced."""
    model = build("flux")
    given = ModelInput(noise(model), 0.6, prompt(model))
    with torch.no_grad(), open_run(model.with_patch(GuidanceCache(9, 0.0, 1.0))) as asked:
        for index in (0, 1):
            for branch in ("cond", "cond1", "uncond", "uncond1"):
                asked(given, index=index, total=2, evaluation=0, branch=branch)
        (report,) = asked.reports()
    assert "".join(report["grid"]) == "cccc" + "ccrr"


def test_the_nodes() -> None:
    assert guidance_cache(build("flux")).patches == (GuidanceCache(5, 0.2, 1.0),)
    (patch,) = residual_cfg(build("flux")).patches
    assert isinstance(patch, ResidualCfg) and (patch.delta, patch.start) == (1.0, None)

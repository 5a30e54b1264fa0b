from dataclasses import replace
from io import BytesIO

import PIL.Image
import pytest
import torch

from app.engine.installation import open_run
from app.engine.media import Latent
from app.engine.model import Model
from app.engine.sampling import Sampling, Sigmas
from app.graph.problem import Cancelled, Refusal
from nodes.caching.first_block_cache import FirstBlockCache
from nodes.guidance.no_guidance import NoGuidance
from nodes.samplers.dpmpp_2m import Dpmpp2M
from nodes.samplers.euler import Euler
from nodes.samplers.heun import Heun
from tests.nodes.guidance.answers import Answers
from tests.tiny.patches import Identity, Witness
from tests.tiny.recorder import Recorder
from tests.tiny.runs import SIGMAS, STEPS, guided, run
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import build, noise, prompt

MODEL = build("flux")
SAMPLING = Sampling(MODEL, NoGuidance(prompt(MODEL)), Euler(), SIGMAS)
EMPTY = Latent(torch.zeros_like(noise(MODEL)), "flux")


@pytest.mark.parametrize(
    "values", [(), (0.5, 0.5), (0.2, 0.4, 0.3), (0.0, 0.4), (0.2, 1.1), (1.2, 0.0), (1.0, -0.1)]
)
def test_sigmas_fall_between_one_and_zero(values: tuple[float, ...]) -> None:
    with pytest.raises(Refusal, match=r"noise level|Noise levels"):
        Sigmas(values)


def test_only_samplers_that_say_so_walk_to_noise() -> None:
    up = replace(SAMPLING, sigmas=Sigmas((0.1, 0.5, 0.9)))
    assert up.sigmas.rising and not SIGMAS.rising and not Sigmas((0.5,)).rising
    assert up.walk(noise(MODEL), Recorder()).isfinite().all()
    with pytest.raises(Refusal, match="from picture to noise") as refusal:
        replace(up, sampler=Dpmpp2M()).walk(noise(MODEL), Recorder())
    assert "Euler" in refusal.value.remedy


def test_levels_of_a_shifted_schedule() -> None:
    sigmas = replace(SIGMAS, shift=3.0)
    assert (sigmas.level_at(0), sigmas.level_at(1)) == (1, 0) and sigmas.level_at(0.5) == 0.75
    begun = sigmas.below_noise()
    assert 0.99996 < begun.values[0] < 1 and begun.values[1:] == sigmas.values[1:]
    assert Sigmas((0.9, 0.0)).below_noise() == Sigmas((0.9, 0.0))


def test_the_same_seed_gives_the_same_latent_and_another_another() -> None:
    first, again, other = (SAMPLING.run(EMPTY, seed, Recorder()).samples for seed in (5, 5, 6))
    assert torch.equal(first, again) and not torch.allclose(first, other)


def test_noise_is_drawn_once_for_the_whole_latent_on_the_cpu() -> None:
    drawn = torch.randn(EMPTY.samples.shape, generator=torch.Generator("cpu").manual_seed(2**64 - 1))
    assert torch.equal(SAMPLING.run(EMPTY, 2**64 - 1, Recorder()).samples, SAMPLING.walk(drawn, Recorder()))


def test_a_lower_start_mixes_latent_and_noise() -> None:
    lower, clean = replace(SAMPLING, sigmas=Sigmas((0.4, 0.0))), Latent(noise(MODEL), "flux")
    drawn = torch.randn(clean.samples.shape, generator=torch.Generator("cpu").manual_seed(3))
    mixed = 0.6 * clean.samples + 0.4 * drawn
    assert torch.allclose(lower.run(clean, 3, Recorder()).samples, lower.walk(mixed, Recorder()), atol=1e-6)


def test_no_steps_change_nothing() -> None:
    clean = Latent(noise(MODEL), "flux")
    assert torch.equal(
        replace(SAMPLING, sigmas=Sigmas((0.0,))).run(clean, 3, Recorder()).samples, clean.samples
    )


def test_inputs_stay_as_they_are() -> None:
    clean = Latent(noise(MODEL), "flux")
    SAMPLING.run(clean, 0, Recorder())
    assert torch.equal(clean.samples, noise(MODEL))


def test_progress_comes_before_every_evaluation_and_at_the_end() -> None:
    watcher = Recorder()
    run(MODEL, watcher)
    assert watcher.steps == [(step, STEPS) for step in range(STEPS + 1)]
    replace(SAMPLING, sampler=Heun()).walk(noise(MODEL), watcher := Recorder())
    assert [step for step, _ in watcher.steps] == [0, 0, 1, 1, 2, 2, 3, 4]


def test_a_cancel_works_between_the_evaluations_of_a_step() -> None:
    watcher = Recorder(cancel_at=0)
    with pytest.raises(Cancelled):
        run(MODEL.with_patch(Witness()), watcher)
    assert watcher.reports == [], "the transformer was not asked at all"


def test_patches_are_told_where_they_are() -> None:
    watcher = Recorder()
    model = MODEL.with_patch(Witness())
    Sampling(model, guided(model), Heun(), Sigmas((1.0, 0.5, 0.0))).walk(noise(model), watcher)
    asked = [(0, 2, 1.0, 0), (0, 2, 0.5, 1), (1, 2, 0.5, 0)]
    told = {
        name: [(i, n, s, branch, e) for i, n, s, e in asked]
        for name, branch in (("cond", "cond"), ("uncond", "uncond"))
    }
    assert watcher.reports == [{"technique": "witness", **told}]


def test_scale_one_is_the_cond_branch_alone() -> None:
    watcher, model = Recorder(), MODEL.with_patch(Identity())
    assert torch.equal(run(model, watcher, guided(model, 1.0)), run(MODEL))
    assert set(watcher.reports[0]) == {"technique", "cond"}


def test_guidance_is_uncond_plus_scaled_difference() -> None:
    guider = guided(MODEL, 3.0)
    cond, uncond = noise(MODEL), noise(MODEL) * 2 + 1

    branch = Answers(answers={"cond": cond, "uncond": uncond})
    assert torch.equal(guider(branch, cond, 1.0), uncond + 3.0 * (cond - uncond))
    assert branch.conditionings == [guider.positive, guider.negative]


def test_the_last_preview_is_a_jpeg_of_the_size_to_come() -> None:
    watcher = Recorder()
    run(MODEL, watcher)
    rows, columns = noise(MODEL).shape[2:]
    with PIL.Image.open(BytesIO(watcher.previews[-1])) as picture:
        assert picture.format == "JPEG" and picture.size == (columns * 8, rows * 8)


def test_a_latent_of_another_model_is_refused() -> None:
    with pytest.raises(Refusal, match="The latent is for sd3 with 4 channels; the model is flux and needs 4"):
        SAMPLING.run(Latent(noise(MODEL), "sd3"), 0, Recorder())
    with pytest.raises(Refusal, match="with 5 channels"):
        SAMPLING.run(Latent(torch.zeros(1, 5, 8, 8), "flux"), 0, Recorder())


def test_a_prompt_for_another_model_is_refused() -> None:
    sd3 = prompt(build("sd3"))
    with pytest.raises(Refusal, match="encoded for sd3, the model is flux"):
        replace(SAMPLING, guider=NoGuidance(sd3)).walk(noise(MODEL), Recorder())


def test_claims_cannot_be_made_twice() -> None:
    patched = MODEL.with_patch(FirstBlockCache(0.1))
    with pytest.raises(Refusal, match="both take over the model's blocks") as refusal:
        patched.with_patch(FirstBlockCache(0.2))
    assert refusal.value.code == "claim_conflict" and MODEL.patches == ()
    assert patched.nbytes == 0 < MODEL.nbytes, "handles share the weights"


def test_a_patch_that_finds_nothing_is_refused() -> None:
    bare = replace(MODEL, family=replace(MODEL.family, stacks=()))
    with (
        pytest.raises(Refusal, match="Identity finds nothing to work on in a flux model"),
        open_run(bare.with_patch(Identity())),
    ):
        raise AssertionError("unreachable")
    run(Model(MODEL.module, MODEL.family))

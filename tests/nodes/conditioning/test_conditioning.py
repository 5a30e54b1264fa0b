"""Several prompts for one picture: who counts where and when, and that one prompt alone stays as it is."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from app.engine.conditioning import Conditioning, Scope
from app.engine.media import Latent, Mask
from app.engine.prompts.mixing import fade, mixed, window
from app.graph.problem import Refusal
from nodes.caching.first_block_cache import FirstBlockCache
from nodes.conditioning.average_conditionings import average_conditionings
from nodes.conditioning.combine_conditionings import combine_conditionings
from nodes.conditioning.concat_conditionings import concat_conditionings
from nodes.conditioning.limit_to_area import limit_to_area
from nodes.conditioning.limit_to_mask import limit_to_mask
from nodes.conditioning.limit_to_steps import limit_to_steps
from nodes.conditioning.reference_latent import reference_latent
from nodes.conditioning.zero_conditioning import zero_conditioning
from nodes.guidance.no_guidance import NoGuidance
from nodes.schedules.shift_model import shift_model
from tests.tiny.recorder import Recorder
from tests.tiny.runs import close, run
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import ZOO, build, noise, prompt

MODEL = build("flux")
ONE, TWO = prompt(MODEL), prompt(MODEL, seed=3)
LEFT = Mask(torch.cat([torch.ones(1, 32, 32), torch.zeros(1, 32, 32)], dim=2))
PATCH = (2, 2)


def of(conditioning: Conditioning, family: str = "flux") -> Tensor:
    return run(build(family), guider=NoGuidance(conditioning))


def mix(*parts: Conditioning, answers: tuple[float, ...]) -> Tensor:
    """Mix constant answers over a latent of 16 x 24 cells."""
    latent = torch.zeros(1, 4, 16, 24)
    return mixed(parts, latent, PATCH, lambda number, view: torch.full_like(view, answers[number]))[0, 0]


@pytest.mark.parametrize("family", ZOO)
def test_what_limits_nothing_is_bit_equal(family: str) -> None:
    model = build(family)
    plain = prompt(model)
    whole = limit_to_steps(limit_to_area(plain, 0.0, 0.0, 1.0, 1.0, 2.5), 0.0, 1.0)
    assert torch.equal(of(whole, family), of(plain, family))
    assert torch.equal(
        of(average_conditionings(plain, prompt(model, seed=3), 1.0), family), of(plain, family)
    )
    assert close(of(combine_conditionings(plain, plain), family), of(plain, family), 1e-5)


def test_combined_prompts_are_averaged_by_strength() -> None:
    assert torch.allclose(mix(ONE, TWO, answers=(1.0, 3.0)), torch.tensor(2.0))
    heavy = limit_to_area(TWO, 0.0, 0.0, 1.0, 1.0, 3.0)
    assert torch.allclose(mix(ONE, heavy, answers=(1.0, 3.0)), torch.tensor(2.5))
    both = of(combine_conditionings(ONE, TWO))
    assert not torch.allclose(both, of(ONE)) and not torch.allclose(both, of(TWO))


def test_combining_keeps_every_prompt() -> None:
    three = combine_conditionings(combine_conditionings(ONE, TWO), combine_conditionings(TWO, ONE))
    assert [part.tokens is ONE.tokens for part in three.parts] == [True, False, False, True]
    assert limit_to_steps(three, 0.2, 0.7).parts[3].scope == Scope(start=0.2, end=0.7)
    assert three.nbytes == 2 * (ONE.nbytes + TWO.nbytes)
    again = Conditioning.from_bytes(three.to_bytes())
    assert torch.equal(again.parts[2].tokens, TWO.tokens) and len(again.parts) == 4


def test_a_mask_says_where() -> None:
    left, right = limit_to_mask(ONE, LEFT), limit_to_mask(TWO, Mask(1 - LEFT.coverage))
    result = mix(left, right, answers=(1.0, 3.0))
    assert torch.allclose(result[:, :11], torch.tensor(1.0)) and torch.allclose(
        result[:, 13:], torch.tensor(3.0)
    )
    alone = mix(left, answers=(1.0,))
    assert torch.allclose(alone, torch.tensor(1.0)), "where nobody counts, all do"


def test_an_area_is_all_that_its_prompt_sees() -> None:
    area = limit_to_area(TWO, 0.5, 0.25, 0.5, 0.5)
    seen = []

    def answer(number: int, view: Tensor) -> Tensor:
        seen.append(tuple(view.shape[-2:]))
        return torch.full_like(view, 3.0 if number else 1.0)

    result = mixed((ONE, area), torch.zeros(1, 4, 32, 64), PATCH, answer)[0, 0]
    assert seen == [(32, 64), (16, 32)]
    assert torch.equal(result[:8], torch.ones(8, 64)) and torch.equal(result[:, :32], torch.ones(32, 32))
    assert result[15, 50] == 2 and 1 < result[8, 50] < 1.5, "it fades in from edges inside the picture"
    assert result[15, 63] == 2, "and not at the picture's own edge"


def test_areas_are_whole_tokens() -> None:
    latent = torch.zeros(1, 4, 10, 14)
    for share in (0.01, 0.3, 0.5, 0.77, 1.0):
        top, left, height, width = window(limit_to_area(ONE, share, share, share, share), latent, PATCH)
        assert {top % 2, left % 2, height % 2, width % 2} == {0}
        assert height >= 2 and width >= 2 and top + height <= 10 and left + width <= 14
    assert fade(0, 10, 10).tolist() == [1.0] * 10


@pytest.mark.parametrize("family", ["flux", "wan", "qwen-image"])
def test_areas_and_masks_in_whole_runs(family: str) -> None:
    model = build(family)
    area = limit_to_area(prompt(model, seed=3), 0.5, 0.0, 0.5, 1.0)
    result = of(combine_conditionings(prompt(model), area), family)
    assert result.isfinite().all() and not torch.allclose(result, of(prompt(model), family))
    masked = limit_to_mask(prompt(model, seed=3), LEFT)
    assert of(combine_conditionings(prompt(model), masked), family).shape == noise(model).shape


def test_time_ranges_follow_the_models_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    """The four steps are at 1, 0.75, 0.5 and 0.25; without shift the prompt changes after half of them."""
    monkeypatch.setattr("app.engine.walking.walk.PREVIEW_PAUSE", 0.0)  # each run shows its first step
    model = shift_model(MODEL, 1.0)
    late = combine_conditionings(limit_to_steps(ONE, 0.0, 0.4), limit_to_steps(TWO, 0.4, 1.0))
    first_steps, last_steps = [], []
    for conditioning in (late, ONE, TWO):
        watcher = Recorder()
        run(model, watcher, NoGuidance(conditioning))
        first_steps.append(watcher.previews[0])
        last_steps.append(run(model, guider=NoGuidance(conditioning)))
    assert first_steps[0] == first_steps[1] != first_steps[2]
    assert not torch.equal(last_steps[0], last_steps[1])
    assert model.share_at(1.0) == 0 and model.share_at(0.0) == 1
    assert MODEL.share_at(0.7595) == pytest.approx(0.5, abs=1e-3), "half of Flux's steps lie above 0.76"


def test_a_gap_in_time_is_refused() -> None:
    with pytest.raises(Refusal, match="After 0% of the run no prompt counts"):
        of(limit_to_steps(ONE, 0.5, 1.0))


def test_concat_average_and_zero() -> None:
    both = concat_conditionings(ONE, TWO)
    assert torch.equal(both.tokens, torch.cat([ONE.tokens, TWO.tokens], dim=1)) and both.pooled is ONE.pooled
    assert of(both).isfinite().all()
    mean = average_conditionings(ONE, TWO, 0.25)
    assert torch.allclose(mean.tokens, 0.25 * ONE.tokens + 0.75 * TWO.tokens) and mean.pooled is not None
    longer = average_conditionings(ONE, both, 0.5)
    assert longer.tokens.shape[1] == 10 and torch.equal(longer.tokens[:, 5:], 0.5 * TWO.tokens)
    nothing = zero_conditioning(ONE)
    assert not nothing.tokens.any() and nothing.pooled is not None and not nothing.pooled.any()
    other = prompt(build("sd3"))
    for function in (concat_conditionings, average_conditionings):
        with pytest.raises(Refusal, match="for flux and sd3"):
            function(ONE, other)


@pytest.mark.parametrize("family", ["flux", "qwen-image"])
def test_reference_pictures(family: str) -> None:
    model = build(family)
    picture = Latent(noise(model)[..., :8, :12], family)
    plain, seeing = prompt(model), reference_latent(prompt(model), picture)
    result = of(seeing, family)
    assert result.shape == noise(model).shape and not torch.allclose(result, of(plain, family))
    other = reference_latent(prompt(model), replace(picture, samples=-picture.samples))
    assert not torch.allclose(result, of(other, family)), "it matters what they show"
    assert of(reference_latent(seeing, picture), family).isfinite().all()


def test_reference_pictures_where_they_cannot_be() -> None:
    seeing = reference_latent(ONE, Latent(noise(MODEL), "flux"))
    with pytest.raises(Refusal, match="FirstBlockCache cannot work with references"):
        run(MODEL.with_patch(FirstBlockCache(0.1)), guider=NoGuidance(seeing))
    sd3 = build("sd3")
    with pytest.raises(Refusal, match="sd3 cannot work with references"):
        of(reference_latent(prompt(sd3), Latent(noise(sd3), "sd3")), "sd3")
    with pytest.raises(Refusal, match="The latent is for sd3, the prompt for flux"):
        reference_latent(ONE, Latent(noise(sd3), "sd3"))

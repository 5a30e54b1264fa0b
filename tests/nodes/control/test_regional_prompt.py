"""A prompt for a region reaches its region and nothing else."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from app.engine.families import FAMILIES
from app.engine.media import Mask
from app.engine.model import Model
from app.engine.sampling import Sampling
from app.graph.problem import Refusal
from nodes.control.regional_prompt import Regional, regional_prompt
from nodes.guidance.cfg import Cfg
from nodes.guidance.no_guidance import NoGuidance
from nodes.samplers.euler import Euler
from tests.tiny.recorder import Recorder
from tests.tiny.runs import SIGMAS, close
from tests.tiny.zoo import COLUMNS, ROWS, TEXT, ZOO, build, noise, prompt

WITHOUT_TEXT_POSITIONS = ("flux", "sd3", "pixart")  # elsewhere a prompt's place in the sequence counts
WITH_WORDS = [family.name for family in FAMILIES if family.class_table is None and family.name in ZOO]


def everywhere() -> Mask:
    return Mask(torch.ones(1, ROWS * 16, COLUMNS * 16))


def left_half() -> Mask:
    coverage = torch.zeros(1, ROWS * 16, COLUMNS * 16)
    coverage[..., : COLUMNS * 8] = 1
    return Mask(coverage)


def one_step(model: Model, conditioning: object, watcher: Recorder | None = None) -> Tensor:
    guider = NoGuidance(conditioning)  # type: ignore[arg-type]
    return Sampling(model, guider, Euler(), SIGMAS).walk(noise(model), watcher or Recorder())


@pytest.mark.parametrize("family", WITHOUT_TEXT_POSITIONS)
def test_a_region_that_is_the_whole_picture_replaces_the_prompt(family: str) -> None:
    model = build(family)
    base, other = prompt(model), replace(prompt(model, seed=8), pooled=prompt(model).pooled)
    regional = regional_prompt(model, base, other, everywhere(), share_background=False)
    assert close(one_step(regional.model, regional.conditioning), one_step(model, other), 1e-3)
    assert not close(one_step(model, base), one_step(model, other), 1e-2)


@pytest.mark.parametrize("family", WITH_WORDS)
def test_a_region_changes_its_own_part_most(family: str) -> None:
    """Other tokens hear of it through the attention between image tokens alone."""
    model, watcher = build(family), Recorder()
    half = regional_prompt(model, prompt(model), prompt(model, seed=8), left_half())
    changed = one_step(half.model, half.conditioning, watcher) - one_step(model, prompt(model))
    middle = changed.shape[-1] // 2
    assert changed[..., :middle].abs().mean() > changed[..., middle:].abs().mean()
    assert watcher.reports == [
        {"technique": "regional_prompt", "tokens": [TEXT, 2 * TEXT], "branches": ["cond"]}
    ]


def test_two_regions_do_not_hear_of_each_other() -> None:
    """Swapping the order of two regions changes nothing but the order of text tokens."""
    model, base = build("flux"), prompt(build("flux"))
    red, blue = prompt(model, seed=8), prompt(model, seed=9)
    right_half = Mask(1 - left_half().coverage)

    def chain(*regions: tuple[object, Mask]) -> Regional:
        made = Regional(model, base)
        for words, mask in regions:
            made = regional_prompt(made.model, made.conditioning, words, mask)  # type: ignore[arg-type]
        return made

    one = chain((red, left_half()), (blue, right_half))
    other = chain((blue, right_half), (red, left_half()))
    assert close(one_step(one.model, one.conditioning), one_step(other.model, other.conditioning))
    swapped = chain((blue, left_half()), (red, right_half))
    assert not close(one_step(one.model, one.conditioning), one_step(swapped.model, swapped.conditioning))


def test_the_negative_prompt_is_left_alone() -> None:
    model, watcher = build("flux"), Recorder()
    half = regional_prompt(model, prompt(model), prompt(model, seed=8), left_half())
    guider = Cfg(half.conditioning, prompt(model, seed=3), 3.0)
    Sampling(half.model, guider, Euler(), SIGMAS).walk(noise(model), watcher)
    assert watcher.reports[0]["branches"] == ["cond"]


def test_a_model_of_classes_is_refused() -> None:
    model = build("ddt")
    with pytest.raises(Refusal, match="is told a class") as refusal:
        regional_prompt(model, prompt(model), prompt(model, seed=8), left_half())
    assert "Limit to area" in refusal.value.remedy


def test_an_empty_mask_is_refused() -> None:
    model = build("flux")
    with pytest.raises(Refusal, match="mask is empty"):
        regional_prompt(model, prompt(model), prompt(model), Mask(torch.zeros(1, 8, 8)))

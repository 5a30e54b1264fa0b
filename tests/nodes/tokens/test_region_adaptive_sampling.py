from math import ceil, log

import pytest
import torch

from app.engine.installation import open_run
from app.engine.model import Model
from app.engine.prediction import ModelInput
from app.engine.sites import Attention, Block
from app.engine.step import Step
from app.engine.tokens import Layout
from nodes.tokens.region_adaptive_sampling import (
    Memory,
    RegionAdaptiveSampling,
    over_cells,
    region_adaptive_sampling,
    spread,
)
from tests.nodes.attention.masked import attend, operands
from tests.tiny.recorder import Recorder
from tests.tiny.runs import close
from tests.tiny.walks import walk
from tests.tiny.zoo import WITH_SCORES, build, noise, prompt

GRID = (1, 4, 4)


def ask(model: Model, indices: tuple[int, ...]) -> list[torch.Tensor]:
    """Ask the same question at several steps of ten."""
    given = ModelInput(noise(model), 0.6, prompt(model))
    with torch.no_grad(), open_run(model) as asked:
        return [asked(given, index=i, total=10, evaluation=0, branch="cond") for i in indices]


def never_computed(patch: RegionAdaptiveSampling, velocity: torch.Tensor, steps: int) -> tuple[int, int]:
    """Let the velocity stay as it is; return (tokens never computed, the longest that one was left out)."""
    memory = Memory(velocity=velocity, dropped=torch.zeros(16), tokens=16)
    waited, longest, seen = torch.zeros(16), 0, torch.zeros(16, dtype=torch.bool)
    for index in range(1, steps):
        active = patch.choose(Step(index, steps, 0.5, "cond", 0, Layout(GRID, 0)), memory)
        assert active is not None
        waited += 1
        waited[active], seen[active] = 0, True
        longest = max(longest, int(waited.max()))
    return int((~seen).sum()), longest


@pytest.mark.parametrize("starvation", [0.1, 0.5])
def test_no_token_stays_out_for_good(starvation: float) -> None:
    velocity = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    velocity[..., :4] *= 3
    patch = RegionAdaptiveSampling(0.5, 1, 10_000, starvation)
    missing, longest = never_computed(patch, velocity, 120)
    spreads = spread(velocity, Layout(GRID, 0))
    assert missing == 0
    assert longest <= ceil(log(spreads.max() / spreads.min()) / starvation) + ceil(1 / patch.sample_ratio)


def test_without_starvation_the_picture_alone_decides() -> None:
    velocity = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    missing, _ = never_computed(RegionAdaptiveSampling(0.5, 1, 10_000, 0.0), velocity, 120)
    assert missing == 8


def test_focus_is_where_the_velocity_varies_least() -> None:
    velocity = torch.randn(1, 16, 8, 8, generator=torch.Generator().manual_seed(0))
    velocity[:, :, 4:] *= 10
    memory = Memory(velocity=velocity, dropped=torch.zeros(16), tokens=16)
    patch = RegionAdaptiveSampling(0.5, 1, 100, 0.1)
    active = patch.choose(Step(3, 9, 0.5, "cond", 0, Layout(GRID, 0)), memory)
    assert active is not None and active.tolist() == list(range(8))


def test_keys_of_active_tokens_are_fresh_and_those_of_the_others_kept() -> None:
    site = Attention(Block("blocks", 0, 0, 1), "attn", "joint", "joint")
    patch, memory, layout = RegionAdaptiveSampling(0.5, 1, 100, 0.1), Memory(tokens=16), Layout(GRID, 3)
    whole = operands(19)
    where = Step(0, 9, 1.0, "cond", 0, layout)
    patch.wrap_attention(where, memory, site, whole, attend)
    memory.active = torch.tensor([2, 5, 11])
    where.select(memory.active)
    fresh = operands(6)
    patch.wrap_attention(where, memory, site, fresh, attend)
    rows = torch.tensor([0, 1, 2, 5, 8, 14])
    others = torch.tensor([row for row in range(19) if row not in rows])
    bank = memory.bank[site]
    assert torch.equal(bank.key[:, :, rows], fresh.key) and torch.equal(bank.value[:, :, rows], fresh.value)
    assert torch.equal(bank.key[:, :, others], whole.key[:, :, others])


@pytest.mark.parametrize("family", WITH_SCORES)
def test_the_same_question_again_has_the_same_answer(family: str) -> None:
    whole, some, more = ask(build(family).with_patch(RegionAdaptiveSampling(0.4, 1, 100, 0.5)), (0, 1, 2))
    assert close(whole, some) and close(whole, more)


@pytest.mark.parametrize("family", WITH_SCORES)
def test_a_reset_step_answers_as_the_model_itself(family: str) -> None:
    model = build(family)
    answers = ask(model.with_patch(RegionAdaptiveSampling(0.4, 1, 3, 0.5)), (0, 1, 2, 3))
    assert torch.equal(answers[3], ask(model, (3,))[0])


def test_a_token_left_out_goes_on_with_its_velocity() -> None:
    model = build("flux").with_patch(RegionAdaptiveSampling(0.5, 1, 100, 0.1))
    first, later = (ModelInput(noise(model), sigma, prompt(model)) for sigma in (0.6, 0.4))
    with torch.no_grad(), open_run(model) as asked:
        before = asked(first, index=0, total=10, evaluation=0, branch="cond")
        after = asked(later, index=1, total=10, evaluation=0, branch="cond")
    velocities = (first.latent - before) / 0.6, (later.latent - after) / 0.4
    kept = torch.isclose(*velocities, atol=1e-5).all(1).float()
    assert kept.mean() == pytest.approx(0.5), "24 of 48 tokens, all four cells of each"


@pytest.mark.parametrize(("ratio", "start", "reset"), [(0.5, 4, 9), (0.3, 1, 2), (0.1, 2, 5)])
def test_number_of_computed_tokens(ratio: float, start: int, reset: int) -> None:
    watcher, steps = Recorder(), 12
    walk(build("flux").with_patch(RegionAdaptiveSampling(ratio, start, reset, 0.1)), steps, watcher=watcher)
    whole = [i < start or (i - start + 1) % reset == 0 for i in range(steps)]
    computed = sum(48 if dense else ceil(ratio * 48) for dense in whole)
    (report,) = watcher.reports
    assert report["computed_tokens"] == computed and report["tokens"] == 48
    assert report["tokens_saved"] == pytest.approx(1 - computed / (48 * steps))


def test_tokens_and_cells_of_a_video() -> None:
    layout, velocity = Layout((2, 3, 4), 0), torch.randn(1, 4, 2, 6, 8)
    tokens = torch.arange(24.0)
    cells = over_cells(tokens, layout, velocity)
    assert cells.shape == (2, 6, 8) and torch.equal(cells[:, ::2, ::2].flatten(), tokens)
    assert spread(velocity, layout).shape == (24,)
    assert torch.equal(spread(velocity * cells, layout).argsort()[:1], torch.tensor([0]))


def test_the_node() -> None:
    assert region_adaptive_sampling(build("flux")).patches == (RegionAdaptiveSampling(0.5, 4, 9, 0.1),)

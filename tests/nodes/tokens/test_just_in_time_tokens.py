import pytest
import torch
from torch import Tensor

from app.engine.model import Model
from app.engine.prediction import ModelInput
from app.engine.reuse.lifting import anchors, blur, lift, local_variance, nearest
from app.engine.reuse.subset import cells_to_tokens, tokens_to_cells
from app.engine.step import Step
from app.engine.tokens import Layout
from nodes.tokens.just_in_time_tokens import JustInTimeTokens, Memory, just_in_time_tokens
from tests.tiny.recorder import Recorder
from tests.tiny.walks import walk
from tests.tiny.zoo import WITH_SCORES, build, prompt

GRID = (1, 6, 8)
LAYOUT = Layout(GRID, 5)


def latent(seed: int = 0) -> Tensor:
    return torch.randn(1, 4, 12, 16, generator=torch.Generator().manual_seed(seed))


def ask(
    patch: JustInTimeTokens, memory: Memory, index: int, x: Tensor, velocity: Tensor, steps: int = 10
) -> Tensor:
    """Return what a model that predicts `velocity` answers through the technique, without its blocks."""
    sigma = 1 - index / steps
    step = Step(index, steps, sigma, "cond", 0, LAYOUT)
    given = ModelInput(x, sigma, prompt(build("flux")))
    return patch.wrap_model(step, memory, given, lambda given: given.latent - sigma * velocity)


@pytest.mark.parametrize("grid", [(1, 6, 8), (2, 5, 7), (1, 1, 9)])
@pytest.mark.parametrize("share", [0.1, 0.35, 0.62, 0.95])
def test_anchors_are_as_many_as_asked_and_spread(grid: tuple[int, int, int], share: float) -> None:
    total = grid[0] * grid[1] * grid[2]
    count = max(1, int(share * total))
    found = anchors(grid, count)
    assert len(found) == count == len(found.unique()) and torch.equal(found, found.sort().values)
    assert torch.equal(found, anchors(grid, count))


def test_the_lattice_comes_first() -> None:
    """Of 6 x 8, rows 0 2 4 5 and columns 0 2 4 6 7 are on it: 20 tokens."""
    on_it = {row * 8 + column for row in (0, 2, 4, 5) for column in (0, 2, 4, 6, 7)}
    assert set(anchors(GRID, 20).tolist()) == on_it
    assert set(anchors(GRID, 12).tolist()) < on_it < set(anchors(GRID, 30).tolist())


def test_lifting_keeps_anchors_and_a_constant_field() -> None:
    values, active = torch.randn(2, 3, 1, 6, 8), anchors(GRID, 16)
    lifted = lift(values, active, 1 / 3)
    assert torch.equal(lifted.flatten(2)[:, :, active], values.flatten(2)[:, :, active])
    other = values.clone()
    other.view(2, 3, -1)[:, :, [t for t in range(48) if t not in active]] = 99.0
    assert torch.equal(lift(other, active, 1 / 3), lifted), "what is not active does not count"
    constant = torch.full((1, 2, 1, 6, 8), 0.7)
    assert torch.allclose(lift(constant, active, 1 / 3), constant)


def test_the_nearest_token_is_one_of_its_frame() -> None:
    active = torch.tensor([0, 8 * 6 + 47])
    assert nearest((2, 6, 8), active).tolist() == [0] * 48 + [1] * 48


def test_blur_keeps_the_mean_inside() -> None:
    field = torch.zeros(1, 1, 1, 31, 31)
    field[..., 15, 15] = 1
    smooth = blur(field, 1.0)
    assert smooth.sum() == pytest.approx(1, abs=1e-5) and smooth.max() == pytest.approx(
        1 / (2 * torch.pi), rel=0.02
    )


def test_variance_is_high_at_an_edge() -> None:
    field = torch.zeros(1, 2, 1, 6, 8)
    field[..., 4:] = 1
    score = local_variance(field).reshape(6, 8)
    assert (score[:, 3:5] > 0.2).all() and score[:, :3].max() == score[:, 5:].max() == 0


@pytest.mark.parametrize("shape", [(1, 4, 12, 16), (2, 3, 3, 12, 16)])
def test_cells_and_tokens(shape: tuple[int, ...]) -> None:
    grid = (shape[2] if len(shape) == 5 else 1, 6, 8)
    x = torch.randn(shape)
    tokens = cells_to_tokens(x, grid)
    assert tokens.shape == (shape[0], 4 * shape[1], *grid)
    assert torch.equal(tokens_to_cells(tokens, x), x)
    assert torch.equal(
        tokens[0, :, 0, 1, 2], (x[0] if len(shape) == 4 else x[0, :, 0])[:, 2:4, 4:6].flatten()
    )


def test_active_sets_grow_and_are_of_exact_size() -> None:
    patch, memory, sets = JustInTimeTokens((0.35, 0.62), (0.4, 0.6), 3, "variance"), Memory(), []
    for index in range(10):
        ask(patch, memory, index, latent(), latent(index))
        sets.append(memory.active)
    assert [None if s is None else len(s) for s in sets] == [16] * 4 + [29] * 2 + [None] * 4
    assert sets[0] is not None and sets[4] is not None
    assert set(sets[0].tolist()) < set(sets[4].tolist())


def test_a_velocity_that_is_the_same_everywhere_is_followed_exactly() -> None:
    """With one velocity for all tokens and steps, x0 is where it leads, so a new token is already there."""
    velocity, start = torch.full((1, 4, 12, 16), 0.3), latent()
    for relax in (1, 3):
        patch, memory, x = JustInTimeTokens((0.35, 0.62), (0.4, 0.6), relax, "variance"), Memory(), start
        for index in range(10):
            sigma = 1 - index / 10
            x = x - (x - ask(patch, memory, index, x, velocity)) / sigma / 10
        assert torch.allclose(x, start - velocity, atol=1e-5)


def test_a_token_that_joins_fully_lands_on_its_way_from_the_noise() -> None:
    """The latent that the model sees equals (1 - s) * denoised + s * noise at new tokens; others stay."""
    patch, memory, seen = JustInTimeTokens((0.35, 1.0), (0.4, 0.4), 1, "variance"), Memory(), []
    x, velocity = latent(), latent(7)
    noise_of_run = x
    for index in range(5):
        sigma = 1 - index / 10
        step = Step(index, 10, sigma, "cond", 0, LAYOUT)

        def call(given: ModelInput, sigma: float = sigma) -> Tensor:
            seen.append(given.latent)
            return given.latent - sigma * velocity

        before, active = memory.denoised, memory.active
        answer = patch.wrap_model(step, memory, ModelInput(x, sigma, prompt(build("flux"))), call)
        shown, old = seen[-1], x
        x = x - (x - answer) / sigma / 10
    assert before is not None and active is not None
    target = 0.4 * before + 0.6 * noise_of_run
    fresh = torch.ones(48, dtype=torch.bool)
    fresh[active] = False
    shown, target, old = (cells_to_tokens(t, GRID).flatten(2) for t in (shown, target, old))
    assert torch.allclose(shown[:, :, fresh], target[:, :, fresh], atol=1e-5)
    assert torch.equal(shown[:, :, ~fresh], old[:, :, ~fresh])


def test_what_the_model_sees_and_what_the_solver_has_meet_at_the_end() -> None:
    patch, memory = JustInTimeTokens((0.35, 0.62), (0.4, 0.6), 2, "variance"), Memory()
    x, shown, shift = latent(), latent(), None
    for index in range(10):
        sigma = 1 - index / 10
        answer = ask(patch, memory, index, x, latent(index))
        if memory.correction is not None:
            shift = sigma * memory.correction
        x = x - (x - answer) / sigma / 10
        shown = answer
    assert shift is not None and shift.abs().max() > 0.01
    assert torch.allclose(x, shown, atol=1e-6), "the last step ends on the model's own answer"


@pytest.mark.parametrize("family", WITH_SCORES)
@pytest.mark.parametrize("select", ["variance", "grid"])
def test_number_of_computed_tokens(family: str, select: str) -> None:
    watcher, model = Recorder(), build(family)
    patch = JustInTimeTokens((0.35, 0.62), (0.4, 0.65), 3, select)  # type: ignore[arg-type]
    walk(model.with_patch(patch), 8, watcher=watcher)
    (report,) = watcher.reports
    total = report["tokens"]
    counts = [int(0.35 * total)] * 4 + [int(0.62 * total)] * 2 + [total] * 2
    assert report["tokens_by_call"] == counts and report["computed_tokens"] == sum(counts)
    assert report["tokens_saved"] == pytest.approx(1 - sum(counts) / (8 * total))
    assert len("".join(report["token_map"])) == total and set("".join(report["token_map"])) >= {"9"}


def test_a_run_from_a_lower_noise_level_starts_from_what_the_model_says() -> None:
    patch, memory = JustInTimeTokens((0.35, 0.62), (0.4, 0.65), 3, "variance"), Memory()
    velocity = torch.full((1, 4, 12, 16), 0.3)
    step = Step(0, 5, 0.5, "cond", 0, LAYOUT)
    x = latent()
    patch.wrap_model(
        step, memory, ModelInput(x, 0.5, prompt(build("flux"))), lambda g: g.latent - 0.5 * velocity
    )
    assert memory.noise is not None and torch.allclose(memory.noise, x + 0.5 * velocity)


def test_the_last_stage_is_the_model_itself() -> None:
    model: Model = build("flux")
    patch = JustInTimeTokens((0.35, 0.62), (0.0, 0.0), 3, "variance")
    assert torch.equal(walk(model.with_patch(patch), 3), walk(model, 3))


def test_the_node_has_the_values_of_the_paper() -> None:
    (patch,) = just_in_time_tokens(build("flux")).patches
    assert patch == JustInTimeTokens((0.35, 0.62), (0.4, 0.65), 3, "variance")

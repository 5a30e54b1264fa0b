from dataclasses import replace

import pytest
import torch
from torch import Tensor

from app.engine.sampling import Sampling
from app.graph.problem import Refusal
from nodes.guidance.cfg import Cfg
from nodes.guidance.contextual_repulsion import ContextualRepulsion, contextual_repulsion, pushed_apart
from nodes.guidance.no_guidance import NoGuidance
from nodes.samplers.euler import Euler
from tests.tiny.recorder import Recorder
from tests.tiny.runs import SIGMAS, close, run, together
from tests.tiny.zoo import build, noise, prompt

PATCH = ContextualRepulsion(2.0, 0.2, 0.8, 0.5)
ALL = torch.ones(4, 4, dtype=torch.bool)


def text(seed: int = 0) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    shared = torch.randn(1, 5, 16, generator=random)
    return shared + 0.3 * torch.randn(4, 5, 16, generator=random)


def spread(tokens: Tensor) -> float:
    """Mean distance between the directions of the samples' mean tokens."""
    return float(torch.pdist(torch.nn.functional.normalize(tokens.mean(1), dim=-1)).mean())


def test_samples_move_apart_and_tokens_keep_their_norms() -> None:
    before = text()
    some, more = pushed_apart(before, ALL, 0.5), pushed_apart(before, ALL, 2.0)
    assert spread(before) < spread(some) < spread(more)
    assert torch.allclose(more.norm(dim=-1), before.norm(dim=-1), atol=1e-5)


def test_the_order_of_samples_does_not_matter() -> None:
    order = torch.tensor([2, 0, 3, 1])
    assert close(pushed_apart(text()[order], ALL, 1.0), pushed_apart(text(), ALL, 1.0)[order])


def test_other_prompts_neither_push_nor_are_pushed() -> None:
    same = torch.block_diag(torch.ones(2, 2), torch.ones(1, 1), torch.ones(1, 1)).bool()
    before, found = text(), pushed_apart(text(), same, 1.0)
    assert close(found[2:], before[2:])
    assert close(found[:2], pushed_apart(before[:2], ALL[:2, :2], 1.0))
    assert torch.equal(pushed_apart(before, torch.eye(4, dtype=torch.bool), 1.0), before)


def test_equal_samples_stay_equal() -> None:
    twins = text()[:1].expand(2, -1, -1)
    assert close(pushed_apart(twins, ALL[:2, :2], 1.0), twins)


@pytest.mark.parametrize("family", ["flux", "sd3", "lumina2", "qwen-image"])
def test_a_batch_changes_and_a_single_picture_does_not(family: str) -> None:
    model, batch = build(family), noise(build(family), batch=2)
    assert not torch.equal(together(model.with_patch(PATCH), batch), together(model, batch))
    assert torch.equal(run(model.with_patch(PATCH)), run(model))
    off = model.with_patch(replace(PATCH, strength=0.0))
    assert torch.equal(together(off, batch), together(model, batch))


def test_it_works_in_its_blocks_steps_and_branch_only() -> None:
    """Blocks 1 to 3 of 5 and steps 0 and 1 of 4: six times, and never in the negative branch."""
    model, watcher = build("flux"), Recorder()
    guider = Cfg(prompt(model), prompt(model, seed=3), 3.0)
    batch = noise(model, batch=2)
    Sampling(model.with_patch(PATCH), guider, Euler(), SIGMAS).walk(batch, watcher)
    assert watcher.reports == [{"technique": "contextual_repulsion", "pushes": 6}]


def test_two_prompts_in_a_batch_leave_each_other_alone() -> None:
    model, batch = build("flux"), noise(build("flux"), batch=2)
    one, other = prompt(model), prompt(model, seed=7)
    assert one.pooled is not None and other.pooled is not None
    both = replace(
        one, tokens=torch.cat([one.tokens, other.tokens]), pooled=torch.cat([one.pooled, other.pooled])
    )

    def sample(patched: bool) -> Tensor:
        handle = model.with_patch(PATCH) if patched else model
        return Sampling(handle, NoGuidance(both), Euler(), SIGMAS).walk(batch, Recorder())

    assert torch.equal(sample(True), sample(False))


@pytest.mark.parametrize("family", ["pixart", "wan"])
def test_a_model_without_text_in_its_blocks_is_refused(family: str) -> None:
    with pytest.raises(Refusal, match="keeps none in its blocks"):
        run(build(family).with_patch(PATCH))


def test_the_node() -> None:
    assert contextual_repulsion(build("flux")).patches == (ContextualRepulsion(1.0, 0.35, 0.65, 0.3),)

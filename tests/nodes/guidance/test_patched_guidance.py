"""Guidance by a branch or an attention of its own: perturbed, skipped, normalized."""

from dataclasses import replace

import pytest
import torch

from app.engine.block_choice import read_blocks
from app.engine.sampling import Sampling, Sigmas
from app.engine.sites import Block
from app.engine.step import Place
from app.graph.problem import Refusal
from nodes.guidance.no_guidance import NoGuidance
from nodes.guidance.normalized_attention_guidance import TwoPrompts, normalized_attention_guidance
from nodes.guidance.perturbed_attention_guidance import perturbed_attention_guidance
from nodes.guidance.skip_layer_guidance import skip_layer_guidance
from nodes.samplers.euler import Euler
from tests.nodes.guidance.answers import ANSWERS, NEGATIVE, POSITIVE
from tests.nodes.guidance.test_guidance import ask
from tests.tiny.recorder import Recorder
from tests.tiny.runs import close, run
from tests.tiny.zoo import build, noise, prompt

COND, UNCOND, AWAY = ANSWERS["cond"], ANSWERS["uncond"], ANSWERS["negative"]


def test_perturbed_and_skipped_branches() -> None:
    pag = perturbed_attention_guidance(POSITIVE, NEGATIVE, 3.0, 2.0)
    result, asked = ask(pag)
    assert asked == ["cond", "uncond", "perturbed"]
    assert torch.allclose(result, UNCOND + 3 * (COND - UNCOND) + 2 * (COND - ANSWERS["perturbed"]), atol=1e-5)
    slg = skip_layer_guidance(POSITIVE, NEGATIVE, 1.0, 2.0, 0.0, 0.5)
    assert ask(slg, place=Place(4, 10))[1] == ["cond", "skipped"]
    assert ask(slg, place=Place(5, 10))[1] == ["cond"]


def test_softness_moves_attention_to_the_own_value() -> None:
    """At softness 1 with every head of every block, no picture token sees another in self-attention."""
    model = build("pixart")
    guider = perturbed_attention_guidance(prompt(model), prompt(model, seed=3), 1.0, 1.0, 1.0, "0-3")
    seen = []
    for cell in (0.0, 1.0):
        latent = noise(model)
        latent[..., :2, :2] += cell
        sampling = Sampling(model, guider, Euler(), Sigmas((0.5, 0.0)))
        cond = Sampling(model, NoGuidance(prompt(model)), Euler(), Sigmas((0.5, 0.0))).walk(
            latent, Recorder()
        )
        seen.append(2 * cond - sampling.walk(latent, Recorder()))  # what the perturbed branch said
    difference = (seen[1] - seen[0]).abs().amax((0, 1))
    assert difference[:2, :2].max() > 1e-3 and difference[2:, 2:].max() < 1e-5


@pytest.mark.parametrize("family", ["flux", "wan", "sd3"])
def test_normalized_attention(family: str) -> None:
    """With equal prompts nothing changes; the negative prompt counts, and never reaches further than tau."""
    model = build(family)
    plain = run(model)
    same = normalized_attention_guidance(prompt(model), prompt(model), 4.0, 2.0, 0.5)
    assert close(run(model, guider=same), plain, 1e-4)
    one, other = (
        run(
            model,
            guider=normalized_attention_guidance(prompt(model), prompt(model, seed=seed), 4.0, 2.0, 0.5),
        )
        for seed in (3, 4)
    )
    assert not torch.allclose(one, other) and not torch.allclose(one, plain)


def test_normalized_attention_is_clipped_and_mixed() -> None:
    positive, negative = (torch.randn(1, 2, 5, 4, generator=torch.Generator().manual_seed(s)) for s in (1, 2))
    raw = 4 * positive - 3 * negative
    lengths = raw.abs().sum((1, 3)) / positive.abs().sum((1, 3))
    assert (lengths > 2).any()
    guided = TwoPrompts(POSITIVE, 4.0, 2.0, 1.0).guided(positive, negative)
    assert torch.allclose(guided.abs().sum((1, 3)) / positive.abs().sum((1, 3)), lengths.clamp(max=2.0))
    half = TwoPrompts(POSITIVE, 4.0, 2.0, 0.5).guided(positive, negative)
    assert torch.allclose(half, (guided + positive) / 2)


def test_block_choice() -> None:
    blocks = [Block("s", depth, depth, 9) for depth in range(9)]
    chosen = read_blocks("7, 1-2 4.0.3")
    assert [block.depth for block in blocks if chosen.holds(block)] == [1, 2, 4, 7]
    assert chosen.heads_of(blocks[4]) == (0, 3) and chosen.heads_of(blocks[1]) is None
    assert [block.depth for block in blocks if read_blocks(" ").holds(block)] == [4]
    assert not read_blocks("").holds(Block("refiner", 0, -1, 9))
    with pytest.raises(Refusal, match="'x' names no blocks"):
        read_blocks("1 x")


def test_patched_branches_hold_for_combined_prompts_too() -> None:
    """Two equal prompts combined are that prompt, in the perturbed, skipped and doubled branches as well."""
    model = build("flux")
    one, negative = prompt(model), prompt(model, seed=3)
    for make in (
        lambda positive: perturbed_attention_guidance(positive, negative, 1.0, 2.0, 1.0, "0-4"),
        lambda positive: skip_layer_guidance(positive, negative, 1.0, 2.0, 0.0, 1.0, "1-2"),
        lambda positive: normalized_attention_guidance(positive, negative, 4.0, 2.0, 0.5),
    ):
        both = run(model, guider=make(replace(one, others=(one,))))
        assert close(both, run(model, guider=make(one)), 1e-4)

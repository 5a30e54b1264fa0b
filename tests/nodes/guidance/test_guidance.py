"""Every guider: its formula, its neutral value, whom it asks, and that pictures of a batch stay apart."""

from collections import defaultdict
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.sampling import Guider, Sampling
from app.engine.step import Place
from nodes.guidance.apg import Apg, apg
from nodes.guidance.cfg import Cfg
from nodes.guidance.cfg_interval import CfgInterval, cfg_interval
from nodes.guidance.cfg_norm import CfgNorm, cfg_norm
from nodes.guidance.cfg_span import CfgSpan, cfg_span
from nodes.guidance.cfg_zero_star import CfgZeroStar, cfg_zero_star
from nodes.guidance.no_guidance import NoGuidance
from nodes.guidance.normalized_attention_guidance import normalized_attention_guidance
from nodes.guidance.perpendicular_negative import PerpendicularNegative, perpendicular_negative
from nodes.guidance.perturbed_attention_guidance import perturbed_attention_guidance
from nodes.guidance.rescale_cfg import RescaleCfg, rescale_cfg
from nodes.guidance.skip_layer_guidance import skip_layer_guidance
from nodes.guidance.tangential_cfg import TangentialCfg, tangential_cfg
from nodes.samplers.euler import Euler
from tests.nodes.guidance.answers import ANSWERS, EMPTY, FIRST, LATENT, NEGATIVE, POSITIVE, Answers
from tests.tiny.recorder import Recorder
from tests.tiny.runs import SIGMAS, close, run
from tests.tiny.zoo import build, noise, prompt

COND, UNCOND, AWAY = ANSWERS["cond"], ANSWERS["uncond"], ANSWERS["negative"]
SIGMA = 0.6
Make = Callable[[Conditioning, Conditioning, Conditioning], Guider]


def ask(guider: Guider, sigma: float = SIGMA, place: Place = FIRST) -> tuple[Tensor, list[str]]:
    answers = Answers(place=place)
    return guider(answers, LATENT, sigma), answers.asked


def dots(one: Tensor, other: Tensor) -> Tensor:
    """The inner products of two batches, picture by picture, written out."""
    return torch.stack([(a * b).sum() for a, b in zip(one, other, strict=True)]).reshape(-1, 1, 1, 1)


# at work; with values that make it plain guidance at scale 3; with values that make it no guidance
GUIDERS: dict[str, tuple[Make, Make, Make]] = {
    "cfg_interval": (
        lambda p, n, e: CfgInterval(p, n, 3.0, 0.9, 0.4),
        lambda p, n, e: CfgInterval(p, n, 3.0, 1.0, 0.0),
        lambda p, n, e: CfgInterval(p, n, 1.0, 1.0, 0.0),
    ),
    "apg": (
        lambda p, n, e: Apg(p, n, 3.0, 0.2, 4.0, -0.5),
        lambda p, n, e: Apg(p, n, 3.0, 1.0, 0.0, 0.0),
        lambda p, n, e: Apg(p, n, 1.0, 0.2, 4.0, -0.5),
    ),
    "rescale_cfg": (
        lambda p, n, e: RescaleCfg(p, n, 3.0, 0.7),
        lambda p, n, e: RescaleCfg(p, n, 3.0, 0.0),
        lambda p, n, e: RescaleCfg(p, n, 1.0, 0.7),
    ),
    "perpendicular_negative": (
        lambda p, n, e: PerpendicularNegative(p, n, e, 3.0, 1.0),
        lambda p, n, e: PerpendicularNegative(p, e, n, 3.0, 0.0),
        lambda p, n, e: PerpendicularNegative(p, e, n, 1.0, 0.0),
    ),
    "cfg_span": (
        lambda p, n, e: CfgSpan(p, n, 3.0, 0.0, 0.4),
        lambda p, n, e: CfgSpan(p, n, 3.0, 0.0, 1.0),
        lambda p, n, e: CfgSpan(p, n, 1.0, 0.0, 1.0),
    ),
    "cfg_norm": (
        lambda p, n, e: CfgNorm(p, n, 3.0, 1.0),
        lambda p, n, e: CfgNorm(p, n, 3.0, 0.0),
        lambda p, n, e: CfgNorm(p, n, 1.0, 1.0),
    ),
    "tangential_cfg": (
        lambda p, n, e: TangentialCfg(p, n, 3.0, 1.0),
        lambda p, n, e: TangentialCfg(p, n, 3.0, 0.0),
        lambda p, n, e: TangentialCfg(p, n, 1.0, 1.0),
    ),
    "perturbed_attention_guidance": (
        lambda p, n, e: perturbed_attention_guidance(p, n, 3.0, 2.0, 0.6, "0, 2.1"),
        lambda p, n, e: perturbed_attention_guidance(p, n, 3.0, 0.0),
        lambda p, n, e: perturbed_attention_guidance(p, n, 1.0, 2.0, 0.0),
    ),
    "skip_layer_guidance": (
        lambda p, n, e: skip_layer_guidance(p, n, 3.0, 2.0, 0.0, 0.6, "1-2"),
        lambda p, n, e: skip_layer_guidance(p, n, 3.0, 0.0),
        lambda p, n, e: skip_layer_guidance(p, n, 1.0, 0.0),
    ),
    "normalized_attention_guidance": (
        lambda p, n, e: normalized_attention_guidance(p, n, 4.0, 2.0, 0.5),
        lambda p, n, e: Cfg(p, n, 3.0),  # it is no kind of classifier-free guidance
        lambda p, n, e: normalized_attention_guidance(p, n, 4.0, 2.0, 0.0),
    ),
    "cfg_zero_star": (
        lambda p, n, e: CfgZeroStar(p, n, 3.0, 0.1),
        lambda p, n, e: Cfg(p, n, 3.0),  # it has no setting that is plain guidance
        lambda p, n, e: CfgZeroStar(p, n, 1.0, 0.0),
    ),
}
NAMES = list(GUIDERS)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("family", ["flux", "wan"])
def test_neutral_values_are_bit_equal_in_whole_runs(name: str, family: str) -> None:
    model = build(family)
    conditionings = prompt(model), prompt(model, seed=3), prompt(model, seed=4)
    active, plain, alone = (run(model, guider=make(*conditionings)) for make in GUIDERS[name])
    assert torch.equal(plain, run(model, guider=Cfg(*conditionings[:2], 3.0)))
    assert torch.equal(alone, run(model, guider=NoGuidance(conditionings[0])))
    assert not torch.allclose(active, plain) and not torch.allclose(active, alone)


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_of_two_is_two_of_one(name: str) -> None:
    model = build("flux")
    guider = GUIDERS[name][0](prompt(model), prompt(model, seed=3), prompt(model, seed=4))
    sampling, batch = Sampling(model, guider, Euler(), SIGMAS), noise(model, batch=2)
    apart = [sampling.walk(row[None], Recorder()) for row in batch]
    assert close(sampling.walk(batch, Recorder()), torch.cat(apart), 1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_equal_branches_need_no_guidance(name: str) -> None:
    """Where all prompts get the same answer, there is no direction to go in, and nothing divides by 0."""
    guider = GUIDERS[name][0](POSITIVE, NEGATIVE, EMPTY)
    same = guider(Answers(answers=defaultdict(lambda: COND)), LATENT, SIGMA)
    assert torch.allclose(same, COND, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_size_counts_every_prompt_once(name: str) -> None:
    guider = GUIDERS[name][0](POSITIVE, NEGATIVE, EMPTY)
    prompts = 3 if name == "perpendicular_negative" else 2
    assert guider.nbytes == prompts * POSITIVE.nbytes  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("sigma", "guided"), [(1.0, False), (0.91, False), (0.9, True), (0.5, True), (0.4, False), (0.1, False)]
)
def test_interval(sigma: float, guided: bool) -> None:
    result, asked = ask(CfgInterval(POSITIVE, NEGATIVE, 3.0, 0.9, 0.4), sigma)
    assert asked == (["cond", "uncond"] if guided else ["cond"])
    assert torch.equal(result, UNCOND + 3 * (COND - UNCOND) if guided else COND)


def test_an_interval_that_ends_before_it_starts_is_empty() -> None:
    for sigma in (1.0, 0.5, 0.1):
        assert ask(CfgInterval(POSITIVE, NEGATIVE, 3.0, 0.3, 0.8), sigma)[1] == ["cond"]


def test_zero_star() -> None:
    toward, away = (LATENT - COND) / SIGMA, (LATENT - UNCOND) / SIGMA
    scaled = dots(toward, away) / dots(away, away) * away
    velocity = scaled + 3 * (toward - scaled)
    result, asked = ask(CfgZeroStar(POSITIVE, NEGATIVE, 3.0, 0.1))
    assert torch.allclose(result, LATENT - SIGMA * velocity, atol=1e-5) and asked == ["cond", "uncond"]
    assert torch.allclose(dots(toward - scaled, scaled), torch.zeros(2, 1, 1, 1), atol=1e-3)


def test_zero_star_rests_at_first() -> None:
    guider = CfgZeroStar(POSITIVE, NEGATIVE, 3.0, 0.01)
    assert torch.equal(ask(guider, 1.0)[0], LATENT) and ask(guider, 1.0)[1] == []
    assert ask(guider, 0.985)[1] == ["cond", "uncond"]
    assert ask(CfgZeroStar(POSITIVE, NEGATIVE, 3.0, 0.0), 1.0)[1] == ["cond", "uncond"]


@pytest.mark.parametrize("eta", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("threshold", [0.0, 5.0, 1000.0])
def test_apg(eta: float, threshold: float) -> None:
    push = COND - UNCOND
    if threshold:
        push = push * (threshold / dots(push, push).sqrt()).clamp(max=1)
    along = dots(push, COND) / dots(COND, COND) * COND
    expected = COND + 4 * (push - along + eta * along)
    result, asked = ask(Apg(POSITIVE, NEGATIVE, 5.0, eta, threshold, 0.0))
    assert torch.allclose(result, expected, atol=1e-4) and asked == ["cond", "uncond"]
    if eta == 0:
        assert dots(result - COND, COND).abs().max() < 1e-2, "what is added stands at right angles to cond"


@pytest.mark.parametrize("rescale", [0.3, 1.0])
def test_rescale(rescale: float) -> None:
    guided = (LATENT - (UNCOND + 5 * (COND - UNCOND))) / SIGMA
    toward = (LATENT - COND) / SIGMA
    ratio = torch.stack([a.std() / b.std() for a, b in zip(toward, guided, strict=True)]).reshape(-1, 1, 1, 1)
    result, asked = ask(RescaleCfg(POSITIVE, NEGATIVE, 5.0, rescale))
    expected = rescale * ratio * guided + (1 - rescale) * guided
    assert torch.allclose((LATENT - result) / SIGMA, expected, atol=1e-5) and asked == ["cond", "uncond"]
    if rescale == 1:
        spreads = [picture.std().item() for picture in (LATENT - result) / SIGMA]
        assert spreads == pytest.approx([picture.std().item() for picture in toward], rel=1e-5)


def test_perpendicular_negative() -> None:
    toward, away = COND - UNCOND, AWAY - UNCOND
    beside = away - dots(away, toward) / dots(toward, toward) * toward
    guider = PerpendicularNegative(POSITIVE, NEGATIVE, EMPTY, 4.0, 1.5)
    result, asked = ask(guider)
    assert torch.allclose(result, UNCOND + 4 * (toward - 1.5 * beside), atol=1e-4)
    assert asked == ["cond", "uncond", "negative"]
    along = dots(result - UNCOND, toward) / dots(toward, toward)
    assert torch.allclose(along, torch.full_like(along, 4.0), atol=1e-4), (
        "it never weakens the positive prompt"
    )


def test_perpendicular_negative_ignores_what_the_prompts_share() -> None:
    same = PerpendicularNegative(POSITIVE, POSITIVE, EMPTY, 4.0, 2.0)
    answers = {"cond": COND, "negative": COND, "uncond": UNCOND}
    result = same(Answers(answers=answers), LATENT, SIGMA)
    assert torch.allclose(result, UNCOND + 4 * (COND - UNCOND), atol=1e-4)


def test_every_branch_gets_its_own_prompt() -> None:
    answers = Answers()
    PerpendicularNegative(POSITIVE, NEGATIVE, EMPTY, 4.0, 1.0)(answers, LATENT, SIGMA)
    assert answers.conditionings == [POSITIVE, EMPTY, NEGATIVE]
    for name in ("cfg_interval", "cfg_zero_star", "apg", "rescale_cfg"):
        answers = Answers()
        GUIDERS[name][0](POSITIVE, NEGATIVE, EMPTY)(answers, LATENT, SIGMA)
        assert answers.conditionings == [POSITIVE, NEGATIVE]


def test_nodes() -> None:
    two, three = (POSITIVE, NEGATIVE), (POSITIVE, NEGATIVE, EMPTY)
    made = [
        (cfg_interval(*two), CfgInterval(*two, 3.0, 0.9, 0.2)),
        (cfg_zero_star(*two), CfgZeroStar(*two, 3.0, 0.01)),
        (apg(*two), Apg(*two, 5.0, 0.0, 0.0, 0.0)),
        (cfg_span(*two), CfgSpan(*two, 3.0, 0.0, 0.8)),
        (cfg_norm(*two), CfgNorm(*two, 4.0, 1.0)),
        (tangential_cfg(*two), TangentialCfg(*two, 3.0, 1.0)),
        (rescale_cfg(*two), RescaleCfg(*two, 5.0, 0.7)),
        (perpendicular_negative(*three), PerpendicularNegative(*three, 3.0, 1.0)),
    ]
    for guider, expected in made:
        assert type(guider) is type(expected) and vars(guider) == vars(expected)


@pytest.mark.parametrize(("index", "guided"), [(0, False), (2, False), (3, True), (7, True), (8, False)])
def test_span_counts_steps(index: int, guided: bool) -> None:
    result, asked = ask(CfgSpan(POSITIVE, NEGATIVE, 3.0, 0.3, 0.8), place=Place(index, 10))
    assert asked == (["cond", "uncond"] if guided else ["cond"])
    assert torch.equal(result, UNCOND + 3 * (COND - UNCOND) if guided else COND)


def test_apg_momentum_is_a_running_average() -> None:
    """push_n = (cond - uncond) + momentum * push_(n - 1); the evaluations of a step share that."""
    guider = Apg(POSITIVE, NEGATIVE, 5.0, 1.0, 0.0, -0.5)
    memory: dict[str, Tensor] = {}
    expected = torch.zeros_like(COND)
    for index in range(4):
        expected = COND - UNCOND - 0.5 * expected
        for evaluation in (0, 1):
            answers = Answers(place=Place(index, 4, evaluation), memory=memory)
            assert torch.allclose(guider(answers, LATENT, SIGMA), COND + 4 * expected, atol=1e-5)


def test_length_is_kept_where_guidance_lengthens() -> None:
    result, _ = ask(CfgNorm(POSITIVE, NEGATIVE, 4.0, 1.0))
    guided = UNCOND + 4 * (COND - UNCOND)
    longer = guided.norm(dim=1) > COND.norm(dim=1)
    assert longer.any() and torch.allclose(result.norm(dim=1)[longer], COND.norm(dim=1)[longer], atol=1e-4)
    assert torch.equal(result.movedim(1, -1)[~longer], guided.movedim(1, -1)[~longer])


def test_tangential_leaves_the_common_direction() -> None:
    """Against the singular value decomposition that the paper writes down."""
    result, _ = ask(TangentialCfg(POSITIVE, NEGATIVE, 3.0, 1.0))
    for row in range(len(LATENT)):
        toward, away = ((LATENT - x)[row].flatten() / SIGMA for x in (COND, UNCOND))
        direction = torch.linalg.svd(torch.stack([toward, away]), full_matrices=False).Vh[0]
        away = (away @ direction) * direction
        velocity = away + 3 * (toward - away)
        assert torch.allclose(result[row].flatten(), LATENT[row].flatten() - SIGMA * velocity, atol=1e-4)

"""Guidance that changes from step to step: a drawn scale, and prompts that take turns."""

import pytest
import torch
from torch import Tensor

from app.engine.sampling import Sampling
from app.engine.step import Place
from app.graph.problem import Refusal
from nodes.guidance.blend_prompts import BlendPrompts, Mode, agreement, blend_prompts, call_price, chosen
from nodes.guidance.cfg import cfg
from nodes.guidance.cfg_curve import CfgCurve, cfg_curve
from nodes.guidance.no_guidance import no_guidance
from nodes.samplers.euler import euler
from tests.nodes.guidance.answers import ANSWERS, EMPTY, LATENT, NEGATIVE, POSITIVE, Answers
from tests.tiny.recorder import Recorder
from tests.tiny.runs import SIGMAS, close, run
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import build, noise, prompt

COND, UNCOND = ANSWERS["cond"], ANSWERS["uncond"]
OTHER = -COND.flip(-1)
MODES: list[Mode] = ["alternate", "in_turn", "fade", "black_scholes"]
MODEL = build("flux")
ONE, TWO, NONE = prompt(MODEL), prompt(MODEL, seed=3), prompt(MODEL, seed=4)


@pytest.mark.parametrize(("index", "scale"), [(0, 1.0), (3, 5.0), (10, 3.0)])
def test_the_scale_follows_the_curve(index: int, scale: float) -> None:
    answers = Answers(place=Place(index, 11))
    result = cfg_curve(POSITIVE, NEGATIVE, "[[0, 1], [0.3, 5], [1, 3]]")(answers, LATENT, 0.6)
    assert torch.allclose(result, UNCOND + scale * (COND - UNCOND), atol=1e-5)
    assert answers.asked == (["cond"] if scale == 1 else ["cond", "uncond"])


def test_flat_curves_are_plain_guidance_bit_by_bit() -> None:
    flat = cfg_curve(ONE, TWO, "[[0, 3], [1, 3]]")
    assert torch.equal(run(MODEL, guider=flat), run(MODEL, guider=cfg(ONE, TWO, 3.0)))
    off = cfg_curve(ONE, TWO, "[[0, 1], [1, 1]]")
    assert torch.equal(run(MODEL, guider=off), run(MODEL, guider=no_guidance(ONE)))
    steep = cfg_curve(ONE, TWO, "[[0, 1], [1, 5]]")
    assert not torch.allclose(run(MODEL, guider=steep), run(MODEL, guider=flat))
    assert isinstance(flat, CfgCurve) and flat.nbytes == ONE.nbytes + TWO.nbytes


@pytest.mark.parametrize("text", ["", "[[0, 1]]", "[[0, 1], [0.5, 2]]", "[[0, 1], [1, NaN]]", "{}"])
def test_other_texts_are_no_curve(text: str) -> None:
    with pytest.raises(Refusal, match="is no curve"):
        cfg_curve(POSITIVE, NEGATIVE, text)


def asked(mode: Mode, count: int, total: int) -> list[list[int]]:
    guider = BlendPrompts((POSITIVE,) * count, NEGATIVE, 1.0, mode)
    return [[number for number, _ in guider.weights(index, total)] for index in range(total)]


def test_who_has_the_word() -> None:
    assert asked("alternate", 2, 5) == [[0], [1], [0], [1], [0]]
    assert asked("in_turn", 3, 7) == [[0], [0], [0], [1], [1], [2], [2]]
    assert asked("fade", 3, 5) == [[0], [0, 1], [1], [1, 2], [2]]
    shares = BlendPrompts((POSITIVE,) * 3, NEGATIVE, 1.0, "fade").weights(1, 5)
    assert shares == [(0, 0.5), (1, 0.5)]


def test_the_blend_is_guided_like_one_prompt() -> None:
    answers = Answers(answers={"cond": COND, "cond1": OTHER, "uncond": UNCOND}, place=Place(1, 5))
    result = BlendPrompts((POSITIVE, EMPTY, POSITIVE), NEGATIVE, 3.0, "fade")(answers, LATENT, 0.6)
    mixed = (COND + OTHER) / 2
    assert torch.allclose(result, UNCOND + 3 * (mixed - UNCOND), atol=1e-5)
    assert answers.asked == ["cond", "cond1", "uncond"]
    assert answers.conditionings == [POSITIVE, EMPTY, NEGATIVE]


@pytest.mark.parametrize("mode", MODES)
def test_one_prompt_is_plain_guidance_bit_by_bit(mode: Mode) -> None:
    blend = blend_prompts([ONE], NONE, 3.0, mode)
    assert torch.equal(run(MODEL, guider=blend), run(MODEL, guider=cfg(ONE, NONE, 3.0)))
    two = run(MODEL, guider=blend_prompts([ONE, TWO], NONE, 3.0, mode))
    assert not torch.allclose(two, run(MODEL, guider=blend))


@pytest.mark.parametrize("mode", MODES)
def test_a_batch_of_two_is_two_of_one(mode: Mode) -> None:
    sampling = Sampling(MODEL, blend_prompts([ONE, TWO], NONE, 2.0, mode), euler(), SIGMAS)
    batch = noise(MODEL, batch=2)
    apart = [sampling.walk(row[None], Recorder()) for row in batch]
    assert close(sampling.walk(batch, Recorder()), torch.cat(apart), 1e-4)


def test_no_prompt_is_refused() -> None:
    with pytest.raises(Refusal, match="no prompt to blend"):
        blend_prompts([], NEGATIVE)


def test_black_and_scholes() -> None:
    assert call_price(100, 100, 0.2, 1.0, 0.05) == pytest.approx(10.4506, abs=1e-4), "the textbook's"
    assert call_price(42, 40, 0.2, 0.5, 0.1) == pytest.approx(4.76, abs=0.005), "Hull's example"
    for price in (0.3, 0.7):
        assert call_price(price, 0.5, 0.2, 0.0) == max(price - 0.5, 0)
        assert call_price(price, 0.5, 0.2, 1e-9) == pytest.approx(max(price - 0.5, 0), abs=1e-6)


def test_the_prompt_that_lags_has_the_word() -> None:
    assert chosen(torch.tensor([[0.6, 0.4]]), 1.0) == 1
    assert chosen(torch.tensor([[0.6, 0.4], [0.3, 0.5]]), 0.5) == 0
    pictures = torch.randn(2, 3, 4, 4)
    prices = agreement(torch.stack([pictures, pictures + 1]), pictures)
    assert prices[0].tolist() == [1, 1] and (prices[1] < 0.6).all()


def test_equal_prompts_take_turns_and_each_picture_has_its_own() -> None:
    """Who has spoken last agrees best with the picture, so that the other one is next."""
    guider = BlendPrompts((POSITIVE, EMPTY), NEGATIVE, 1.0, "black_scholes")
    memory: dict[str, Tensor] = {}
    said = []
    for index in range(6):
        answers = Answers(answers={"cond": COND, "cond1": OTHER}, place=Place(index, 6), memory=memory)
        result = guider(answers, LATENT, 0.6)
        said.append(torch.equal(result, COND))
    assert said in ([True, False] * 3, [False, True] * 3)
    assert memory["blend chosen"].shape == (len(LATENT),) and memory["blend prices"].shape == (
        6,
        2,
        len(LATENT),
    )

"""A stream batch makes of every frame what a run of its own would make."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from app.engine.media import Latent
from app.engine.model import Model
from app.engine.prediction import ModelInput
from app.engine.sampling import Guider, Sampler, Sampling, Sigmas
from app.engine.streaming.similarity import SimilarityFilter
from app.engine.streaming.stream import Stream, StreamBatch, StreamGuidance
from app.engine.walking import rows
from app.graph.problem import Refusal
from nodes.caching.first_block_cache import first_block_cache
from nodes.caching.residual_cfg import residual_cfg
from nodes.conditioning.limit_to_steps import limit_to_steps
from nodes.guidance.cfg import Cfg
from nodes.guidance.no_guidance import NoGuidance
from nodes.samplers.euler import Euler
from nodes.samplers.lcm import Lcm
from tests.tiny import zoo
from tests.tiny.recorder import Recorder
from tests.tiny.runs import close
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here

SIGMAS = Sigmas((0.8, 0.5, 0.3, 0.0))
FLUX = zoo.build("flux")
PROMPT, NEGATIVE = zoo.prompt(FLUX), zoo.prompt(FLUX, seed=3)


def frames(model: Model, count: int) -> list[Tensor]:
    return [zoo.noise(model) + index / 10 for index in range(count)]


def streamed(batch: StreamBatch, given: list[Tensor]) -> tuple[list[Tensor], Stream]:
    with batch.opened(given[0]) as stream:
        return list(through(stream, given)), stream


def through(stream: Stream, given: list[Tensor]) -> Iterator[Tensor]:
    for frame in given:
        if (finished := stream.push(frame)) is not None:
            yield finished
    yield from stream.rest()


def alone(model: Model, guider: Guider, frame: Tensor, sampler: Sampler | None = None) -> Tensor:
    run = Sampling(model, guider, sampler or Euler(), SIGMAS)
    return run.run(Latent(frame, model.family.name), 7, Recorder()).samples


@pytest.mark.parametrize("family", zoo.ZOO)
def test_a_stream_equals_runs_of_single_frames(family: str) -> None:
    model = zoo.build(family)
    prompt, given = zoo.prompt(model), frames(model, 4)
    made, stream = streamed(StreamBatch(model, StreamGuidance(prompt), SIGMAS, seed=7), given)
    assert len(made) == 4
    for frame, finished in zip(given, made, strict=True):
        assert close(finished, alone(model, NoGuidance(prompt), frame))
    assert (stream.frames, stream.calls, stream.computed) == (4, 6, 12), "one call a frame, of three rows"


def test_a_frame_comes_out_two_calls_after_it_came() -> None:
    with StreamBatch(FLUX, StreamGuidance(PROMPT), SIGMAS).opened(zoo.noise(FLUX)) as stream:
        came = [stream.push(frame) is not None for frame in frames(FLUX, 4)]
        assert came == [False, False, True, True] and len(list(stream.rest())) == 2


def test_renewed_noise_is_that_of_the_lcm_sampler() -> None:
    given = frames(FLUX, 3)
    batch = StreamBatch(FLUX, StreamGuidance(PROMPT), SIGMAS, seed=7, renew_noise=True)
    for frame, finished in zip(given, streamed(batch, given)[0], strict=True):
        assert close(finished, alone(FLUX, NoGuidance(PROMPT), frame, Lcm(7)))


def test_full_guidance_is_cfg() -> None:
    given = frames(FLUX, 3)
    guidance = StreamGuidance(PROMPT, NEGATIVE, 3.0, "full")
    made, stream = streamed(StreamBatch(FLUX, guidance, SIGMAS, seed=7), given)
    for frame, finished in zip(given, made, strict=True):
        assert close(finished, alone(FLUX, Cfg(PROMPT, NEGATIVE, 3.0), frame))
    assert stream.computed == 18


@pytest.mark.parametrize(("kind", "rows_asked"), [("self-negative", 9), ("onetime-negative", 12)])
def test_residual_guidance_is_that_of_the_node(kind: str, rows_asked: int) -> None:
    given = frames(FLUX, 3)
    guidance = StreamGuidance(PROMPT, NEGATIVE, 1.4, kind, 0.8)  # type: ignore[arg-type]
    made, stream = streamed(StreamBatch(FLUX, guidance, SIGMAS, seed=7), given)
    for frame, finished in zip(given, made, strict=True):
        anchor = Latent(frame, "flux") if kind == "self-negative" else None
        model = residual_cfg(FLUX, 0.8, anchor)
        assert_close(finished, alone(model, Cfg(PROMPT, NEGATIVE, 1.4), frame), kind)
    assert stream.computed == rows_asked, "the negative prompt is asked never, or once a frame"


def assert_close(finished: Tensor, wanted: Tensor, kind: str) -> None:
    assert close(finished, wanted), f"{kind}: {(finished - wanted).abs().max():.3g} apart"


def test_scale_one_asks_nothing_of_the_negative_side() -> None:
    plain = streamed(StreamBatch(FLUX, StreamGuidance(PROMPT), SIGMAS), frames(FLUX, 3))[0]
    guidance = StreamGuidance(PROMPT, NEGATIVE, 1.0, "full")
    guided = streamed(StreamBatch(FLUX, guidance, SIGMAS), frames(FLUX, 3))[0]
    assert all(torch.equal(one, other) for one, other in zip(plain, guided, strict=True))


def test_what_cannot_be_in_a_stream_is_refused() -> None:
    cases = {
        "model": StreamBatch(first_block_cache(FLUX), StreamGuidance(PROMPT), SIGMAS),
        "sigmas": StreamBatch(FLUX, StreamGuidance(PROMPT), Sigmas((0.8, 0.3))),
        "negative": StreamBatch(FLUX, StreamGuidance(PROMPT, None, 2.0, "full"), SIGMAS),
        "positive": StreamBatch(FLUX, StreamGuidance(limit_to_steps(PROMPT, 0.0, 0.5)), SIGMAS),
    }
    for input, batch in cases.items():
        with pytest.raises(Refusal) as refusal, batch.opened(zoo.noise(FLUX)):
            pass
        assert refusal.value.input == input
    with pytest.raises(Refusal, match="encoded for sd3"):
        StreamGuidance(zoo.prompt(zoo.build("sd3"))).check("flux")


def test_arguments_that_a_batch_shares_cannot_differ_by_row() -> None:
    with pytest.raises(Refusal, match="one noise level"):
        rows.together(0.5, [0.8, 0.5])
    with pytest.raises(Refusal, match="one noise level"):
        rows.together(torch.tensor(0.5), [torch.tensor(0.8), torch.tensor(0.5)])
    shared = torch.arange(6.0).reshape(3, 2)
    assert rows.together(shared, [shared, shared]) is shared
    given = ModelInput(torch.zeros(2, 4, 6, 8), 0.8, PROMPT.for_batch(2), (0.8, 0.5))
    assert [row.sigma for row in rows.apart(given)] == [0.8, 0.5]


def test_the_same_frame_is_left_out_as_often_as_allowed() -> None:
    still, likeness = torch.ones(1, 4, 4, 3), SimilarityFilter(0.98, 3, seed=0)
    assert [likeness.skips(still) for _ in range(9)] == [False, True, True, True] * 2 + [False]


def test_a_threshold_of_one_leaves_nothing_out_and_unlike_frames_stay() -> None:
    still = torch.ones(1, 4, 4, 3)
    neutral = SimilarityFilter(1.0, 10, seed=0)
    assert not any(neutral.skips(still) for _ in range(5))
    strict, moved = SimilarityFilter(0.98, 10, seed=0), still.clone()
    moved[:, :2] = 0
    assert not any(strict.skips(frame) for frame in (still, moved, still, moved))


def test_a_frame_is_left_out_with_the_probability_that_is_told() -> None:
    likeness = SimilarityFilter(0.5, 1, seed=0)
    first = torch.tensor([1.0, 0.0])
    likeness.skips(first)
    like = torch.tensor([0.75, (1 - 0.75**2) ** 0.5])
    assert likeness.probability(like) == pytest.approx(0.5, abs=1e-6)
    skipped = 0
    for _ in range(400):
        likeness.skips(first)
        likeness.kept, likeness.left_out = first, 0
        skipped += likeness.skips(like)
    assert skipped == pytest.approx(200, abs=40)

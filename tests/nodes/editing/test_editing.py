"""Editing: what keeps a picture as it is, what retraces it, and what changes it as asked."""

import math

import pytest
import torch
from torch import Tensor

from app.engine.media import Image, Latent
from app.engine.sampling import Sigmas
from app.graph.problem import Refusal
from nodes.conditioning.encode_text import encode_text
from nodes.editing.flow_edit import FlowEdit, flow_edit
from nodes.editing.rf_edit import rf_edit
from nodes.editing.rf_inversion import Inversion, rf_inversion
from nodes.guidance.apg import apg
from nodes.guidance.cfg import cfg
from nodes.guidance.no_guidance import NoGuidance, no_guidance
from nodes.guidance.perturbed_attention_guidance import perturbed_attention_guidance
from nodes.latents.decode_latent import decode_latent
from nodes.latents.empty_latent import empty_latent
from nodes.loaders.load_model import LoadedModel
from nodes.samplers.euler import Euler, euler
from nodes.samplers.rf_solver import RfSolver, rf_solver
from nodes.samplers.sample import sample
from nodes.samplers.sample_section import sample_section
from nodes.schedules.flow_schedule import flow_schedule
from tests.nodes.samplers.closed_form import even, mixture, noise, walk
from tests.tiny import zoo
from tests.tiny.recorder import Recorder
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here

MODEL = zoo.build("flux")
LATENT = Latent(zoo.noise(MODEL), "flux")
ONE, TWO = zoo.prompt(MODEL), zoo.prompt(MODEL, seed=3)


def edited(source: object, target: object, **more: object) -> Tensor:
    sigmas = Sigmas((0.8, 0.6, 0.4, 0.2, 0.0))
    return flow_edit(Recorder(), MODEL, source, target, sigmas, LATENT, **more).samples  # type: ignore[arg-type]


def test_equal_prompts_change_nothing() -> None:
    assert torch.allclose(edited(NoGuidance(ONE), NoGuidance(ONE)), LATENT.samples, atol=1e-5)
    both = edited(apg(ONE, TWO, 3.0, momentum=-0.5), apg(ONE, TWO, 3.0, momentum=-0.5), average=2)
    assert torch.allclose(both, LATENT.samples, atol=1e-4)


def test_other_prompts_change_the_picture_the_same_way_each_time() -> None:
    first = edited(NoGuidance(ONE), NoGuidance(TWO), seed=1)
    assert torch.equal(first, edited(NoGuidance(ONE), NoGuidance(TWO), seed=1))
    assert not torch.allclose(first, edited(NoGuidance(ONE), NoGuidance(TWO), seed=2))
    assert not torch.allclose(first, LATENT.samples, atol=1e-2)
    sharp = edited(NoGuidance(ONE), NoGuidance(TWO), seed=1, plain=0.4)
    assert sharp.isfinite().all() and not torch.allclose(first, sharp)


def test_the_difference_of_two_shifted_worlds_is_the_shift() -> None:
    """Where the target's data are the source's moved by 3, the edit moves every picture by 3, exactly."""

    def denoise(latent: Tensor, sigma: float) -> Tensor:
        given, wanted = latent.chunk(2)
        return torch.cat([mixture(given, sigma), mixture(wanted - (1 - sigma) * 3, sigma) + 3])

    pictures = torch.cat([noise(), noise()])
    result = walk(FlowEdit(4, 0.0, 0), denoise, pictures, even(50))
    assert torch.equal(result[:1], noise()) and (result[1:] - noise()).mean().item() == pytest.approx(
        3, abs=0.15
    )


def test_a_guider_with_a_patch_cannot_be_a_side() -> None:
    with pytest.raises(Refusal, match="cannot be one of two sides") as refusal:
        edited(NoGuidance(ONE), perturbed_attention_guidance(ONE, TWO))
    assert refusal.value.input == "target"


@pytest.mark.parametrize(("midpoint", "order"), [(False, 1), (True, 2)])
def test_inversion_has_its_order(midpoint: bool, order: float) -> None:
    fine = walk(Inversion(True), mixture, noise(), even(2000, 0.9, 0.1))
    errors = [
        (walk(Inversion(midpoint), mixture, noise(), even(steps, 0.9, 0.1)) - fine)
        .pow(2)
        .mean()
        .sqrt()
        .item()
        for steps in (32, 64)
    ]
    assert math.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.15)


def test_inversion_and_sampling_lead_back() -> None:
    errors = []
    for midpoint, sampler in ((False, Euler()), (True, RfSolver())):
        up = walk(Inversion(midpoint), mixture, noise(), even(30))
        errors.append((walk(sampler, mixture, up, even(30)) - noise()).abs().mean().item())
    assert errors[1] < errors[0] / 5 and errors[1] < 0.02


def test_a_round_trip_leads_back_and_values_are_kept() -> None:
    sigmas = Sigmas(tuple(1 - step / 6 for step in range(7)))

    def trip(target: object, steps: int, watcher: Recorder) -> Tensor:
        return rf_edit(watcher, MODEL, ONE, target, sigmas, LATENT, steps, 0.5).samples  # type: ignore[arg-type]

    watcher = Recorder()
    assert torch.allclose(trip(NoGuidance(ONE), 0, watcher), LATENT.samples, atol=0.05)
    assert watcher.steps[-1] == (12, 12) and watcher.reports == []
    free, kept = trip(NoGuidance(TWO), 0, Recorder()), trip(NoGuidance(TWO), 6, watcher)
    assert watcher.reports == [{"technique": "rf_edit", "values_used": 6 * 2 * 3}], "6 steps, twice, 3 blocks"
    assert not torch.allclose(free, kept, atol=1e-3)
    with pytest.raises(Refusal, match="cannot be one of two sides"):
        trip(perturbed_attention_guidance(ONE, TWO), 2, Recorder())


def test_kept_values_of_the_same_prompt_are_the_values() -> None:
    """The way back meets the levels of the way there, so its own values are nearly the kept ones."""
    sigmas = Sigmas(tuple(0.5 - step / 40 for step in range(21)))
    plain = NoGuidance(ONE)
    free, kept = (
        rf_edit(Recorder(), MODEL, ONE, plain, sigmas, LATENT, steps, 1.0).samples for steps in (0, 20)
    )
    assert torch.allclose(free, kept, atol=2e-3) and torch.allclose(kept, LATENT.samples, atol=2e-3)


def colour(image: Image) -> Tensor:
    return image.pixels[0, 56:72, 56:72].mean((0, 1))


def test_on_the_trained_model(mini: LoadedModel) -> None:
    """A red circle becomes a green one at its place; inversion gives the picture back."""

    def prompt(words: str) -> object:
        return encode_text(mini.text_encoder, words)

    red = cfg(prompt("a large red circle on a blue background"), prompt(""), 3.0)  # type: ignore[arg-type]
    green = cfg(prompt("a large green circle on a blue background"), prompt(""), 4.0)  # type: ignore[arg-type]
    plain = no_guidance(prompt("a large red circle on a blue background"))  # type: ignore[arg-type]
    picture = sample(Recorder(), mini.model, red, euler(), flow_schedule(12), empty_latent(mini.model), 4)
    before = decode_latent(mini.vae, picture)
    made = flow_edit(Recorder(), mini.model, red, green, Sigmas(flow_schedule(12).values[1:]), picture)
    after = decode_latent(mini.vae, made)
    assert colour(before)[0] > colour(before)[1] and colour(after)[1] > colour(after)[0] + 0.1
    corner = (after.pixels - before.pixels)[0, :16, :16].abs().mean()
    assert corner < 0.1, "the background stays"
    found = rf_inversion(Recorder(), mini.model, plain, flow_schedule(12), picture)
    back = sample_section(
        Recorder(), mini.model, plain, rf_solver(), flow_schedule(12), empty_latent(mini.model), noise=found
    )
    error = (back.latent.samples - picture.samples).pow(2).mean() / picture.samples.var()
    assert error < 0.02 and found.samples.std() > 0.7
    words = prompt("a large red circle on a blue background")
    some, all_steps = (
        decode_latent(
            mini.vae,
            rf_edit(Recorder(), mini.model, words, green, flow_schedule(12), picture, steps),  # type: ignore[arg-type]
        )
        for steps in (3, 12)
    )
    assert colour(some)[1] > colour(some)[0] + 0.3 and colour(all_steps)[0] > colour(some)[0] + 0.02
    assert (some.pixels - before.pixels)[0, :20].abs().mean() < 0.03, "and the background stays here too"

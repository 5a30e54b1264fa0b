"""Velocity prediction on a variance-preserving path, against diffusers' scheduler for CogVideoX."""

import numpy as np
import pytest
import torch
from diffusers import CogVideoXDDIMScheduler

from app.engine.conditioning import Conditioning
from app.engine.prediction import ModelInput
from app.engine.sampling import Sigmas
from app.engine.walking.velocity import VelocityPrediction, from_preserving_velocity, length, noise_levels
from app.graph.problem import Refusal
from nodes.samplers.euler import Euler
from nodes.schedules.cogvideox_schedule import cogvideox_schedule
from tests.tiny.zoo import build

NOBODY = Conditioning(torch.zeros(1, 1, 1), None, "test")


def scheduler(snr_shift: float) -> CogVideoXDDIMScheduler:
    return CogVideoXDDIMScheduler(
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        snr_shift_scale=snr_shift,
        timestep_spacing="trailing",
    )


@pytest.mark.parametrize("snr_shift", [1.0, 3.0])
def test_the_levels_are_those_of_diffusers(snr_shift: float) -> None:
    kept = scheduler(snr_shift).alphas_cumprod.double()
    noise, picture = (1 - kept).sqrt(), kept.sqrt()
    levels = noise_levels(VelocityPrediction(snr_shift))
    assert torch.allclose(levels, noise / (noise + picture), atol=1e-6) and levels[-1] == 1


def test_steps_are_found_by_their_levels() -> None:
    prediction = VelocityPrediction()
    levels = noise_levels(prediction)
    found = [prediction.timestep(float(levels[step])) for step in (0, 10, 500, 999)]
    assert found == pytest.approx([0, 10, 500, 999], abs=1e-6)
    assert prediction.timestep(0.0) == 0 and 10 < prediction.timestep(float(levels[10:12].mean())) < 11


@pytest.mark.parametrize("snr_shift", [1.0, 3.0])
def test_euler_is_ddim(snr_shift: float) -> None:
    """A model whose answer is a fixed function of x and the step walks to the same place by both."""
    theirs, prediction = scheduler(snr_shift), VelocityPrediction(snr_shift)
    theirs.set_timesteps(5)
    start = torch.randn(1, 4, 3, 6, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    def model(x: torch.Tensor, step: float) -> torch.Tensor:
        return torch.tanh(x.flip(-1)) * 0.5 + 0.1 * np.cos(step / 300)

    x = start
    for step in theirs.timesteps:
        x = theirs.step(model(x, int(step)), int(step), x).prev_sample

    def denoise(latent: torch.Tensor, sigma: float) -> torch.Tensor:
        given = ModelInput(latent, sigma, NOBODY)
        return from_preserving_velocity(given, model(latent / length(sigma), prediction.timestep(sigma)))

    levels = noise_levels(prediction)[theirs.timesteps.tolist()].tolist()
    schedule = Sigmas((*levels, 0.0))
    if snr_shift == 1:
        assert cogvideox_schedule(build("cogvideox"), 5).values == schedule.values
    ours = Euler()(denoise, start, schedule, lambda index, denoised: None)
    assert torch.allclose(ours, x, atol=1e-4)


def test_the_schedule_of_a_weaker_run_is_the_end_of_the_whole() -> None:
    model = build("cogvideox")
    whole = cogvideox_schedule(model, 10).values
    assert whole[0] == 1 and len(whole) == 11
    assert cogvideox_schedule(model, 10, 0.4).values == whole[6:]
    assert cogvideox_schedule(model, 10, 0.0).values == (0.0,)
    with pytest.raises(Refusal, match="wan was not trained"):
        cogvideox_schedule(build("wan"))

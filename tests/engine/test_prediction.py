"""Each family's output becomes the same thing: the denoised sample on the path (1 - s) x + s n."""

import pytest
import torch

from app.engine.conditioning import Conditioning
from app.engine.families.packing import image_ids, pack, unpack
from app.engine.prediction import (
    ModelInput,
    NoisePrediction,
    from_negated_velocity,
    from_velocity,
    noise_ratios,
)

PICTURE, NOISE = (torch.randn(2, 4, 6, 8, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1))
NOBODY = Conditioning(torch.zeros(2, 1, 1), None, "test")


def at(sigma: float) -> ModelInput:
    return ModelInput((1 - sigma) * PICTURE + sigma * NOISE, sigma, NOBODY)


@pytest.mark.parametrize("sigma", [1.0, 0.7, 0.01])
def test_a_perfect_velocity_gives_the_picture(sigma: float) -> None:
    assert torch.allclose(from_velocity(at(sigma), NOISE - PICTURE), PICTURE, atol=1e-5)
    assert torch.allclose(from_negated_velocity(at(sigma), PICTURE - NOISE), PICTURE, atol=1e-5)


@pytest.mark.parametrize("sigma", [0.95, 0.7, 0.05])
def test_a_perfect_noise_prediction_gives_the_picture(sigma: float) -> None:
    assert torch.allclose(NoisePrediction().denoised(at(sigma), NOISE), PICTURE, atol=1e-4)


@pytest.mark.parametrize("step", [0, 1, 250, 999])
def test_a_training_step_is_found_again_with_its_latent(step: int) -> None:
    prediction = NoisePrediction()
    sigma = torch.sigmoid(noise_ratios(prediction)[step]).item()
    assert prediction.timestep(sigma) == pytest.approx(step, abs=1e-3)
    betas = torch.linspace(1e-4, 2e-2, 1000, dtype=torch.float64)
    kept = (1 - betas).cumprod(0)[step].item()
    trained_on = kept**0.5 * PICTURE + (1 - kept) ** 0.5 * NOISE
    assert torch.allclose(prediction.adapt(at(sigma)).latent, trained_on, atol=1e-5)


def test_pure_noise_is_the_noisiest_training_step() -> None:
    prediction = NoisePrediction()
    assert prediction.timestep(prediction.clamp(1.0)) == pytest.approx(999)
    assert prediction.timestep(prediction.clamp(0.0)) == pytest.approx(0)
    assert prediction.denoised(at(1.0), NOISE).isfinite().all()


def test_time_is_one_number_a_picture() -> None:
    assert at(0.25).time(1000).tolist() == [250, 250]


def test_packing_is_undone_by_unpacking_and_keeps_cells_together() -> None:
    packed = pack(PICTURE)
    assert packed.shape == (2, 12, 16) and torch.equal(unpack(packed, PICTURE), PICTURE)
    assert packed[0, 5].reshape(4, 2, 2).equal(PICTURE[0, :, 2:4, 2:4]), "token 5 is row 1, column 1"
    assert image_ids(PICTURE)[5].tolist() == [0, 1, 1]

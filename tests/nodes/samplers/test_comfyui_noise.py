"""Samplers with fresh noise give ComfyUI's latent as well: the same seed draws the same noise."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor

from app.engine.media import Latent
from app.engine.sampling import Sampler, Sigmas
from app.engine.walking.noise import BatchNoise
from nodes.guidance.cfg import cfg
from nodes.samplers.dpm_2_ancestral import Dpm2Ancestral, dpm_2_ancestral
from nodes.samplers.dpmpp_2m_sde import dpmpp_2m_sde
from nodes.samplers.dpmpp_2s_ancestral import dpmpp_2s_ancestral
from nodes.samplers.dpmpp_3m_sde import dpmpp_3m_sde
from nodes.samplers.dpmpp_sde import dpmpp_sde
from nodes.samplers.er_sde import er_sde
from nodes.samplers.euler_ancestral import euler_ancestral
from nodes.samplers.lcm import lcm
from nodes.samplers.sa_solver import sa_solver
from nodes.samplers.sample import sample
from nodes.schedules.basic_schedule import basic_schedule
from tests.nodes.samplers import comfyui, comfyui_noise
from tests.nodes.samplers.test_comfyui_parity import SCALE, SEED, TABLES, expected, psnr
from tests.tiny.recorder import Recorder
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import build, noise, prompt

STEPS = 5
SHIFTS = {"flux": 3.1582, "sd3": 3.0, "qwen-image": 1.15, "wan": 8.0}
SAMPLERS: dict[str, tuple[Sampler, Callable[..., Tensor]]] = {
    "euler_ancestral": (euler_ancestral(1.0, SEED, "ComfyUI"), comfyui_noise.euler_ancestral),
    "dpm_2_ancestral": (dpm_2_ancestral(1.0, SEED, "ComfyUI"), comfyui_noise.dpm_2_ancestral),
    "dpmpp_2s_ancestral": (dpmpp_2s_ancestral(1.0, SEED, "ComfyUI"), comfyui_noise.dpmpp_2s_ancestral),
    "dpmpp_sde": (dpmpp_sde(1.0, SEED, "ComfyUI"), comfyui_noise.dpmpp_sde),
    "dpmpp_2m_sde": (dpmpp_2m_sde(1.0, SEED, "ComfyUI"), comfyui_noise.dpmpp_2m_sde),
    "dpmpp_2m_sde_heun": (dpmpp_2m_sde(1.0, SEED, "ComfyUI", "heun"), comfyui_noise.dpmpp_2m_sde_heun),
    "dpmpp_3m_sde_gpu": (dpmpp_3m_sde(1.0, SEED, "ComfyUI, GPU"), comfyui_noise.dpmpp_3m_sde),
    "lcm": (lcm(SEED, "ComfyUI"), comfyui_noise.lcm),
    "er_sde": (er_sde(3, "er-sde-5", SEED, "ComfyUI"), comfyui_noise.er_sde),
    "sa_solver": (sa_solver(3, 1.0, SEED, "ComfyUI"), comfyui_noise.sa_solver),
}


def run(family: str, name: str, batch: int = 1) -> float:
    """Return how close our KSampler comes to the formulas, in dB."""
    model, (sampler, method) = build(family), SAMPLERS[name]
    discards = name == "dpm_2_ancestral"
    levels = comfyui.denoised_part("simple", TABLES[family], STEPS, 1.0, discard=discards)
    empty = torch.zeros_like(noise(model, batch=batch))
    x = comfyui.noise_for(empty.shape, SEED)
    sigmas = basic_schedule(model, "simple", STEPS, 1.0, skip_penultimate=discards)
    guider = cfg(prompt(model), prompt(model, seed=3), SCALE)
    made = sample(Recorder(), model, guider, sampler, sigmas, Latent(empty, family), SEED)
    assert model.schedule_shift == pytest.approx(SHIFTS[family], rel=1e-4)
    steps = partial(method, seed=SEED, shift=model.schedule_shift)
    return psnr(made.samples, expected(model, steps, x, levels))


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_ksampler_graph_with_fresh_noise(name: str) -> None:
    assert run("flux", name) > 80


@pytest.mark.parametrize("family", ["sd3", "qwen-image", "wan"])
@pytest.mark.parametrize("name", ["euler_ancestral", "sa_solver"])
def test_other_families(name: str, family: str) -> None:
    assert run(family, name) > 80


@pytest.mark.parametrize("name", ["euler_ancestral", "dpmpp_sde"])
def test_a_batch_shares_the_noise_as_there(name: str) -> None:
    assert run("flux", name, batch=2) > 80


@pytest.mark.parametrize("name", SAMPLERS)
def test_image_to_image_sections(name: str) -> None:
    """Below pure noise and not down to the picture: nothing is offset, and orders stay."""
    sampler, method = SAMPLERS[name]
    levels, x = (
        [0.9, 0.7, 0.55, 0.4, 0.2],
        torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1)),
    )

    def denoise(x: Tensor, sigma: float) -> Tensor:
        return torch.tanh(x) * (1 - sigma)

    made = sampler(denoise, x, Sigmas(tuple(levels), 3.0), lambda step, denoised: None)
    assert psnr(made, method(denoise, x, levels, seed=SEED, shift=3.0)) > 90


def test_noise_of_a_batch_on_the_cpu_has_the_next_seed() -> None:
    like = torch.zeros(2, 3, 4, 4)
    assert torch.equal(BatchNoise(5, like)(), comfyui.noise_for(like.shape, 6))


def test_dpm_2_ancestral_without_noise_is_dpm_2() -> None:
    assert dpm_2_ancestral(0.0, 3) == Dpm2Ancestral(0.0, 3)

"""The same seed, schedule and sampler give the same latent as ComfyUI's formulas, far beyond 40 dB."""

import math
from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.installation import open_run
from app.engine.media import Latent
from app.engine.model import Model
from app.engine.prediction import ModelInput
from app.engine.sampling import Sampler
from app.engine.schedules.levels import SCHEDULERS, Levels, scheduled
from nodes.guidance.cfg import cfg
from nodes.samplers.dpm_2 import dpm_2
from nodes.samplers.dpmpp_2m import dpmpp_2m
from nodes.samplers.euler import euler
from nodes.samplers.gradient_estimation import gradient_estimation
from nodes.samplers.heun import heun
from nodes.samplers.lms import lms
from nodes.samplers.res_multistep import res_multistep
from nodes.samplers.sample import sample
from nodes.samplers.sample_section import sample_section
from nodes.samplers.uni_pc import uni_pc
from nodes.schedules.basic_schedule import basic_schedule
from nodes.schedules.shift_model import shift_model
from nodes.schedules.shift_model_by_size import shift_model_by_size
from nodes.schedules.split_sigmas import split_sigmas
from tests.nodes.samplers import comfyui
from tests.tiny.recorder import Recorder
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import build, noise, prompt

SAMPLERS: dict[str, tuple[Sampler, Callable[..., Tensor], bool]] = {
    "euler": (euler(), comfyui.euler, False),
    "heun": (heun(), comfyui.heun, False),
    "dpm_2": (dpm_2(), comfyui.dpm_2, True),
    "dpmpp_2m": (dpmpp_2m("noise level"), comfyui.dpmpp_2m, False),
    "res_multistep": (res_multistep("noise level"), comfyui.res_multistep, False),
    "lms": (lms(4), comfyui.lms, False),
    "uni_pc": (uni_pc(3, "bh1", "noise level"), comfyui.uni_pc, True),
    "uni_pc_bh2": (uni_pc(3, "bh2", "noise level"), comfyui.uni_pc_bh2, True),
    "gradient_estimation": (gradient_estimation(2.0), comfyui.gradient_estimation, False),
}
TABLES = {
    "flux": comfyui.flux(1.15),
    "sd3": comfyui.discrete_flow(3.0),
    "qwen-image": comfyui.discrete_flow(1.15),
    "wan": comfyui.discrete_flow(8.0),
    "lumina2": comfyui.discrete_flow(6.0),
}
SCALE, SEED, STEPS = 4.5, 123, 6


def guided(model: Model, ask: Callable[[Tensor, float, Conditioning], Tensor]) -> comfyui.Model:
    """ComfyUI's cfg function over two answers of the transformer."""
    positive, negative = prompt(model), prompt(model, seed=3)

    def denoise(x: Tensor, sigma: float) -> Tensor:
        uncond = ask(x, sigma, negative)
        return uncond + (ask(x, sigma, positive) - uncond) * SCALE

    return denoise


@torch.no_grad()
def expected(model: Model, method: Callable[..., Tensor], x: Tensor, levels: list[float]) -> Tensor:
    with open_run(model) as run:

        def ask(x: Tensor, sigma: float, text: Conditioning) -> Tensor:
            return run(ModelInput(x, sigma, text), index=0, total=1, evaluation=0, branch="cond")

        return method(guided(model, ask), x, levels)


def psnr(one: Tensor, other: Tensor) -> float:
    error = (one - other).pow(2).mean().item()
    return math.inf if error == 0 else 10 * math.log10((other.max() - other.min()).item() ** 2 / error)


@pytest.mark.parametrize("name", SCHEDULERS)
@pytest.mark.parametrize("family", TABLES)
def test_every_schedule(name: str, family: str) -> None:
    table, model = TABLES[family], build(family)
    for steps in (4, 9, 20):
        values = basic_schedule(model, name, steps).values  # type: ignore[arg-type]
        assert values == pytest.approx(comfyui.sigmas(name, table, steps), abs=1e-9), (name, steps)
    half = basic_schedule(model, name, 7, 0.35).values  # type: ignore[arg-type]
    assert half == pytest.approx(comfyui.denoised_part(name, table, 7, 0.35), abs=1e-9)


def test_shifts_of_nodes() -> None:
    model = build("flux")
    table = comfyui.discrete_flow(5.0, 10_000)
    assert basic_schedule(shift_model(model, 5.0), "simple", 8).values == pytest.approx(
        comfyui.sigmas("simple", table, 8)
    )
    mu = (1.15 - 0.5) / (4096 - 256) * (768 * 1344 / 256 - 256) + 0.5
    wide = basic_schedule(shift_model_by_size(model, 1.15, 0.5, 768, 1344), "simple", 8)
    assert wide.values == pytest.approx(comfyui.sigmas("simple", comfyui.flux(mu), 8))
    assert model.shift is None, "the handle given stays as it was"


@pytest.mark.parametrize("family", ["flux", "sd3", "qwen-image", "wan"])
@pytest.mark.parametrize("name", SAMPLERS)
def test_a_ksampler_graph(name: str, family: str) -> None:
    """load -> KSampler with an empty latent: noise, schedule, guidance and sampler together."""
    model, (sampler, method, discards) = build(family), SAMPLERS[name]
    levels = comfyui.denoised_part("simple", TABLES[family], STEPS, 1.0, discard=discards)
    empty = torch.zeros_like(noise(model))
    x = levels[0] * comfyui.noise_for(empty.shape, SEED) + (1 - levels[0]) * empty
    sigmas = basic_schedule(model, "simple", STEPS, 1.0, skip_penultimate=discards)
    guider = cfg(prompt(model), prompt(model, seed=3), SCALE)
    made = sample(Recorder(), model, guider, sampler, sigmas, Latent(empty, family), SEED)
    assert psnr(made.samples, expected(model, method, x, levels)) > 80


def test_image_to_image() -> None:
    model, clean = build("sd3"), noise(build("sd3"))
    levels = comfyui.denoised_part("normal", TABLES["sd3"], STEPS, 0.6)
    x = levels[0] * comfyui.noise_for(clean.shape, SEED) + (1 - levels[0]) * clean
    guider = cfg(prompt(model), prompt(model, seed=3), SCALE)
    sigmas = basic_schedule(model, "normal", STEPS, 0.6)
    made = sample(Recorder(), model, guider, euler(), sigmas, Latent(clean, "sd3"), SEED)
    assert psnr(made.samples, expected(model, comfyui.euler, x, levels)) > 80


def test_two_advanced_ksamplers() -> None:
    """The first leaves noise, its latent divided by 1 - sigma; the second adds none and goes to the end."""
    model = build("flux")
    levels = comfyui.sigmas("simple", TABLES["flux"], STEPS)
    empty = torch.zeros_like(noise(model))
    x = levels[0] * comfyui.noise_for(empty.shape, SEED)
    first = expected(model, comfyui.dpmpp_2m, x, levels[:4]) / (1 - levels[3])
    second = expected(model, comfyui.dpmpp_2m, (1 - levels[3]) * first, levels[3:])
    guider = cfg(prompt(model), prompt(model, seed=3), SCALE)
    sigmas, sampler = basic_schedule(model, "simple", STEPS), dpmpp_2m("noise level")
    begun = sample_section(
        Recorder(), model, guider, sampler, sigmas, Latent(empty, "flux"), SEED, True, 0, 3, True
    )
    assert psnr(begun.latent.samples, first) > 80
    ended = sample_section(
        Recorder(), model, guider, sampler, sigmas, begun.latent, 0, False, 3, 10_000, False
    )
    assert psnr(ended.latent.samples, second) > 80
    high, low = split_sigmas(sigmas, 3)
    again = sample_section(Recorder(), model, guider, sampler, low, begun.latent, 0, add_noise=False)
    assert torch.equal(again.latent.samples, ended.latent.samples) and high.steps == 3


def test_an_early_end_without_leftover_noise() -> None:
    """return_with_leftover_noise off makes the last level of the section 0."""
    model = build("flux")
    levels = comfyui.sigmas("simple", TABLES["flux"], STEPS)
    empty = torch.zeros_like(noise(model))
    x = levels[0] * comfyui.noise_for(empty.shape, SEED)
    wanted = expected(model, comfyui.euler, x, [*levels[:3], 0.0])
    guider = cfg(prompt(model), prompt(model, seed=3), SCALE)
    made = sample_section(
        Recorder(),
        model,
        guider,
        euler(),
        basic_schedule(model, "simple", STEPS),
        Latent(empty, "flux"),
        SEED,
        end_step=3,
        leftover_noise=False,
    )
    assert psnr(made.latent.samples, wanted) > 80
    assert torch.allclose(made.denoised.samples, made.latent.samples, atol=1e-6), "a step to 0 ends on it"


def test_schedules_with_too_many_steps_fall_all_the_same() -> None:
    for name in SCHEDULERS:
        values = scheduled(Levels(3.0, 1000), name, 1000, 1.0)
        assert all(a > b for a, b in pairwise(values)), name


def test_each_row_of_a_batch_is_a_single_run() -> None:
    model = build("flux")
    guider, sigmas = cfg(prompt(model), prompt(model, seed=3), 2.0), basic_schedule(model, "simple", 3)
    two = Latent(torch.zeros_like(noise(model, batch=2)), "flux")
    one = Latent(two.samples[:1], "flux")
    both = sample_section(
        Recorder(), model, guider, euler(), sigmas, two, 7, batch_seeds="seed + row"
    ).latent.samples
    for row in range(2):
        alone = sample(Recorder(), model, guider, euler(), sigmas, one, 7 + row).samples
        assert torch.allclose(both[row], alone[0], atol=1e-5)

"""Samplers against the schedulers of diffusers, an independent source: the same levels, answers and noise.

Each scheduler is given our noise levels as they are and a model that is known in closed form. DDIM and SCM
walk on paths of their own, x over a length, so latents are scaled on their way in and out. What is compared
are the formulas of the steps, and of those schedules that both have.
"""

import math
from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import pairwise
from typing import Any

import diffusers
import pytest
import torch
from torch import Tensor

from app.engine.media import Latent
from app.engine.sampling import Sampler, Sigmas
from app.engine.schedules.log_snr import log_snr
from app.engine.walking.noise import FreshNoise
from app.engine.walking.velocity import length
from nodes.samplers.ddim import Ddim
from nodes.samplers.dpm_2 import Dpm2
from nodes.samplers.dpmpp_2m import Dpmpp2M
from nodes.samplers.dpmpp_2m_sde import Dpmpp2MSde
from nodes.samplers.dpmpp_2s_ancestral import Dpmpp2SAncestral
from nodes.samplers.dpmpp_3m_sde import Dpmpp3MSde
from nodes.samplers.euler import Euler
from nodes.samplers.euler_ancestral import EulerAncestral
from nodes.samplers.heun import Heun
from nodes.samplers.lcm import Lcm
from nodes.samplers.res_multistep import ResMultistep
from nodes.samplers.sa_solver import weights
from nodes.samplers.uni_pc import UniPc, Variant
from nodes.schedules.basic_schedule import basic_schedule
from nodes.schedules.dynamic_shift import dynamic_shift
from nodes.schedules.ltx_schedule import ltx_schedule
from nodes.schedules.scm_schedule import scm_schedule
from tests.nodes.samplers.closed_form import mixture, noise, walk
from tests.tiny.zoo import build

pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")  # diffusers' own
THEIRS: Any = diffusers  # it has few annotations
Levels = tuple[float, ...]
WHOLE: Levels = (0.96, 0.85, 0.74, 0.6, 0.5, 0.33, 0.2, 0.07, 0.0)
PART = WHOLE[:-1]  # for schedulers whose own clock stops before the picture
SEED = 3
FLOW = {"prediction_type": "flow_prediction", "use_flow_sigmas": True, "lower_order_final": False}


def prepared(name: str, levels: Sequence[float], **config: Any) -> Any:
    """Return a scheduler of diffusers that visits `levels`."""
    scheduler = getattr(THEIRS, name)(**config)
    scheduler.set_timesteps(len(levels) - 1)
    scheduler.sigmas = torch.tensor(levels, dtype=torch.float64)
    scheduler.set_begin_index(0)
    return scheduler


def told(scheduler: Any, asked: Sequence[float], **draw: Callable[[], Tensor]) -> Tensor:
    """Let a scheduler step, told the velocity at each noise level of `asked`."""
    latent = noise(2)
    for timestep, sigma in zip(scheduler.timesteps, asked, strict=False):
        velocity = (latent - mixture(latent, sigma)) / sigma
        drawn = {name: call() for name, call in draw.items()}
        latent = scheduler.step(velocity, timestep, latent, return_dict=False, **drawn)[0]
    return latent


def fresh() -> FreshNoise:
    return FreshNoise(SEED, noise(2))


def draw_ours(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    """Let a scheduler that draws noise by itself draw ours."""
    draw = fresh()
    monkeypatch.setattr(
        import_module(f"diffusers.schedulers.{module}"), "randn_tensor", lambda *_, **__: draw()
    )


def same(sampler: Sampler, levels: Levels, theirs: Tensor) -> bool:
    """Whether ours ends where theirs does, which compute in single precision."""
    return torch.allclose(walk(sampler, mixture, noise(2), Sigmas(levels)), theirs.double(), atol=5e-6)


def test_euler() -> None:
    assert same(Euler(), WHOLE, told(prepared("FlowMatchEulerDiscreteScheduler", WHOLE), WHOLE))


def test_heun() -> None:
    twice = [level for level in WHOLE[1:-1] for _ in range(2)]
    scheduler = prepared("FlowMatchHeunDiscreteScheduler", WHOLE)
    scheduler.sigmas = torch.tensor([WHOLE[0], *twice, 0.0], dtype=torch.float64)
    assert same(Heun(), WHOLE, told(scheduler, [WHOLE[0], *twice]))


def test_dpm_2() -> None:
    """KDPM2 thinks of the ratio of noise to picture; its formula takes any level."""
    middles = [math.sqrt(one * two) for one, two in pairwise(PART)]
    scheduler = prepared("KDPM2DiscreteScheduler", WHOLE)
    scheduler.sigmas = torch.tensor([PART[0], *(level for level in PART[1:] for _ in range(2))])
    scheduler.sigmas_interpol = torch.tensor([0.0, *(level for level in middles for _ in range(2))])
    asked = [level for pair in zip(PART, middles, strict=False) for level in pair]
    assert same(Dpm2(), PART, told(scheduler, asked))


@pytest.mark.parametrize(
    ("sampler", "order", "kind"),
    [(Dpmpp2M(), 2, "midpoint"), (ResMultistep(), 2, "heun"), (Dpmpp3MSde(0.0, SEED), 3, "heun")],
    ids=str,
)
def test_multistep(sampler: Sampler, order: int, kind: str) -> None:
    scheduler = prepared("DPMSolverMultistepScheduler", WHOLE, **FLOW, solver_order=order, solver_type=kind)
    assert same(sampler, WHOLE, told(scheduler, WHOLE[:-1]))


@pytest.mark.parametrize("kind", ["midpoint", "heun"])
def test_multistep_with_noise(kind: Any) -> None:
    """Of order 2; the term of order 3 with noise has another sign there than in k-diffusion."""
    sde = {"solver_type": kind, "algorithm_type": "sde-dpmsolver++"}
    scheduler = prepared("DPMSolverMultistepScheduler", WHOLE, **FLOW, **sde)
    assert same(
        Dpmpp2MSde(1.0, SEED, "per picture", kind), WHOLE, told(scheduler, WHOLE[:-1], variance_noise=fresh())
    )


def test_singlestep() -> None:
    """Every second level is the middle of a step on the clock of log-SNR."""
    clocks = [(log_snr(one) + log_snr(two)) / 2 for one, two in pairwise(PART)]
    middles = [1 / (1 + math.exp(clock)) for clock in clocks]
    levels = [level for pair in zip(PART, middles, strict=False) for level in pair] + [PART[-1]]
    config = FLOW | {"solver_order": 2, "final_sigmas_type": "sigma_min"}
    scheduler = prepared("DPMSolverSinglestepScheduler", levels, **config)
    assert same(Dpmpp2SAncestral(0.0, SEED), PART, told(scheduler, levels[:-1]))


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("variant", ["bh1", "bh2"])
def test_uni_pc(order: int, variant: Variant) -> None:
    scheduler = prepared("UniPCMultistepScheduler", PART, **FLOW, solver_order=order, solver_type=variant)
    assert same(UniPc(order, variant), PART, told(scheduler, PART[:-1]))


@pytest.mark.parametrize("tau", [0.0, 0.6, 1.0])
def test_weights_of_sa_solver(tau: float) -> None:
    """Its steps of order 2 have a term of their own there, so the integrals are compared, of every order."""
    scheduler = THEIRS.SASolverScheduler(**FLOW)
    clocks, end = [torch.tensor(log_snr(level), dtype=torch.float64) for level in (0.5, 0.6, 0.74, 0.85)], 0.4
    ahead = torch.tensor(log_snr(end), dtype=torch.float64)
    for order in (1, 2, 3):
        theirs = scheduler.get_coefficients_fn(order, clocks[0], ahead, clocks[:order], tau)
        ours = weights(
            [float(ahead - clock) for clock in clocks[:order]], float(ahead - clocks[0]), 1 + tau**2
        )
        factor = (1 + tau**2) * end * torch.exp(-(tau**2) * ahead) / (1 - end)
        assert ours == pytest.approx([float(factor * part) for part in theirs])


def test_lcm(monkeypatch: pytest.MonkeyPatch) -> None:
    draw_ours(monkeypatch, "scheduling_flow_match_lcm")
    assert same(Lcm(SEED), WHOLE, told(prepared("FlowMatchLCMScheduler", WHOLE), WHOLE[:-1]))


@pytest.mark.parametrize("eta", [0.4, 1.0])
def test_euler_ancestral(eta: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """LTX-Video's has ComfyUI's rule for how far down a step goes."""
    start = noise(2).float()
    scheduler = THEIRS.LTXEulerAncestralRFScheduler(eta=eta)
    scheduler.set_timesteps(sigmas=list(WHOLE))
    random = torch.Generator().manual_seed(SEED + 1)
    latent = start
    for timestep, sigma in zip(scheduler.timesteps, WHOLE[:-1], strict=False):
        velocity = (latent - mixture(latent, sigma)) / sigma
        latent = scheduler.step(velocity, timestep, latent, generator=random, return_dict=False)[0]
    ours = walk(EulerAncestral(eta, SEED, "ComfyUI"), mixture, start, Sigmas(WHOLE))
    assert torch.allclose(ours, latent, atol=5e-6)


@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
def test_ddim(eta: float) -> None:
    scheduler = THEIRS.DDIMScheduler(len(PART), clip_sample=False)
    scheduler.set_timesteps(len(PART))
    kept = [((1 - level) / length(level)) ** 2 for level in reversed(PART)]
    scheduler.alphas_cumprod = torch.tensor(kept, dtype=torch.float64)
    scaled, draw = noise(2) / length(PART[0]), fresh()
    for timestep, sigma in zip(scheduler.timesteps, PART, strict=True):
        latent = scaled * length(sigma)
        eps = (latent - (1 - sigma) * mixture(latent, sigma)) / sigma
        named = {"eta": eta, "variance_noise": draw() if eta else None}
        scaled = scheduler.step(eps, timestep, scaled, **named, return_dict=False)[0]
    assert same(Ddim(eta, SEED), WHOLE, scaled)


@pytest.mark.parametrize("steps", [1, 2, 4])
def test_scm(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The schedule and the sampler that Sana-Sprint is run with, from angles to angles."""
    draw_ours(monkeypatch, "scheduling_scm")
    scheduler = THEIRS.SCMScheduler(sigma_data=1.0)
    scheduler.set_timesteps(steps, intermediate_timesteps=1.3 if steps == 2 else None)
    sigmas = scm_schedule(steps)
    scaled = noise(2)
    for angle, sigma in zip(scheduler.timesteps, sigmas.values[:-1], strict=False):
        share = float(torch.sin(angle) / (torch.sin(angle) + torch.cos(angle)))
        assert share == pytest.approx(sigma, abs=1e-5)
        latent = scaled * length(sigma)
        clean = mixture(latent, sigma)
        velocity = (torch.cos(angle) * scaled - clean) / torch.sin(angle)
        scaled, _ = scheduler.step(velocity, angle, scaled, return_dict=False)
    assert torch.allclose(walk(Lcm(SEED), mixture, noise(2), sigmas), scaled.double(), atol=1e-4)


def flow_levels(count: int, mu: float | None = None, **config: Any) -> list[float]:
    scheduler = THEIRS.FlowMatchEulerDiscreteScheduler(**config)
    scheduler.set_timesteps(sigmas=[1 - step / count for step in range(count)], mu=mu)
    levels: list[float] = scheduler.sigmas.tolist()
    return levels


def test_schedules() -> None:
    model = build("sd3")
    assert basic_schedule(model, "simple", 8).values == pytest.approx(flow_levels(8, shift=3.0), abs=1e-6)
    latent = Latent(torch.zeros(1, 4, 64, 64), "sd3")  # 1,024 tokens
    mu = 0.5 + 0.65 * (1024 - 256) / (4096 - 256)
    dynamic = flow_levels(9, mu, use_dynamic_shifting=True)
    assert dynamic_shift(model, latent, 9).values == pytest.approx(dynamic, abs=1e-6)
    terminal = flow_levels(9, 2.05, use_dynamic_shifting=True, shift_terminal=0.1)
    assert ltx_schedule(None, 9).values == pytest.approx(terminal, abs=1e-6)

"""What samplers with fresh noise compute in ComfyUI for flow models, by formulas of k-diffusion and papers.

Written apart from our code, but for the Brownian path; `test_brownian.py` holds it against torchsde.
"""

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

from app.engine.walking.brownian import BrownianTree
from tests.nodes.samplers.comfyui import Model

Noise = Callable[[float, float], Tensor]


def default_noise(x: Tensor, seed: int) -> Noise:
    """k-diffusion's noise for CPU tensors: one generator, whose seed ComfyUI raises by one."""
    generator = torch.Generator("cpu").manual_seed(seed + 1)
    return lambda sigma, following: torch.randn(x.shape, generator=generator)


def brownian_noise(x: Tensor, levels: list[float], seed: int) -> Noise:
    low, high = (float(torch.tensor(level)) for level in (min(s for s in levels if s > 0), max(levels)))
    tree = BrownianTree(x, low, high, seed)

    def draw(sigma: float, following: float) -> Tensor:
        start, end = float(torch.tensor(following)), float(torch.tensor(sigma))
        return -tree.between(start, end) / math.sqrt(end - start)

    return draw


def percent(share: float, shift: float) -> float:
    return shift * (1 - share) / (1 + (shift - 1) * (1 - share))


def offset(levels: list[float], shift: float) -> list[float]:
    """Pure noise has no log-SNR: the first level becomes that of a ten-thousandth of the schedule."""
    return [percent(1e-4, shift), *levels[1:]] if levels[0] >= 1 else levels


def half_log_snr(sigma: float) -> float:
    return math.log((1 - sigma) / sigma)


def downstep(sigma: float, following: float) -> tuple[float, float, float]:
    """The flow form of an ancestral step at eta 1: (level to go down to, scale, amount of noise)."""
    down = following * (1 + (following / sigma - 1))
    scale = (1 - following) / (1 - down)
    return down, scale, math.sqrt(following**2 - down**2 * scale**2)


def euler_ancestral(model: Model, x: Tensor, levels: list[float], seed: int, shift: float) -> Tensor:
    noise = default_noise(x, seed)
    for sigma, following in pairwise(levels):
        denoised = model(x, sigma)
        if following == 0:
            return denoised
        down, scale, amount = downstep(sigma, following)
        x = down / sigma * x + (1 - down / sigma) * denoised
        x = scale * x + noise(sigma, following) * amount
    return x


def dpm_2_ancestral(model: Model, x: Tensor, levels: list[float], seed: int, shift: float) -> Tensor:
    noise = default_noise(x, seed)
    for sigma, following in pairwise(levels):
        denoised = model(x, sigma)
        down, scale, amount = downstep(sigma, following) if following else (0.0, 1.0, 0.0)
        d = (x - denoised) / sigma
        if down == 0:
            x = x - d * sigma
        else:
            middle = math.exp((math.log(sigma) + math.log(down)) / 2)
            x_2 = x + d * (middle - sigma)
            x = x + (x_2 - model(x_2, middle)) / middle * (down - sigma)
            x = scale * x + noise(sigma, following) * amount
    return x


def dpmpp_2s_ancestral(model: Model, x: Tensor, levels: list[float], seed: int, shift: float) -> Tensor:
    noise = default_noise(x, seed)
    for sigma, following in pairwise(levels):
        denoised = model(x, sigma)
        if following == 0:
            return denoised
        down, scale, amount = downstep(sigma, following)
        middle = 0.9999
        if sigma < 1:
            middle = 1 / (1 + math.exp((half_log_snr(sigma) + half_log_snr(down)) / 2))
        u = middle / sigma * x + (1 - middle / sigma) * denoised
        x = down / sigma * x + (1 - down / sigma) * model(u, middle)
        x = scale * x + noise(sigma, following) * amount
    return x


def ancestral_ratios(ratio: float, following: float) -> tuple[float, float]:
    """k-diffusion's ancestral step on ratios of noise to picture: (ratio to go down to, noise to add)."""
    up = min(following, math.sqrt(following**2 * (ratio**2 - following**2) / ratio**2))
    return math.sqrt(following**2 - up**2), up


def dpmpp_sde(model: Model, x: Tensor, levels: list[float], seed: int, shift: float) -> Tensor:
    noise = brownian_noise(x, levels, seed)

    def step(x: Tensor, denoised: Tensor, sigma: float, to: float) -> Tensor:
        down, up = ancestral_ratios(sigma / (1 - sigma), to / (1 - to))
        h = -math.log(down) - half_log_snr(sigma)
        x = (1 - to) / (1 - sigma) * math.exp(-h) * x - (1 - to) * math.expm1(-h) * denoised
        return x + (1 - to) * noise(sigma, to) * up

    for sigma, following in pairwise(offset(levels, shift)):
        denoised = model(x, sigma)
        if following == 0:
            return denoised
        middle = 1 / (1 + math.exp((half_log_snr(sigma) + half_log_snr(following)) / 2))
        denoised_2 = model(step(x, denoised, sigma, middle), middle)
        x = step(x, denoised_2, sigma, following)
    return x


def dpmpp_2m_sde(
    model: Model, x: Tensor, levels: list[float], seed: int, shift: float, *, heun: bool = False
) -> Tensor:
    noise = brownian_noise(x, levels, seed)
    old, last = None, 0.0
    for sigma, following in pairwise(offset(levels, shift)):
        denoised = model(x, sigma)
        if following == 0:
            return denoised
        h = half_log_snr(following) - half_log_snr(sigma)
        alpha = 1 - following
        x = following / sigma * math.exp(-h) * x - alpha * math.expm1(-2 * h) * denoised
        if old is not None:
            phi = -math.expm1(-2 * h) / (-2 * h) + 1 if heun else -0.5 * math.expm1(-2 * h)
            x = x + alpha * phi * (h / last) * (denoised - old)
        x = x + noise(sigma, following) * following * math.sqrt(-math.expm1(-2 * h))
        old, last = denoised, h
    return x


def dpmpp_2m_sde_heun(model: Model, x: Tensor, levels: list[float], seed: int, shift: float) -> Tensor:
    return dpmpp_2m_sde(model, x, levels, seed, shift, heun=True)


def dpmpp_3m_sde(model: Model, x: Tensor, levels: list[float], seed: int, shift: float) -> Tensor:
    noise = brownian_noise(x, levels, seed)
    past: list[tuple[Tensor, float]] = []
    for sigma, following in pairwise(offset(levels, shift)):
        denoised = model(x, sigma)
        if following == 0:
            return denoised
        h = half_log_snr(following) - half_log_snr(sigma)
        alpha, total = 1 - following, 2 * h
        x = following / sigma * math.exp(-h) * x - alpha * math.expm1(-total) * denoised
        phi_2 = math.expm1(-total) / total + 1
        phi_3 = phi_2 / total - 0.5
        if len(past) >= 2:
            (d_1, h_1), (d_2, h_2) = past[-1], past[-2]
            r0, r1 = h_1 / h, h_2 / h
            first, second = (denoised - d_1) / r0, (d_1 - d_2) / r1
            x = x + alpha * phi_2 * (first + (first - second) * r0 / (r0 + r1))
            x = x - alpha * phi_3 * (first - second) / (r0 + r1)
        elif past:
            x = x + alpha * phi_2 * (denoised - past[-1][0]) / (past[-1][1] / h)
        x = x + noise(sigma, following) * following * math.sqrt(-math.expm1(-2 * h))
        past.append((denoised, h))
    return x


def lcm(model: Model, x: Tensor, levels: list[float], seed: int, shift: float) -> Tensor:
    noise = default_noise(x, seed)
    for sigma, following in pairwise(levels):
        x = model(x, sigma)
        if following > 0:
            x = following * noise(sigma, following) + (1 - following) * x
    return x


def er_sde(model: Model, x: Tensor, levels: list[float], seed: int, shift: float) -> Tensor:
    noise = default_noise(x, seed)
    levels = offset(levels, shift)
    ratios = [sigma / (1 - sigma) for sigma in levels]
    answers: list[Tensor] = []
    slopes: list[Tensor] = []

    def phi(ratio: float) -> float:
        return ratio * (math.exp(ratio**0.3) + 10)

    for i, (sigma, following) in enumerate(pairwise(levels)):
        answers.append(model(x, sigma))
        if following == 0:
            return answers[-1]
        now, to = ratios[i], ratios[i + 1]
        r = phi(to) / phi(now)
        x = (1 - following) / (1 - sigma) * r * x + (1 - following) * (1 - r) * answers[-1]
        places = [to + k * (now - to) / 200 for k in range(200)]
        if i >= 1:
            slopes.append((answers[-1] - answers[-2]) / (now - ratios[i - 1]))
            s = sum((now - to) / 200 / phi(place) for place in places)
            x = x + (1 - following) * (to - now + s * phi(to)) * slopes[-1]
        if i >= 2:
            bend = (slopes[-1] - slopes[-2]) / ((now - ratios[i - 2]) / 2)
            s = sum((now - to) / 200 * (place - now) / phi(place) for place in places)
            x = x + (1 - following) * ((to - now) ** 2 / 2 + s * phi(to)) * bend
        amount = max(0.0, to**2 - now**2 * r**2)
        x = x + (1 - following) * noise(sigma, following) * math.sqrt(amount)
    return x


def adams(times: list[float], start: float, end: float, tau: float) -> list[float]:
    """SA-Solver's weights: Lagrange polynomials against r e^(r (u - end)), r = 1 + tau^2, by quadrature."""
    rate, parts = 1 + tau**2, []
    u = torch.linspace(start, end, 20_001, dtype=torch.float64)
    weight = rate * torch.exp(rate * (u - end))
    for own in times:
        basis = torch.ones_like(u)
        for other in times:
            if other != own:
                basis = basis * (u - other) / (own - other)
        parts.append(torch.trapezoid(weight * basis, u).item())
    return parts


def sa_solver(model: Model, x: Tensor, levels: list[float], seed: int, shift: float) -> Tensor:
    noise = default_noise(x, seed)
    levels = offset(levels, shift)
    times = [half_log_snr(sigma) if sigma else math.inf for sigma in levels]
    answers: list[Tensor] = []
    begun, drawn, tau = x, torch.zeros_like(x), 0.0

    def step(x: Tensor, i: int, order: int, newest: int) -> Tensor:
        """From level i - 1 to level i, along `order` answers up to the one at level `newest`."""
        chosen = range(newest - order + 1, newest + 1)
        parts = adams([times[k] for k in chosen], times[i - 1], times[i], tau)
        x = levels[i] / levels[i - 1] * math.exp(-(tau**2) * (times[i] - times[i - 1])) * x
        return x + (1 - levels[i]) * sum(part * answers[k] for part, k in zip(parts, chosen, strict=True))

    for i, sigma in enumerate(levels[:-1]):
        answers.append(model(x, sigma))
        if levels[i + 1] == 0:
            return answers[-1]
        left = len(levels) - 1 - i if levels[-1] == 0 else 100
        if i > 0:
            x = step(begun, i, min(4, i + 1, left), i) + drawn
        begun = x
        tau = 1.0 if percent(0.2, shift) >= levels[i + 1] >= percent(0.8, shift) else 0.0
        drawn = torch.zeros_like(x)
        if tau:
            spread = math.sqrt(-math.expm1(-2 * (times[i + 1] - times[i])))
            drawn = noise(sigma, levels[i + 1]) * levels[i + 1] * spread
        x = step(begun, i + 1, min(3, i + 1, left - 1), i) + drawn
    return x

"""What ComfyUI computes for flow models, written down from the published formulas, apart from our code.

Sigmas: Esser et al. 2024 (shift), Black Forest Labs 2024 (Flux), k-diffusion (Karras, exponential),
Lee et al. 2024 (beta), Genmo 2024 (linear-quadratic), Sabour et al. 2024 (KL-optimal). Samplers: k-diffusion.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import mpmath
import numpy as np
import torch
from torch import Tensor

Model = Callable[[Tensor, float], Tensor]


def discrete_flow(shift: float, count: int = 1000) -> Tensor:
    """The table of SD3, Qwen-Image and Wan."""
    times = torch.arange(1, count + 1, dtype=torch.float64) / count
    return shift * times / (1 + (shift - 1) * times)


def flux(mu: float, count: int = 10_000) -> Tensor:
    times = torch.arange(1, count + 1, dtype=torch.float64) / count
    return math.exp(mu) / (math.exp(mu) + (1 / times - 1) ** 1.0)


def beta_quantile(share: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        inside = mpmath.betainc(0.6, 0.6, 0, middle, regularized=True)
        low, high = (middle, high) if inside < share else (low, middle)
    return (low + high) / 2


def sigmas(name: str, table: Tensor, steps: int) -> list[float]:  # noqa: C901 -- one case a schedule
    """The schedule `name` over a table whose time runs as its own sigma formula does."""
    count = len(table)
    lowest, highest = table[0].item(), table[-1].item()
    alpha = lowest * (count - 1) / (1 - lowest)  # back from the first entry: a / (n - 1 + a) = lowest

    def sigma_of(time: float) -> float:
        return alpha * time / (1 + (alpha - 1) * time)

    match name:
        case "simple":
            picked = [table[-(1 + int(x * count / steps))].item() for x in range(steps)]
        case "ddim_uniform":
            stride = max(count // steps, 1)
            picked = [table[x].item() for x in range(1, count, stride)][::-1]
        case "normal":
            picked = [sigma_of(time) for time in np.linspace(highest, lowest, steps)]
        case "sgm_uniform":
            picked = [sigma_of(time) for time in np.linspace(highest, lowest, steps + 1)[:-1]]
        case "karras":
            ramp = np.linspace(0, 1, steps)
            picked = list((highest ** (1 / 7) + ramp * (lowest ** (1 / 7) - highest ** (1 / 7))) ** 7)
        case "exponential":
            picked = list(np.exp(np.linspace(math.log(highest), math.log(lowest), steps)))
        case "beta":
            shares = 1 - np.linspace(0, 1, steps, endpoint=False)
            indices = [int(np.rint(beta_quantile(share) * (count - 1))) for share in shares]
            picked = [table[i].item() for at, i in enumerate(indices) if at == 0 or i != indices[at - 1]]
        case "linear_quadratic":
            linear = steps // 2
            difference = linear - 0.025 * steps
            square = steps - linear
            bend = difference / (linear * square**2)
            slope = 0.025 / linear - 2 * difference / square**2
            constant = bend * linear**2
            gone = [i * 0.025 / linear for i in range(linear)]
            gone += [bend * i**2 + slope * i + constant for i in range(linear, steps)]
            picked = [1 - x for x in gone]
        case "kl_optimal":
            shares = np.arange(steps) / (steps - 1)
            picked = list(np.tan(shares * math.atan(lowest) + (1 - shares) * math.atan(highest)))
    return [*map(float, picked), 0.0]


def denoised_part(
    name: str, table: Tensor, steps: int, denoise: float, *, discard: bool = False
) -> list[float]:
    """What KSampler takes for steps and denoise; `discard` for samplers that skip the last but one level."""

    def calculate(count: int) -> list[float]:
        values = sigmas(name, table, count + discard)
        return [*values[:-2], values[-1]] if discard else values

    return calculate(steps) if denoise > 0.9999 else calculate(int(steps / denoise))[-(steps + 1) :]


def noise_for(shape: Sequence[int], seed: int) -> Tensor:
    return torch.randn(tuple(shape), generator=torch.manual_seed(seed), device="cpu")


def euler(model: Model, x: Tensor, levels: list[float]) -> Tensor:
    for sigma, following in pairwise(levels):
        x = x + (x - model(x, sigma)) / sigma * (following - sigma)
    return x


def heun(model: Model, x: Tensor, levels: list[float]) -> Tensor:
    for sigma, following in pairwise(levels):
        d = (x - model(x, sigma)) / sigma
        if following == 0:
            x = x + d * (following - sigma)
        else:
            ahead = x + d * (following - sigma)
            d_2 = (ahead - model(ahead, following)) / following
            x = x + (d + d_2) / 2 * (following - sigma)
    return x


def dpm_2(model: Model, x: Tensor, levels: list[float]) -> Tensor:
    for sigma, following in pairwise(levels):
        d = (x - model(x, sigma)) / sigma
        if following == 0:
            x = x + d * (following - sigma)
        else:
            middle = math.exp((math.log(sigma) + math.log(following)) / 2)
            x_2 = x + d * (middle - sigma)
            x = x + (x_2 - model(x_2, middle)) / middle * (following - sigma)
    return x


def dpmpp_2m(model: Model, x: Tensor, levels: list[float]) -> Tensor:
    old, last = None, 0.0
    for sigma, following in pairwise(levels):
        denoised = model(x, sigma)
        if following == 0:
            return denoised
        h = math.log(sigma) - math.log(following)
        mixed = denoised
        if old is not None:
            r = last / h
            mixed = (1 + 1 / (2 * r)) * denoised - (1 / (2 * r)) * old
        x = following / sigma * x - math.expm1(-h) * mixed
        old, last = denoised, h
    return x


def res_multistep(model: Model, x: Tensor, levels: list[float]) -> Tensor:
    old, last = None, 0.0
    for sigma, following in pairwise(levels):
        denoised = model(x, sigma)
        if following == 0 or old is None:
            x = x + (x - denoised) / sigma * (following - sigma)
        else:
            h = math.log(sigma) - math.log(following)
            c2 = -last / h
            phi1 = math.expm1(-h) / -h
            phi2 = (phi1 - 1) / -h
            x = math.exp(-h) * x + h * ((phi1 - phi2 / c2) * denoised + phi2 / c2 * old)
        last = math.log(sigma) - math.log(following) if following else 0.0
        old = denoised
    return x


def lms(model: Model, x: Tensor, levels: list[float], order: int = 4) -> Tensor:
    ds: list[Tensor] = []
    for i, (sigma, following) in enumerate(pairwise(levels)):
        denoised = model(x, sigma)
        if following == 0:
            return denoised
        ds = [*ds, (x - denoised) / sigma][-order:]
        points = levels[: i + 1][-order:]
        for own, d in zip(points, ds, strict=True):
            basis = np.poly1d([1.0])
            for other in points:
                if other != own:
                    basis = basis * np.poly1d([1.0, -other]) / (own - other)
            integral = basis.integ()
            x = x + float(integral(following) - integral(sigma)) * d
    return x


def gradient_estimation(model: Model, x: Tensor, levels: list[float]) -> Tensor:
    old = None
    for sigma, following in pairwise(levels):
        denoised = model(x, sigma)
        d = (x - denoised) / sigma
        if following == 0:
            return denoised
        x = x + d * (following - sigma)
        if old is not None:
            x = x + (d - old) * (following - sigma)
        old = d
    return x


def uni_pc(model: Model, x: Tensor, levels: list[float], variant: str = "bh1") -> Tensor:
    """Zhao et al.'s multistep algorithm in data prediction, on x scaled to unit variance."""
    levels = [*levels[:-1], 0.001] if levels[-1] == 0 else list(levels)
    steps = len(levels) - 1
    highest = min(3, steps - 1)
    alphas = [1 / math.sqrt(1 + sigma**2) for sigma in levels]
    spreads = [sigma * alpha for sigma, alpha in zip(levels, alphas, strict=True)]
    clock = [-math.log(sigma) for sigma in levels]
    x = x * alphas[0]
    answers = [model(x / alphas[0], levels[0])]
    for k in range(1, steps + 1):
        order = min(highest, k, steps + 1 - k)
        h = clock[k] - clock[k - 1]
        rest = spreads[k] / spreads[k - 1] * x - alphas[k] * math.expm1(-h) * answers[-1]
        ratios = [(clock[k - 1 - i] - clock[k - 1]) / h for i in range(1, order)]
        slopes = [(answers[-1 - i] - answers[-1]) / ratios[i - 1] for i in range(1, order)]
        scale = -h if variant == "bh1" else math.expm1(-h)
        moments, phi = [], math.expm1(-h) / -h - 1
        for i in range(1, order + 1):
            moments.append(phi * math.factorial(i) / scale)
            phi = phi / -h - 1 / math.factorial(i + 1)
        powers = np.vander([*ratios, 1.0], order, increasing=True).T
        ahead = torch.zeros_like(x)
        if order == 2:
            ahead = 0.5 * slopes[0]
        elif order == 3:
            parts = np.linalg.solve(powers[:2, :2], moments[:2])
            ahead = float(parts[0]) * slopes[0] + float(parts[1]) * slopes[1]
        x = rest - alphas[k] * scale * ahead
        if k < steps:
            answers.append(model(x / alphas[k], levels[k]))
            ends = [0.5] if order == 1 else np.linalg.solve(powers, moments)
            change = float(ends[-1]) * (answers[-1] - answers[-2])
            change = change + sum(float(part) * slope for part, slope in zip(ends, slopes, strict=False))
            x = rest - alphas[k] * scale * change
    return x / alphas[-1]


def uni_pc_bh2(model: Model, x: Tensor, levels: list[float]) -> Tensor:
    return uni_pc(model, x, levels, "bh2")

"""How far two pictures or latents are apart.

Reference: Wang et al., Image Quality Assessment: From Error Visibility to Structural Similarity (2004),
    https://doi.org/10.1109/TIP.2003.819861
"""

from __future__ import annotations

from math import inf

import torch
from torch import Tensor
from torch.nn.functional import conv2d

from app.engine.media import Image, shape_of
from app.graph.problem import Refusal

WINDOW, SPREAD = 11, 1.5  # pixels; the paper's
LUMINANCE, CONTRAST = 0.01**2, 0.03**2
GREY = (0.299, 0.587, 0.114)


def psnr(image: Image, reference: Image) -> float:
    """Return the peak signal-to-noise ratio (dB), from the mean error over all pictures; inf when equal."""
    refuse_other_shape(image.pixels, reference.pixels)
    error = (image.pixels.double() - reference.pixels.double()).square().mean()
    return float(-10 * error.log10()) if error > 0 else inf


def ssim(image: Image, reference: Image) -> float:
    """Return the structural similarity of the grey pictures, -1 to 1, mean over the batch."""
    refuse_other_shape(image.pixels, reference.pixels)
    one, other = (
        picture.pixels.double() @ picture.pixels.new_tensor(GREY).double() for picture in (image, reference)
    )
    means = [smooth(x) for x in (one, other)]
    variances = [smooth(x * x) - mean * mean for x, mean in zip((one, other), means, strict=True)]
    shared = smooth(one * other) - means[0] * means[1]
    above = (2 * means[0] * means[1] + LUMINANCE) * (2 * shared + CONTRAST)
    below = (means[0] ** 2 + means[1] ** 2 + LUMINANCE) * (variances[0] + variances[1] + CONTRAST)
    return float((above / below).mean())


def smooth(grey: Tensor) -> Tensor:
    """Return local means of (B, H, W) under a Gaussian window, where the window lies inside the picture."""
    size = min(WINDOW, *grey.shape[1:])
    places = torch.arange(size, dtype=grey.dtype) - (size - 1) / 2
    weights = torch.exp(-((places / SPREAD) ** 2) / 2)
    weights = weights / weights.sum()
    rows = conv2d(grey[:, None], weights.view(1, 1, -1, 1))
    return conv2d(rows, weights.view(1, 1, 1, -1))[:, 0]


def latent_error(samples: Tensor, reference: Tensor) -> float:
    """Return the root mean square difference over the root mean square of the reference (no unit)."""
    refuse_other_shape(samples, reference)
    difference = (samples.double() - reference.double()).square().mean()
    return float((difference / reference.double().square().mean()).sqrt())


def refuse_other_shape(one: Tensor, other: Tensor) -> None:
    if one.shape != other.shape:
        raise Refusal(
            f"The two differ in shape: {shape_of(one)} and {shape_of(other)}.",
            "Compare results of the same size and number.",
            code="shape_mismatch",
        )

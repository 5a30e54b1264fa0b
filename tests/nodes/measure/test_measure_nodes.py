from math import inf, log10

import pytest
import torch

from app.engine.imaging.metrics import smooth
from app.engine.media import Image, Latent
from app.graph.problem import Refusal
from nodes.measure.latent_error import latent_error
from nodes.measure.measure_images import measure_images
from nodes.measure.psnr import psnr
from nodes.measure.ssim import ssim
from tests.tiny.recorder import Recorder


def picture(seed: int, height: int = 24, width: int = 32) -> Image:
    return Image(torch.rand(2, height, width, 3, generator=torch.Generator().manual_seed(seed)))


def test_psnr_is_that_of_a_known_error() -> None:
    reference = Image(torch.full((1, 8, 8, 3), 0.5))
    assert psnr(Image(reference.pixels + 0.1), reference) == pytest.approx(20, abs=1e-4)
    assert psnr(Image(reference.pixels + 0.01), reference) == pytest.approx(-20 * log10(0.01), abs=1e-3)
    assert psnr(reference, reference) == inf


def test_ssim_of_equal_opposite_and_unrelated_pictures() -> None:
    one = picture(0)
    assert ssim(one, one) == pytest.approx(1)
    assert ssim(Image(1 - one.pixels), one) < -0.5
    assert abs(ssim(picture(1), one)) < 0.15


def test_ssim_of_flat_pictures_is_that_of_their_light() -> None:
    """Without contrast the formula is (2 a b + c) / (a^2 + b^2 + c)."""
    dark, light = (Image(torch.full((1, 16, 16, 3), value)) for value in (0.25, 0.75))
    expected = (2 * 0.25 * 0.75 + 1e-4) / (0.25**2 + 0.75**2 + 1e-4)
    assert ssim(dark, light) == pytest.approx(expected, abs=1e-5)


def test_the_window_is_a_mean_and_fits_small_pictures() -> None:
    assert torch.allclose(smooth(torch.full((1, 5, 30), 0.3)), torch.full((1, 1, 26), 0.3))
    assert ssim(picture(0, 4, 5), picture(0, 4, 5)) == pytest.approx(1)


def test_latent_error_is_relative() -> None:
    reference = Latent(torch.full((1, 4, 2, 2), 2.0), "flux")
    assert latent_error(Latent(reference.samples * 1.5, "flux"), reference) == pytest.approx(0.5)
    assert latent_error(reference, reference) == 0


def test_the_report_and_the_picture_of_the_difference() -> None:
    watcher, one = Recorder(), picture(0)
    other = Image((one.pixels + 0.1).clamp(0, 1))
    measured = measure_images(watcher, other, one, gain=2.0)
    (report,) = watcher.reports
    assert (
        (report["psnr"], report["ssim"])
        == (measured.psnr, measured.ssim)
        == (psnr(other, one), ssim(other, one))
    )
    assert torch.allclose(measured.difference.pixels, 2 * (other.pixels - one.pixels))
    measure_images(watcher, one, one)
    assert watcher.reports[-1]["psnr"] == "equal", "JSON has no infinity"


def test_pictures_of_another_size_are_refused() -> None:
    with pytest.raises(Refusal, match=r"differ in shape: \(2, 24, 32, 3\) float32 and \(2, 8, 32, 3\)"):
        psnr(picture(0), picture(0, 8))

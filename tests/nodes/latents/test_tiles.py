"""The autoencoder in tiles, on the trained mini model: no seam, and the picture of the whole."""

import pytest
import torch

from app.engine.latents.tiling import stretches, tiled
from app.engine.media import Image, Latent, Mask
from app.graph.problem import Refusal
from benchmarks.tiles import seam_error
from nodes.latents.decode_tiled import decode_tiled
from nodes.latents.encode_for_inpaint import encode_for_inpaint
from nodes.latents.encode_tiled import encode_tiled
from nodes.loaders.load_model import LoadedModel
from tests.tiny.recorder import Recorder
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here


@pytest.fixture
def picture(mini: LoadedModel) -> Image:
    """A picture that the autoencoder knows well, 256 x 192 pixels: decoded from smooth colours."""
    generator = torch.Generator().manual_seed(1)
    coarse = torch.rand(1, 3, 6, 8, generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, (192, 256), mode="bicubic").clamp(0, 1)
    return Image(smooth.movedim(1, -1).contiguous())


def psnr(one: torch.Tensor, other: torch.Tensor) -> float:
    span = (other.max() - other.min()).item()
    return (20 * torch.tensor(span).log10() - 10 * (one - other).pow(2).mean().log10()).item()


def test_tiles_give_the_picture_of_the_whole(mini: LoadedModel, picture: Image) -> None:
    latent = mini.vae.encode(picture)
    whole = mini.vae.decode(latent).pixels
    watcher = Recorder()
    close = decode_tiled(watcher, mini.vae, latent, tile=128, overlap=64).pixels
    bare = decode_tiled(Recorder(), mini.vae, latent, tile=128, overlap=0).pixels
    assert close.shape == whole.shape and watcher.steps[-1] == (6, 6)
    assert psnr(close, whole) > psnr(bare, whole) + 3 and psnr(close, whole) > 35
    seam = (close[:, :, 128] - close[:, :, 127]).abs().mean()
    assert seam < 1.5 * (whole[:, :, 128] - whole[:, :, 127]).abs().mean() + 0.01, "and no line between tiles"
    assert torch.equal(decode_tiled(Recorder(), mini.vae, latent, tile=512).pixels, whole)


def test_the_seam_is_fainter_the_more_tiles_overlap(mini: LoadedModel, picture: Image) -> None:
    latent = mini.vae.encode(picture)
    whole = mini.vae.decode(latent).pixels
    errors = [
        seam_error(decode_tiled(Recorder(), mini.vae, latent, 128, overlap).pixels, whole, 128, overlap)
        for overlap in (0, 16, 64)
    ]
    assert errors[1] < errors[0] / 4 and errors[2] < errors[1], errors


def test_encoding_in_tiles(mini: LoadedModel, picture: Image) -> None:
    whole = mini.vae.encode(picture)
    parts = encode_tiled(Recorder(), mini.vae, picture, tile=128, overlap=64)
    assert parts.family == whole.family and psnr(parts.samples, whole.samples) > 25
    assert torch.equal(encode_tiled(Recorder(), mini.vae, picture, tile=512).samples, whole.samples)
    with pytest.raises(Refusal, match="cannot overlap by 80"):
        encode_tiled(Recorder(), mini.vae, picture, tile=128, overlap=80)


@pytest.mark.parametrize(
    ("length", "side", "overlap"), [(10, 4, 1), (16, 16, 4), (17, 16, 4), (9, 4, 2), (5, 8, 2)]
)
def test_tiles_cover_everything_and_weigh_one(length: int, side: int, overlap: int) -> None:
    covered = torch.zeros(length)
    for stretch in stretches(length, side, overlap):
        covered[stretch] += 1
        assert 0 <= stretch.start < stretch.stop <= length and stretch.stop - stretch.start <= side
    assert (covered > 0).all()
    values = torch.rand(1, length, length)
    result = tiled((length, length), (side, overlap), lambda r, c: values[:, r, c], 1, lambda n, of: None)
    assert torch.allclose(result, values, atol=1e-6)


def test_a_hole_is_grey_and_grows(mini: LoadedModel, picture: Image) -> None:
    hole = torch.zeros(1, 192, 256)
    hole[:, 64:128, 64:128] = 1
    latent: Latent = encode_for_inpaint(mini.vae, picture, Mask(hole), grow=6)
    assert latent.mask is not None and latent.mask.sum().item() == (64 + 12) ** 2
    grey = mini.vae.encode(Image(torch.full_like(picture.pixels, 0.5))).samples
    assert torch.allclose(latent.samples[..., 11, 11], grey[..., 11, 11], atol=0.3)
    assert torch.allclose(latent.samples[..., 2, 25], mini.vae.encode(picture).samples[..., 2, 25], atol=0.05)

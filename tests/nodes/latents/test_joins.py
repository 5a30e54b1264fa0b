"""Latents cut, joined, laid over each other and split, and the noise of a batch's pictures."""

from dataclasses import replace

import pytest
import torch

from app.engine.media import Latent, Mask
from app.engine.walking.noise import starting_noise
from app.graph.problem import Refusal
from nodes.latents.batch_latents import batch_latents
from nodes.latents.batch_noise import batch_noise
from nodes.latents.composite_latents import composite_latents
from nodes.latents.concat_latents import concat_latents
from nodes.latents.cut_latent import cut_latent
from nodes.latents.interpolate_latents import interpolate_latents
from nodes.latents.pick_latents import pick_latents
from nodes.latents.repeat_latent import repeat_latent
from nodes.latents.scale_latent import scale_latent
from nodes.latents.set_noise_mask import set_noise_mask
from nodes.latents.split_latents import split_latents
from tests.tiny.zoo import build, noise

LATENT = Latent(noise(build("flux")), "flux")  # 12 x 16 cells
OTHER = Latent(-noise(build("flux")) + 1, "flux")
FILM = Latent(noise(build("wan")), "wan")
BATCH = Latent(noise(build("flux"), 4), "flux")


@pytest.mark.parametrize(("axis", "place"), [("x", -1), ("y", -2), ("frames", -3)])
def test_what_is_cut_in_two_joins_again(axis: str, place: int) -> None:
    half = FILM.samples.shape[place] // 2 or 1
    one = cut_latent(FILM, axis, 0, half)  # type: ignore[arg-type]
    other = cut_latent(FILM, axis, half, 100_000)  # type: ignore[arg-type]
    side = {"x": "right", "y": "below", "frames": "after"}[axis]
    assert torch.equal(concat_latents(one, other, side).samples, FILM.samples)  # type: ignore[arg-type]
    side = {"x": "left", "y": "above", "frames": "before"}[axis]
    assert torch.equal(concat_latents(other, one, side).samples, FILM.samples)  # type: ignore[arg-type]


def test_cutting_from_the_end_and_with_a_mask() -> None:
    assert torch.equal(cut_latent(LATENT, "x", -2, 5).samples, LATENT.samples[..., -2:])
    masked = set_noise_mask(LATENT, Mask(torch.ones(1, 96, 128)))
    assert cut_latent(masked, "y", 1, 3).mask is not None
    filmed = set_noise_mask(FILM, Mask(torch.ones(1, 96, 128)))
    assert torch.equal(cut_latent(filmed, "frames", 1, 1).mask, filmed.mask)  # type: ignore[arg-type]
    with pytest.raises(Refusal, match="has no frames"):
        cut_latent(LATENT, "frames", 0, 1)
    with pytest.raises(Refusal, match="they must be alike"):
        concat_latents(LATENT, cut_latent(LATENT, "y", 0, 4), "right")


def test_scaling_and_interpolating() -> None:
    assert scale_latent(LATENT, 1.0) is LATENT and interpolate_latents(LATENT, OTHER, 1.0) is LATENT
    assert torch.equal(scale_latent(LATENT, 2.0).samples, 2 * LATENT.samples)
    assert torch.allclose(interpolate_latents(LATENT, OTHER, 0.0).samples, OTHER.samples, atol=1e-5)
    between = interpolate_latents(LATENT, OTHER, 0.5).samples.norm(dim=1)
    wanted = (LATENT.samples.norm(dim=1) + OTHER.samples.norm(dim=1)) / 2
    assert torch.allclose(between, wanted, atol=1e-4), "cells keep their length"


def test_a_latent_is_laid_at_a_place_and_cut_off_at_the_edge() -> None:
    small = cut_latent(cut_latent(OTHER, "x", 0, 4), "y", 0, 4)
    laid = composite_latents(LATENT, small, x=16, y=8).samples
    assert torch.equal(laid[..., 1:5, 2:6], small.samples)
    assert torch.equal(laid[..., 6:, :], LATENT.samples[..., 6:, :])
    beyond = composite_latents(LATENT, small, x=-16, y=-1000).samples
    assert torch.equal(beyond, LATENT.samples)
    partly = composite_latents(LATENT, small, x=-16, y=0).samples
    assert torch.equal(partly[..., :4, :2], small.samples[..., 2:])


def test_a_latent_is_laid_through_a_mask_resized_and_feathered() -> None:
    half = Mask(torch.cat([torch.zeros(1, 12, 8), torch.ones(1, 12, 8)], dim=2))
    laid = composite_latents(LATENT, OTHER, half).samples
    assert torch.equal(laid[..., :7], LATENT.samples[..., :7])
    assert torch.equal(laid[..., 9:], OTHER.samples[..., 9:])
    small = cut_latent(OTHER, "x", 0, 4)
    assert composite_latents(LATENT, small, resize_overlay=True).samples.shape == LATENT.samples.shape
    ones, zeros = (replace(LATENT, samples=torch.full_like(LATENT.samples, v)) for v in (1.0, 0.0))
    soft = composite_latents(zeros, cut_latent(ones, "x", 0, 8), x=32, feather=16).samples[0, 0, 0]
    assert soft.tolist() == [0] * 4 + [0.5, 1, 1, 1, 1, 1, 1, 0.5] + [0] * 4
    with pytest.raises(Refusal, match="flux and wan"):
        composite_latents(LATENT, FILM)


def noise_of(latent: Latent) -> torch.Tensor:
    return starting_noise(latent.samples, 7, rows=latent.noise_rows)


def test_pictures_out_of_a_batch_keep_their_noise() -> None:
    whole = noise_of(BATCH)
    assert torch.equal(noise_of(pick_latents(BATCH, 2, 1)), whole[2:3])
    parts = split_latents(BATCH, 3)
    assert [len(part.samples) for part in parts] == [3, 1]
    assert torch.equal(torch.cat([noise_of(part) for part in parts]), whole)
    again = batch_latents(list(parts), "as if alone")
    assert torch.equal(noise_of(again), whole)
    assert batch_latents([LATENT, LATENT], "as if alone").noise_rows == (0, 0)
    assert batch_latents([LATENT, LATENT]).noise_rows == ()


def test_a_batch_starts_from_one_noise_or_from_several() -> None:
    same = batch_noise(BATCH)
    assert torch.equal(noise_of(same), starting_noise(LATENT.samples, 7).expand(4, -1, -1, -1))
    assert torch.equal(noise_of(batch_noise(same, "its own")), noise_of(BATCH))
    assert batch_noise(pick_latents(BATCH, 2, 2)).noise_rows == (2, 2)
    assert repeat_latent(pick_latents(BATCH, 1, 2), 2).noise_rows == (1, 2, 3, 4)
    rows = starting_noise(BATCH.samples, 7, row_seeds=True, rows=(2, 0))
    assert torch.equal(rows[:1], starting_noise(LATENT.samples, 9))
    with pytest.raises(ValueError, match="rows of noise"):
        replace(LATENT, noise_rows=(0, 1))

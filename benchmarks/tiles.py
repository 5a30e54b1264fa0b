"""How much of a seam do tiles leave? `python -m benchmarks.tiles` writes results/tiles.md.

A picture is decoded, and encoded, whole and in tiles. The seam error is the mean jump across the lines where
tiles begin and end, beyond the jump that the picture decoded as a whole has there.
"""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Iterator
from math import log10
from pathlib import Path
from random import Random

import torch
from torch import Tensor

from app.engine.latents.tiling import decode_tiled, encode_tiled, stretches
from app.engine.latents.vae import Vae
from app.engine.media import Image
from app.engine.weights.loading import load_folder
from models.mini.training.drawing import render_batch
from models.mini.training.scenes import CANVAS, SceneSampler

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
TILE, OVERLAPS = 128, (0, 8, 16, 32, 64)


def seams(length: int, tile: int, overlap: int) -> list[int]:
    """Return where tiles begin or end inside a side of `length` pixels."""
    edges = {edge for part in stretches(length, tile, overlap) for edge in (part.start, part.stop)}
    return sorted(edges - {0, length})


def seam_error(made: Tensor, whole: Tensor, tile: int, overlap: int) -> float:
    """Return the jump (0..1) across seams of pictures (B, H, W, 3) beyond that of the whole, the mean."""
    beyond = made - whole
    rows, columns = (seams(side, tile, overlap) for side in made.shape[1:3])
    down = [(beyond[:, row] - beyond[:, row - 1]).abs().mean() for row in rows]
    across = [(beyond[:, :, column] - beyond[:, :, column - 1]).abs().mean() for column in columns]
    return float(torch.stack([*down, *across]).mean())


def psnr(made: Tensor, whole: Tensor) -> float:
    """Return how near two tensors are (dB), against the span of the second."""
    return 10 * log10(float((whole.max() - whole.min()).square() / (made - whole).square().mean()))


def mosaic(side: int) -> Image:
    """Return a picture of drawn scenes, `side` by `side` pixels, whose things cross the tiles' borders."""
    sampler, across = SceneSampler(Random(7)), side // CANVAS + 1
    pictures = (render_batch([sampler.sample() for _ in range(across**2)], CANVAS).movedim(1, -1) + 1) / 2
    rows = [torch.cat(list(row), dim=1) for row in torch.split(pictures, across)]
    whole, shift = torch.cat(rows), CANVAS // 3
    return Image(whole[None, shift : shift + side, shift : shift + side].contiguous())


def measured(vae: Vae, picture: Image) -> Iterator[str]:
    latent = vae.encode(picture)
    whole, side = vae.decode(latent).pixels, vae.family.latent.downscale
    for overlap in OVERLAPS:
        made = decode_tiled(vae, latent, TILE // side, overlap // side, unheard).pixels
        encoded = encode_tiled(vae, picture, TILE // side, overlap // side, unheard).samples
        error = 255 * seam_error(made, whole, TILE, overlap)
        yield (
            f"| {overlap} | {error:.2f} | {psnr(made, whole):.1f} | {psnr(encoded, latent.samples):.1f} | "
            f"{tiles(picture.width, overlap)} |"
        )


def unheard(tile: int, tiles: int) -> None:
    """Nobody waits for the progress."""


def tiles(side: int, overlap: int) -> int:
    return len(list(stretches(side, TILE, overlap))) ** 2


def main() -> None:
    """Measure all overlaps on one picture."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--side", type=int, default=512)
    side = options.parse_args().side
    torch.set_num_threads(1)
    vae = load_folder(ROOT / "models" / "mini").vae
    lines = [
        "# Tiles: the seams of the autoencoder",
        "",
        f"The embedded model's autoencoder, {side} x {side} pixels of drawn scenes, tiles of {TILE} pixels, "
        f"against the picture worked on as a whole. {platform.machine()}, {os.cpu_count()} cores. "
        "Written by `python -m benchmarks.tiles`.",
        "",
        "| overlap (px) | seam error (of 255) | decoded: PSNR (dB) | encoded: PSNR (dB) | tiles |",
        "|---|---|---|---|---|",
        *measured(vae, mosaic(side)),
        "",
        "Seam error: the mean jump across the lines where tiles begin and end, beyond the jump that the "
        "whole has there. What remains at a large overlap is spread, not seen as a line: a tile does not "
        "know what lies beyond it.",
    ]
    (RESULTS / "tiles.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()

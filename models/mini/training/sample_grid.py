"""Draw a grid of pictures with their prompts written underneath."""

import argparse
import time
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap

import torch
from PIL import Image, ImageDraw, ImageFont

from models.mini.training.drawing import to_pictures
from models.mini.training.sampling import Settings, generate, hold_out, load_mini_model

CELL, CAPTION, GAP = 160, 60, 8
SWAPS = [
    "a red circle left of a blue square",
    "a blue square left of a red circle",
    "a fox left of a rocket",
    "a rocket left of a fox",
    "a green star above a purple hexagon",
    "a purple hexagon above a green star",
    "a small cat inside a large yellow circle",
    "a small yellow star inside a large blue hexagon",
]
"""Prompts that need word order; a model that ignores it draws both of a pair alike."""


def draw_grid(pictures: Sequence[Image.Image], prompts: Sequence[str], columns: int) -> Image.Image:
    """Lay pictures out in rows, each with its prompt underneath."""
    rows = -(-len(pictures) // columns)
    width, height = CELL + GAP, CELL + CAPTION
    grid = Image.new("RGB", (columns * width + GAP, rows * height + GAP), "white")
    draw, font = ImageDraw.Draw(grid), ImageFont.load_default(size=12)
    for i, (picture, prompt) in enumerate(zip(pictures, prompts, strict=True)):
        x, y = GAP + i % columns * width, GAP + i // columns * height
        grid.paste(picture.resize((CELL, CELL), Image.Resampling.BICUBIC), (x, y))
        draw.multiline_text((x, y + CELL + 2), "\n".join(wrap(prompt, 26)[:4]), "black", font, spacing=1)
    return grid


def main(options: Namespace) -> None:
    """Sample and write the grid."""
    torch.set_num_threads(1)
    model, start = load_mini_model(options.model), time.process_time()
    prompts = SWAPS if options.swaps else hold_out(options.skip + options.count)[1][options.skip :]
    pixels = generate(model, prompts, Settings(options.steps, options.guidance_scale, options.seed))
    print(f"{(time.process_time() - start) / len(prompts):.2f} CPU seconds for each picture")
    draw_grid(to_pictures(pixels), prompts, options.columns).save(options.out)


def parse_options() -> Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=Path("models/mini"))
    parser.add_argument("--out", type=Path, required=True, help="picture to write")
    parser.add_argument("--swaps", action="store_true", help="draw the word-order prompts, not held-out ones")
    parser.add_argument("--count", type=int, default=32)
    parser.add_argument("--skip", type=int, default=0, help="held-out prompts to leave out first")
    parser.add_argument("--columns", type=int, default=8)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--guidance-scale", type=float, default=3.0)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main(parse_options())

"""Draws scenes with PIL, at twice the wanted size and then averaged."""

import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random

import numpy as np
import torch
from PIL import Image, ImageDraw

from models.mini.training.scenes import CANVAS, Scene, Thing
from models.mini.training.vocabulary import COLORS, LANDSCAPES, SPRITES, pattern_color

Point = tuple[float, float]
Color = tuple[int, int, int]
SPRITE_FILE = Path(__file__).with_name("sprites.npz")
LANDSCAPE_COLORS: dict[str, tuple[Color, Color]] = {
    "meadow": ((150, 205, 250), (110, 190, 80)),
    "beach": ((90, 180, 230), (240, 215, 150)),
    "snow": ((185, 215, 240), (245, 248, 252)),
}


@cache
def sprite(kind: str) -> Image.Image:
    """Return a sprite as an RGBA picture of 192 x 192."""
    with np.load(SPRITE_FILE) as pictures:
        return Image.fromarray(pictures[kind])


def render(scene: Scene, size: int = CANVAS) -> Image.Image:
    """Draw a scene as an RGB picture of size x size pixels."""
    zoom, rng = 2 * size / CANVAS, Random(scene.seed)
    picture = _draw_background(scene, rng, 2 * size, zoom)
    for thing in scene.things:
        _draw_thing(picture, thing, rng, zoom)
    return picture.resize((size, size), Image.Resampling.BOX)


def render_batch(scenes: list[Scene], size: int) -> torch.Tensor:
    """Draw scenes as a tensor (B, 3, H, W) in -1..1."""
    pixels = np.stack([np.asarray(render(scene, size)) for scene in scenes])
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float().div(127.5).sub(1).contiguous()


def to_pictures(pixels: torch.Tensor) -> list[Image.Image]:
    """Turn a tensor (B, 3, H, W) in -1..1 into pictures."""
    array = pixels.clamp(-1, 1).add(1).mul(127.5).round().byte().permute(0, 2, 3, 1).numpy()
    return [Image.fromarray(picture) for picture in array]


def _vary(color: Color, rng: Random, amount: int = 7) -> Color:
    red, green, blue = (min(255, max(0, value + rng.randint(-amount, amount))) for value in color)
    return red, green, blue


def _draw_thing(picture: Image.Image, thing: Thing, rng: Random, zoom: float) -> None:
    x, y, diameter = thing.x * zoom, thing.y * zoom, thing.diameter * zoom
    if thing.kind in SPRITES:
        side = int(diameter * 1.12)
        stamp = sprite(thing.kind).resize((side, side), Image.Resampling.BILINEAR)
        picture.paste(stamp, (int(x - side / 2), int(y - side / 2)), stamp)
        return
    mask = Image.new("L", picture.size, 0)
    _draw_shape(ImageDraw.Draw(mask), thing.kind, x, y, diameter / 2)
    picture.paste(_vary(COLORS[str(thing.color)], rng), (0, 0), mask)


def _draw_shape(draw: ImageDraw.ImageDraw, kind: str, x: float, y: float, radius: float) -> None:
    def disc(cx: float, cy: float, r: float, fill: int) -> None:
        draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=fill)

    if kind in ("circle", "ring", "crescent"):
        disc(x, y, radius, 255)
        if kind == "ring":
            disc(x, y, radius * 0.56, 0)
        if kind == "crescent":
            disc(x + radius * 0.48, y - radius * 0.168, radius * 0.82, 0)
        return
    draw.polygon([(x + radius * px, y + radius * py) for px, py in outline(kind)], fill=255)


@cache
def outline(kind: str) -> list[Point]:
    """Return the corners of a polygonal shape of radius 1 around the origin."""
    outlines: dict[str, Callable[[], list[Point]]] = {
        "square": lambda: [(-0.84, -0.84), (0.84, -0.84), (0.84, 0.84), (-0.84, 0.84)],
        "triangle": lambda: [(0, -0.92), (1, 0.8), (-1, 0.8)],
        "diamond": lambda: [(0, -1), (0.75, 0), (0, 1), (-0.75, 0)],
        "hexagon": lambda: [_on_circle(60 * i, 1) for i in range(6)],
        "star": lambda: [_on_circle(36 * i - 90, 1 if i % 2 == 0 else 0.42) for i in range(10)],
        "heart": _heart,
        "cross": _cross,
    }
    return outlines[kind]()


def _on_circle(degrees: float, radius: float) -> Point:
    return radius * math.cos(math.radians(degrees)), radius * math.sin(math.radians(degrees))


def _heart() -> list[Point]:
    points = []
    for i in range(48):
        a = 2 * math.pi * i / 48
        y = 13 * math.cos(a) - 5 * math.cos(2 * a) - 2 * math.cos(3 * a) - math.cos(4 * a)
        points.append((16 * math.sin(a) ** 3 / 17, -y / 17))
    return points


def _cross() -> list[Point]:
    quarter = [(-0.32, -1.0), (0.32, -1.0), (0.32, -0.32)]
    points = []
    for _ in range(4):
        points += quarter
        quarter = [(-y, x) for x, y in quarter]
    return points


def _draw_background(scene: Scene, rng: Random, side: int, zoom: float) -> Image.Image:
    if scene.background in LANDSCAPES:
        return _draw_landscape(scene.background, rng, side, zoom)
    name = str(scene.background_color)
    color, other = _vary(COLORS[name], rng), _vary(COLORS[pattern_color(name)], rng, 4)
    if scene.background == "gradient":
        return _gradient(color, other, side)
    picture = Image.new("RGB", (side, side), color)
    if scene.background != "plain":
        _draw_pattern(ImageDraw.Draw(picture), scene.background, other, side, zoom)
    return picture


def _gradient(top: Color, bottom: Color, side: int) -> Image.Image:
    weight = np.linspace(0, 1, side)[:, None, None]
    rows = np.array(top) * (1 - weight) + np.array(bottom) * weight
    return Image.fromarray(np.broadcast_to(rows, (side, side, 3)).astype(np.uint8).copy())


def _draw_pattern(draw: ImageDraw.ImageDraw, kind: str, color: Color, side: int, zoom: float) -> None:
    cell, dot = int(16 * zoom), 3.2 * zoom
    if kind == "striped":
        for x in range(0, side, 2 * cell):
            draw.rectangle((x, 0, x + cell - 1, side), fill=color)
        return
    for y in range(0, side, cell):
        for x in range(0, side, cell):
            cx, cy = x + cell / 2, y + cell / 2
            if kind == "dotted":
                draw.ellipse((cx - dot, cy - dot, cx + dot, cy + dot), fill=color)
            elif (x + y) // cell % 2 == 0:
                draw.rectangle((x, y, x + cell - 1, y + cell - 1), fill=color)


def _draw_landscape(kind: str, rng: Random, side: int, zoom: float) -> Image.Image:
    horizon = int(side * rng.uniform(0.58, 0.68))
    if kind == "sunset":
        picture = _gradient((120, 70, 150), (255, 165, 80), side)
        ImageDraw.Draw(picture).rectangle((0, horizon, side, side), fill=(95, 45, 80))
        return picture
    if kind == "night":
        return _draw_night(rng, side, zoom)
    sky, ground = LANDSCAPE_COLORS[kind]
    picture = Image.new("RGB", (side, side), _vary(sky, rng, 5))
    draw, ground = ImageDraw.Draw(picture), _vary(ground, rng, 5)
    if kind == "beach":
        draw.rectangle((0, int(horizon * 0.62), side, horizon), fill=(30, 120, 190))
    if kind == "meadow":
        draw.ellipse((-side * 0.4, horizon - side * 0.05, side * 1.4, side * 1.9), fill=ground)
    else:
        draw.rectangle((0, horizon, side, side), fill=ground)
    return picture


def _draw_night(rng: Random, side: int, zoom: float) -> Image.Image:
    picture = Image.new("RGB", (side, side), (20, 25, 70))
    draw = ImageDraw.Draw(picture)
    for _ in range(14):
        x, y, radius = rng.uniform(0, side), rng.uniform(0, side), rng.uniform(0.8, 1.6) * zoom
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(255, 250, 210))
    return picture

"""Scenes whose objects stand anywhere, their captions, and the pictures of boxes that say where."""

from dataclasses import replace
from random import Random

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from models.mini.training.captions import write_caption
from models.mini.training.scenes import CANVAS, Scene, SceneSampler, Thing

SINGLE_SHARE = 0.7
DIAMETERS = (28.0, 92.0)
MARGIN = 4
Box = tuple[float, float, float, float]


def draw_scene(rng: Random, sampler: SceneSampler) -> Scene:
    """Draw a scene: one object of any size at any place, or one of the pairs that the model knows."""
    single = rng.random() < SINGLE_SHARE
    while True:
        scene = sampler.sample()
        if single and len(scene.things) == 1:
            return replace(scene, things=(anywhere(scene.things[0], rng),), layout="center")
        if not single and scene.layout in ("left of", "above"):
            return scene


def anywhere(thing: Thing, rng: Random) -> Thing:
    diameter = rng.uniform(*DIAMETERS)
    x, y = (rng.uniform(diameter / 2 + MARGIN, CANVAS - diameter / 2 - MARGIN) for _ in range(2))
    return replace(thing, size="medium", diameter=diameter, x=x, y=y)


def caption(scene: Scene, rng: Random) -> str:
    """Say what the scene shows; where a single object stands only its box tells."""
    while True:
        words = write_caption(scene, rng)
        if scene.layout != "center" or not (" center" in words or " middle" in words):
            return words


def boxes(scene: Scene) -> list[Box]:
    """Return (left, top, right, bottom) of each object, in pixels of the canvas."""
    return [box(thing) for thing in scene.things]


def box(thing: Thing) -> Box:
    half = thing.diameter / 2
    return thing.x - half, thing.y - half, thing.x + half, thing.y + half


def draw_boxes(found: list[Box], size: int = CANVAS) -> Image.Image:
    """Draw white boxes on black, size x size pixels."""
    picture = Image.new("RGB", (size, size))
    for box in found:
        scaled = [side * size / CANVAS for side in box]
        ImageDraw.Draw(picture).rectangle(scaled, fill=(255, 255, 255))
    return picture


def box_batch(scenes: list[Scene], size: int) -> Tensor:
    """Draw the boxes of scenes as a tensor (B, 3, H, W) in -1..1."""
    pixels = np.stack([np.asarray(draw_boxes(boxes(scene), size)) for scene in scenes])
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float().div(127.5).sub(1).contiguous()

"""Does the box network put things where it is told? `python -m benchmarks.control` writes results/control.md.

Held-out prompts of one object on one colour, each with a box at random. What stands out from the background
is the object; its bounding box is compared with the box that was asked for (intersection over union, IoU).
"""

from __future__ import annotations

import argparse
import os
import platform
from dataclasses import replace
from pathlib import Path
from random import Random

import torch
from PIL import Image as Pillow
from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.control import open_control
from app.engine.imaging.judge import open_judge
from app.engine.media import Image, Latent
from app.engine.model import Model
from app.engine.sampling import Sampling
from app.engine.weights.loading import Loaded, load_folder
from models.mini.training.control_scenes import Box, anywhere, box_batch, boxes, caption
from models.mini.training.drawing import render_batch
from models.mini.training.scenes import CANVAS, Scene, SceneSampler
from nodes.control.apply_control import apply_control
from nodes.guidance.cfg import Cfg
from nodes.samplers.euler import Euler
from nodes.schedules.flow_schedule import flow_schedule
from tests.tiny.recorder import Recorder

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
SEED, STEPS, GUIDANCE_SCALE, BATCH = 515151, 20, 3.0, 32
STANDS_OUT = 0.15  # distance of a pixel from the background's colour, 0..1 a channel
STRENGTHS = (0.0, 0.5, 1.0, 1.5)
SHOWN = 8


def held_out(count: int) -> tuple[list[Scene], list[str]]:
    """Return scenes of one object anywhere on one colour, from a seed that no training uses."""
    rng = Random(SEED)
    sampler, scenes = SceneSampler(rng), list[Scene]()
    while len(scenes) < count:
        scene = sampler.sample()
        if len(scene.things) == 1 and scene.background == "plain":
            scenes.append(replace(scene, things=(anywhere(scene.things[0], rng),), layout="center"))
    return scenes, [caption(scene, rng) for scene in scenes]


def found_box(pixels: Tensor) -> Box | None:
    """Return the bounding box of what stands out in a picture (H, W, 3), in pixels."""
    border = torch.cat([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    differs = (pixels - border.median(0).values).abs().amax(-1) > STANDS_OUT
    rows, columns = differs.any(1).nonzero(), differs.any(0).nonzero()
    if not len(rows):
        return None
    return columns.min().item(), rows.min().item(), columns.max().item() + 1, rows.max().item() + 1


def overlap(one: Box | None, other: Box) -> float:
    """Return intersection over union."""
    if one is None:
        return 0.0
    across = max(0.0, min(one[2], other[2]) - max(one[0], other[0]))
    down = max(0.0, min(one[3], other[3]) - max(one[1], other[1]))
    both = across * down
    return both / (area(one) + area(other) - both)


def area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


class Studio:
    """The embedded model with its box network and its judge."""

    def __init__(self, scenes: list[Scene], prompts: list[str]) -> None:
        self.loaded: Loaded = load_folder(ROOT / "models" / "mini")
        self.net = open_control(ROOT / "models" / "controlnet" / "mini_boxes")
        self.judge = open_judge(ROOT / "models" / "judges" / "mini")
        self.scenes, self.prompts = scenes, prompts
        self.wanted = [boxes(scene)[0] for scene in scenes]
        self.hints = Image((box_batch(scenes, CANVAS).movedim(1, -1) + 1) / 2)

    def pictures(self, strength: float) -> Image:
        parts = [self.batch(at, strength) for at in range(0, len(self.prompts), BATCH)]
        return Image(torch.cat([part.pixels for part in parts]))

    def batch(self, at: int, strength: float) -> Image:
        chosen = slice(at, at + BATCH)
        prompts, hints = self.prompts[chosen], Image(self.hints.pixels[chosen])
        model: Model = apply_control(self.loaded.model, self.net, hints, self.loaded.vae, strength)
        guider = Cfg(self.encode(prompts), self.encode([""] * len(prompts)), GUIDANCE_SCALE)
        noise = torch.randn((len(prompts), 8, 16, 16), generator=torch.Generator().manual_seed(at))
        samples = Sampling(model, guider, Euler(), flow_schedule(STEPS)).walk(noise, Recorder())
        return self.loaded.vae.decode(Latent(samples, model.family.name))

    def encode(self, prompts: list[str]) -> Conditioning:
        return self.loaded.text_encoder.encode(prompts)

    def row(self, name: str, image: Image) -> str:
        """Return mean IoU, share of pictures above one half, and the judge's accuracy."""
        each = [overlap(found_box(px), box) for px, box in zip(image.pixels, self.wanted, strict=True)]
        right = self.judge.accuracy(image, self.prompts)
        hit = sum(value > 0.5 for value in each) / len(each)
        exact = sum(share == 1 for share in right) / len(right)
        return f"| {name} | {sum(each) / len(each):.3f} | {hit:.3f} | {exact:.3f} |"


def sheet(rows: list[Tensor], path: Path) -> None:
    """Write rows of pictures (B, H, W, 3) below each other."""
    grid = torch.cat([torch.cat(list(row[:SHOWN]), dim=1) for row in rows])
    Pillow.fromarray((grid * 255).round().byte().numpy()).save(path)


def main() -> None:
    """Measure all strengths beside the two bounds, and draw some."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=256)
    torch.set_num_threads(1)
    scenes, prompts = held_out(options.parse_args().count)
    studio = Studio(scenes, prompts)
    made = {strength: studio.pictures(strength) for strength in STRENGTHS}
    renders = Image((render_batch(scenes, CANVAS).movedim(1, -1) + 1) / 2)
    lines = [
        "# Control: boxes on the embedded model",
        "",
        f"{len(scenes)} held-out prompts of one object on one colour, a random box each; {STEPS} steps of ",
        f"Euler, guidance {GUIDANCE_SCALE:g}. {platform.machine()}, {os.cpu_count()} cores. Written by "
        "`python -m benchmarks.control`.",
        "",
        "| pictures | mean IoU of object and box | share above 0.5 | prompt right, by the judge |",
        "|---|---|---|---|",
        studio.row("real renders (upper bound)", renders),
        *(studio.row(f"strength {strength:g}", image) for strength, image in made.items()),
        "",
        "Some objects fill their box less than wholly (a star, a crescent), which bounds the IoU. "
        "Strength 0 is the model without control.",
        "",
        "![Boxes, without control, with control](control.png)",
    ]
    (RESULTS / "control.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    sheet([studio.hints.pixels, made[0.0].pixels, made[1.0].pixels], RESULTS / "control.png")
    print("\n".join(lines))


if __name__ == "__main__":
    main()

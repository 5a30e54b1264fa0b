"""The judge: a small convolutional network that reads a scene's attributes from a picture.

It learns from fresh renders of the same generator, blurred and with noise, never from the model's pictures.
"""

import argparse
import json
import time
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from random import Random

import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from app.engine.imaging.judge import JudgeNetwork, open_judge
from models.mini.training.drawing import render_batch
from models.mini.training.scenes import CANVAS, Scene, SceneSampler, Thing
from models.mini.training.vocabulary import BACKGROUNDS, COLOR_NAMES, KINDS, LAYOUTS, SIZES, plural

VALUES: dict[str, list[str | None]] = {
    "kind_1": [*KINDS],
    "color_1": [*COLOR_NAMES, None],
    "size_1": [*SIZES],
    "kind_2": [*KINDS, None],
    "color_2": [*COLOR_NAMES, None],
    "size_2": [*SIZES, None],
    "layout": [*LAYOUTS],
    "background": [*BACKGROUNDS],
    "background_color": [*COLOR_NAMES, None],
}
"""The attributes of a scene and their values; None where there is no second object, or no colour to name."""


def read_attributes(scene: Scene) -> dict[str, str | None]:
    """Return the true attributes of a scene; equal objects count as one."""
    first = scene.things[0]
    second: Thing | None = scene.things[1] if scene.layout in ("left of", "above", "inside") else None
    return {
        "kind_1": first.kind,
        "color_1": first.color,
        "size_1": first.size,
        "kind_2": second.kind if second else None,
        "color_2": second.color if second else None,
        "size_2": second.size if second else None,
        "layout": scene.layout,
        "background": scene.background,
        "background_color": scene.background_color,
    }


def label(scenes: Sequence[Scene]) -> dict[str, Tensor]:
    """Return the class numbers (B,) of every attribute."""
    attributes = [read_attributes(scene) for scene in scenes]
    return {
        name: torch.tensor([values.index(one[name]) for one in attributes]) for name, values in VALUES.items()
    }


def load_classifier(folder: Path) -> JudgeNetwork:
    """Load a trained judge."""
    return open_judge(folder).network


def resize(pixels: Tensor) -> Tensor:
    """Bring pixels to the size that the judge was trained on."""
    if pixels.size(-1) == CANVAS:
        return pixels
    return functional.interpolate(pixels, (CANVAS, CANVAS), mode="bilinear", align_corners=False)


def spoil(pixels: Tensor, rng: Random) -> Tensor:
    """Blur a batch by a random amount and add noise, so that the judge tolerates soft pictures."""
    blurred = functional.avg_pool2d(functional.pad(pixels, (2, 2, 2, 2), mode="replicate"), 5, 1)
    share = rng.choice([0.0, rng.random(), 1.0])
    return pixels.lerp(blurred, share) + rng.uniform(0, 0.08) * torch.randn_like(pixels)


def train(options: Namespace) -> None:
    """Train for a fixed time and write the weights."""
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    rng = Random(options.seed)
    sampler, classifier = SceneSampler(rng), JudgeNetwork(VALUES)
    optimizer = torch.optim.AdamW(classifier.parameters(), lr=options.rate, weight_decay=0.02)
    start, step, progress = time.time(), 0, 0.0
    while progress < 1:
        progress = (time.time() - start) / (options.minutes * 60)
        optimizer.param_groups[0]["lr"] = options.rate * min(1, (step + 1) / 100) * max(0.01, 1 - progress)
        scenes = [sampler.sample() for _ in range(options.batch)]
        pixels = spoil(render_batch(scenes, CANVAS), rng).contiguous(memory_format=torch.channels_last)
        logits, truth = classifier(pixels), label(scenes)
        losses = torch.stack([functional.cross_entropy(logits[name], truth[name]) for name in VALUES])
        losses.sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        step += 1
        if step % 100 == 0:
            report = {"samples": step * options.batch, "loss": round(losses.sum().item(), 3)}
            print(json.dumps(report), flush=True)
    save(classifier, options.out)


def save(classifier: JudgeNetwork, folder: Path) -> None:
    """Write weights in float16 and the words beside them, as `app.engine.imaging.judge` reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {
        name: tensor.half() if tensor.is_floating_point() else tensor
        for name, tensor in classifier.state_dict().items()
    }
    save_file(weights, folder / "model.safetensors")
    plurals = {plural(kind): kind for kind in KINDS if plural(kind) != kind}
    config = {"values": VALUES, "plurals": plurals}
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")


def parse_options() -> Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=900)
    return parser.parse_args()


if __name__ == "__main__":
    train(parse_options())

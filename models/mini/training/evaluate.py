"""Measure how many of the prompt's attributes the pictures show, judged by `classifier.py`."""

import argparse
import json
import time
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from app.engine.imaging.judge import JudgeNetwork
from models.mini.training.autoencoder import mean_psnr, reconstruct
from models.mini.training.classifier import VALUES, label, load_classifier, resize
from models.mini.training.drawing import render_batch
from models.mini.training.sampling import HELD_OUT_SEED, Settings, generate, hold_out, load_mini_model
from models.mini.training.scenes import Scene
from models.mini.training.vocabulary import PLACES

MEASURED = [Settings(20, 3.0), Settings(20, 1.0), Settings(8, 3.0), Settings(8, 1.0)]
BATCH = 64
COLUMNS = {
    "color": ("color_1", "color_2"),
    "kind": ("kind_1", "kind_2"),
    "place": ("layout",),
    "background": ("background", "background_color"),
    "size": ("size_1", "size_2"),
    "all": tuple(VALUES),
}
"""Figures of the report and the attributes that must all be right for a picture to count."""


@torch.inference_mode()
def judge(classifier: JudgeNetwork, pixels: Tensor, scenes: Sequence[Scene]) -> dict[str, Tensor]:
    """Return for every attribute whether the judge reads the true value (B,)."""
    truth = label(scenes)
    batches = [classifier(resize(batch)) for batch in torch.split(pixels, BATCH)]
    return {name: torch.cat([batch[name].argmax(1) for batch in batches]) == truth[name] for name in VALUES}


def summarize(right: dict[str, Tensor], scenes: Sequence[Scene]) -> dict[str, float]:
    """Return the share of pictures in which each group of attributes is wholly right."""
    shares = {
        column: torch.stack([right[name] for name in names]).all(0) for column, names in COLUMNS.items()
    }
    single = torch.tensor([scene.layout in PLACES for scene in scenes])
    inside = torch.tensor([scene.layout == "inside" for scene in scenes])
    pair = torch.tensor([scene.layout in ("left of", "above") for scene in scenes])
    figures = {column: share.float().mean().item() for column, share in shares.items()}
    kinds = {"single": single, "pair": pair, "inside": inside, "group": ~(single | inside | pair)}
    for name, chosen in kinds.items():
        figures[f"all_{name}"] = shares["all"][chosen].float().mean().item()
    return {name: round(value, 3) for name, value in figures.items()}


def main(options: Namespace) -> None:
    """Judge renders, reconstructions, mismatched prompts and all measured settings; write the figures."""
    torch.set_num_threads(1)
    classifier, model = load_classifier(options.classifier), load_mini_model(options.model)
    scenes, prompts = hold_out(options.count, options.seed)
    renders = render_batch(scenes, model.size)
    reconstructions = torch.cat([reconstruct(model.vae, batch) for batch in torch.split(renders, BATCH)])
    rows = {
        "real renders": summarize(judge(classifier, renders, scenes), scenes),
        "autoencoder reconstructions": summarize(judge(classifier, reconstructions, scenes), scenes),
        "renders of other prompts": summarize(judge(classifier, renders.roll(1, 0), scenes), scenes),
    }
    for settings in MEASURED:
        start = time.process_time()
        pixels = generate(model, prompts, settings)
        name = f"{settings.steps} steps, CFG {settings.guidance_scale:g}"
        rows[name] = summarize(judge(classifier, pixels, scenes), scenes)
        rows[name]["cpu_seconds_per_picture"] = round((time.process_time() - start) / len(prompts), 3)
        print(name, rows[name], flush=True)
    psnr = round(mean_psnr(renders, reconstructions), 2)
    report = {"prompts": len(prompts), "seed": options.seed, "size": model.size, "psnr": psnr, "rows": rows}
    options.out.write_text(json.dumps(report, indent=2) + "\n")
    print(to_table(rows))


def to_table(rows: dict[str, dict[str, float]]) -> str:
    """Return the figures as a Markdown table."""
    columns = [*COLUMNS, "all_single", "all_pair", "all_inside", "all_group"]
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name, figures in rows.items():
        lines.append(f"| {name} | " + " | ".join(f"{figures[column]:.3f}" for column in columns) + " |")
    return "\n".join(lines)


def parse_options() -> Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=Path("models/mini"))
    parser.add_argument("--classifier", type=Path, default=Path("models/judges/mini"))
    parser.add_argument("--out", type=Path, default=Path("models/mini/evaluation.json"))
    parser.add_argument("--count", type=int, default=256)
    parser.add_argument("--seed", type=int, default=HELD_OUT_SEED)
    return parser.parse_args()


if __name__ == "__main__":
    main(parse_options())

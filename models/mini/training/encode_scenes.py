"""Draw scenes, encode them, store ``latents_<worker>.npy`` and ``scenes_<worker>.json``."""

import argparse
import json
import time
from argparse import Namespace
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch.multiprocessing.spawn import spawn

from models.mini.training.autoencoder import encode, load_autoencoder
from models.mini.training.drawing import render_batch
from models.mini.training.scenes import Scene, SceneSampler, scene_from_json

BATCH = 16


def encode_share(rank: int, options: Namespace) -> None:
    """Draw and encode one worker's share of the scenes."""
    torch.set_num_threads(1)
    vae = load_autoencoder(options.vae).to(memory_format=torch.channels_last)
    sampler, start = SceneSampler(Random(options.seed + rank)), time.time()
    latents: list[np.ndarray] = []
    scenes: list[Scene] = []
    while len(scenes) < options.scenes // options.workers:
        batch = [sampler.sample() for _ in range(BATCH)]
        latents.append(encode(vae, render_batch(batch, options.size)).half().numpy())
        scenes += batch
        if rank == 0 and len(scenes) % 1600 == 0:
            print(f"{len(scenes)} scenes in {time.time() - start:.0f} s", flush=True)
    np.save(options.data / f"latents_{rank}.npy", np.concatenate(latents))
    (options.data / f"scenes_{rank}.json").write_text(json.dumps([scene.to_json() for scene in scenes]))


def load_scenes(folder: Path) -> tuple[torch.Tensor, list[Scene]]:
    """Load the unscaled latents (B, C, h, w) and their scenes."""
    files = sorted(folder.glob("latents_*.npy"))
    if not files:
        raise FileNotFoundError(f"{folder} holds no latents; run models.mini.training.encode_scenes first")
    latents = torch.from_numpy(np.concatenate([np.load(file) for file in files])).float()
    scenes: list[Scene] = []
    for file in files:
        text = file.with_name(file.name.replace("latents", "scenes")).with_suffix(".json").read_text()
        scenes += [scene_from_json(data) for data in json.loads(text)]
    return latents, scenes


def parse_options() -> Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vae", type=Path, required=True, help="folder of the autoencoder")
    parser.add_argument("--data", type=Path, required=True, help="folder to write to")
    parser.add_argument("--scenes", type=int, default=32000)
    parser.add_argument("--size", type=int, default=128, help="pixels along one side")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=5000)
    return parser.parse_args()


if __name__ == "__main__":
    arguments = parse_options()
    arguments.data.mkdir(parents=True, exist_ok=True)
    spawn(encode_share, (arguments,), arguments.workers)  # type: ignore[no-untyped-call]

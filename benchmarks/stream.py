"""What does a stream batch cost a frame? `python -m benchmarks.stream` writes results/stream.md.

Frames of a moving square go through the embedded model one by one, and as a stream. Encoding and decoding
are part of the time. Ways are measured in turns, and the best time of each counts.
"""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter

import torch

from app.engine.conditioning import Conditioning
from app.engine.media import Image
from app.engine.sampling import Guider, Sampling
from app.engine.weights.loading import Loaded, load_folder
from nodes.guidance.cfg import Cfg
from nodes.guidance.no_guidance import NoGuidance
from nodes.samplers.euler import Euler
from nodes.schedules.flow_schedule import flow_schedule
from nodes.video.stream_batch import stream_batch
from nodes.video.stream_frames import stream_frames
from tests.tiny.recorder import Recorder

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
SIDE, STEPS, STRENGTH, SCALE, TURNS = 128, 4, 0.6, 1.4, 3
Way = Callable[[], tuple[int, Image]]


def film(count: int) -> Image:
    """Return frames in which a square moves for a while, stands still, and moves on."""
    pixels = torch.ones(count, SIDE, SIDE, 3)
    for index in range(count):
        left = 2 * min(index, count // 3) + 2 * max(0, index - 2 * count // 3)
        pixels[index, 40:88, left : left + 40] = torch.tensor([0.2, 0.3, 0.8])
    return Image(pixels)


def one_by_one(loaded: Loaded, guider: Guider, calls_a_step: int, frames: Image) -> tuple[int, Image]:
    """Return (calls of the model, pictures) of a run for each frame."""
    run = Sampling(loaded.model, guider, Euler(), flow_schedule(STEPS, strength=STRENGTH))
    made = [
        loaded.vae.decode(run.run(loaded.vae.encode(Image(pixels[None])), 1, Recorder())).pixels
        for pixels in frames.pixels
    ]
    return len(made) * STEPS * calls_a_step, Image(torch.cat(made))


def as_a_stream(
    loaded: Loaded, prompts: tuple[Conditioning, Conditioning], kind: str, similarity: float, frames: Image
) -> tuple[int, Image]:
    sigmas, watcher = flow_schedule(STEPS, strength=STRENGTH), Recorder()
    stream = stream_batch(loaded.model, prompts[0], sigmas, prompts[1], kind, SCALE, seed=1)  # type: ignore[arg-type]
    made = stream_frames(watcher, stream, loaded.vae, frames, similarity)  # type: ignore[arg-type]
    return watcher.reports[0]["calls"], made


def ways(loaded: Loaded, frames: Image) -> dict[str, Way]:
    told = loaded.text_encoder.encode(["a large red square on a white background"])
    empty = loaded.text_encoder.encode([""])
    streamed = partial(as_a_stream, loaded, (told, empty))
    return {
        "one by one": partial(one_by_one, loaded, NoGuidance(told), 1, frames),
        "stream": partial(streamed, "none", 1.0, frames),
        "one by one, CFG": partial(one_by_one, loaded, Cfg(told, empty, SCALE), 2, frames),
        "stream, CFG (full)": partial(streamed, "full", 1.0, frames),
        "stream, onetime-negative": partial(streamed, "onetime-negative", 1.0, frames),
        "stream, self-negative": partial(streamed, "self-negative", 1.0, frames),
        "stream, similarity 0.995": partial(streamed, "none", 0.995, frames),
    }


def main() -> None:
    """Measure all ways on the same frames."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--frames", type=int, default=24)
    count = options.parse_args().frames
    torch.set_num_threads(1)
    loaded, frames = load_folder(ROOT / "models" / "mini"), film(count)
    chosen = ways(loaded, frames)
    times, calls = dict.fromkeys(chosen, float("inf")), dict.fromkeys(chosen, 0)
    for _ in range(TURNS):
        for name, way in chosen.items():
            start = perf_counter()
            calls[name], _made = way()
            times[name] = min(times[name], perf_counter() - start)
    lines = [
        "# Stream batch on the embedded model",
        "",
        f"{count} frames of {SIDE} x {SIDE} pixels, {STEPS} steps, strength {STRENGTH:g}; in a third of them "
        f"nothing moves. {platform.machine()}, one thread of {os.cpu_count()} cores. Best of {TURNS} turns. "
        "Written by `python -m benchmarks.stream`.",
        "",
        "| way | calls of the model | ms a frame | against one by one |",
        "|---|---|---|---|",
    ]
    for name in chosen:
        basis = times["one by one, CFG" if "CFG" in name or "negative" in name else "one by one"]
        ratio = basis / times[name]
        lines.append(f"| {name} | {calls[name]} | {1000 * times[name] / count:.1f} | {ratio:.2f}x |")
    lines += [
        "",
        "Calls are exact; times vary by some tenths with what else the machine does. Guided ways are "
        "compared with CFG one by one. Stream and full guidance make the pictures of runs one by one; "
        "residual guidance and the filter, which leaves frames out at random, make others.",
    ]
    (RESULTS / "stream.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()

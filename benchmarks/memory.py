"""Expected against measured memory: `python -m benchmarks.memory` writes results/memory.md.

Random models of a few hundred MB are written to files, forecast from their headers, loaded and sampled, each
in a process of its own, which has made a small picture of that kind before. On a machine with CUDA, memory is
that of the GPU; without, that of the process.
Then 200 runs take turns with two models of which only one fits into the budget.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from app.config import Settings
from app.engine.conditioning import Conditioning
from app.engine.media import Latent
from app.engine.memory import process
from app.engine.memory.activations import text_length, text_width
from app.engine.memory.keeper import Keeper
from app.engine.memory.layerwise import store
from app.engine.memory.layout import LEAVING, Layout
from app.engine.memory.offloading import offload
from app.engine.model import Model
from app.engine.sampling import Sampling, Sigmas
from app.engine.weights.loading import import_libraries, quieten
from app.engine.weights.single_files import open_transformer
from app.execution.cache import ResultCache
from app.execution.context import Caller
from app.execution.events import Event, NodeFinished
from app.execution.executor import Executor
from app.execution.memory import Work
from app.graph.catalog import find
from app.graph.workflow import read
from nodes.guidance.no_guidance import NoGuidance
from nodes.samplers.euler import Euler
from tests.tiny.recorder import Recorder

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results" / "memory.md"
MIB = 2**20
RUNS, SETTLED = 200, 5
ONE_MODEL = 20 * MIB
TESTED = "small"  # the one that the tests measure, too
WAYS = ("resident", "offloaded", "float8")


@dataclass(frozen=True)
class Case:
    """A random transformer, and the picture that it makes."""

    kind: str
    config: dict[str, Any]
    size: tuple[int, int]
    length: int = 1
    heads: tuple[int, int] = (12, 64)  # their number and width


FLUX = {"in_channels": 64, "joint_attention_dim": 1024, "pooled_projection_dim": 256}
CASES = {
    "flux": Case(
        "FluxTransformer2DModel",
        {**FLUX, "num_layers": 1, "num_single_layers": 3, "axes_dims_rope": (8, 28, 28)},
        (768, 768),
    ),
    "sd3": Case(
        "SD3Transformer2DModel",
        {
            "num_layers": 3,
            "joint_attention_dim": 1024,
            "caption_projection_dim": 768,
            "pooled_projection_dim": 256,
            "in_channels": 16,
            "out_channels": 16,
            "pos_embed_max_size": 96,
        },
        (768, 768),
    ),
    "qwen-image": Case(
        "QwenImageTransformer2DModel",
        {"num_layers": 3, "joint_attention_dim": 1024, "axes_dims_rope": (16, 56, 56)},
        (768, 768),
        heads=(6, 128),
    ),
    "wan": Case(
        "WanTransformer3DModel",
        {"num_layers": 3, "text_dim": 1024, "ffn_dim": 4096, "freq_dim": 256},
        (384, 256),
        length=17,
        heads=(8, 128),
    ),
    "pixart": Case(
        "PixArtTransformer2DModel",
        {"num_layers": 3, "cross_attention_dim": 1152, "caption_channels": 1024, "sample_size": 128},
        (768, 768),
        heads=(16, 72),
    ),
    "ltx-video": Case(
        "LTXVideoTransformer3DModel",
        {"num_layers": 3, "cross_attention_dim": 1024, "caption_channels": 1024},
        (512, 384),
        length=49,
        heads=(16, 64),
    ),
    TESTED: Case(
        "FluxTransformer2DModel",
        {**FLUX, "num_layers": 1, "num_single_layers": 4, "axes_dims_rope": (8, 28, 28)},
        (512, 512),
    ),
}


def random_file(case: Case, path: Path) -> None:
    """Write a random transformer as diffusers names its tensors."""
    import diffusers

    torch.manual_seed(0)
    heads = dict(zip(("num_attention_heads", "attention_head_dim"), case.heads, strict=True))
    module: nn.Module = getattr(diffusers, case.kind)(**case.config, **heads)
    weights = {name: tensor.to(torch.float32).contiguous() for name, tensor in module.state_dict().items()}
    for tensor in weights.values():
        tensor.normal_(std=0.02)
    save_file(weights, path)


def works(case: Case, path: Path, way: str) -> list[Work]:
    """Return the plan of a run as the forecast sees it."""
    width, height = case.size
    latent = {"width": width, "height": height, "length": case.length}
    model = {"model": ("Model", "load", "model")}
    storage = {"storage": "float8_e4m3"} if "float8" in way else {}
    return [
        Work("load", storage, {"name": path}, {}, {"model": "Model"}, True),
        Work("empty", latent, {}, model, {"latent": "Latent"}, True),
        Work(
            "sample", {}, {}, {**model, "latent": ("Latent", "empty", "latent")}, {"latent": "Latent"}, True
        ),
    ]


def sample(model: Model, case: Case) -> None:
    """Make one step of a picture."""
    family, form = model.family, model.family.latent
    frames = ((case.length - 1) // form.frame_downscale + 1,) if form.frames else ()
    cells = (case.size[1] // form.downscale, case.size[0] // form.downscale)
    prompt = Conditioning(
        torch.randn(1, text_length(family), text_width(model.module)), torch.randn(1, 256), family.name
    )
    latent = Latent(torch.zeros(1, model.channels, *frames, *cells), family.name)
    Sampling(model, NoGuidance(prompt), Euler(), Sigmas((1.0, 0.5))).run(latent, 0, Recorder())


def expected(case: Case, path: Path, way: str) -> dict[str, int]:
    """Return what the plan says of loading and of sampling (bytes)."""
    layout: Layout = Keeper(None).foresee(works(case, path, way))
    if "offloaded" in way:
        layout = replace(layout, offloaded=frozenset(name for names in LEAVING for name in names))
    return {"weights": layout.nodes["load"].loads[0].size.bytes, "sampling": layout.peak("sample")}


def measured(case: Case, path: Path, ways: Iterable[str]) -> dict[str, dict[str, int]]:
    """Load and sample in this process, one way after the other, after a small picture."""
    process.return_large_blocks()
    quieten()
    import_libraries()
    warm_up(case)
    return {way: measured_once(case, path, way) for way in ways}


def measured_once(case: Case, path: Path, way: str) -> dict[str, int]:
    """Return what is held at rest and at most, beside what was held before the model."""
    process.give_back()
    before = process.held()
    model = open_transformer(path)
    if "float8" in way:
        store(model.module, "float8_e4m3")
    if "offloaded" in way:
        offload(model.module)
    process.give_back()
    rests = process.held() - before
    process.restart_peak()
    sample(model, case)
    return {"rests": rests, "sampling": process.peak() - before}


def warm_up(case: Case) -> None:
    """Make a small picture with one block of each kind, so that the program's own code is in memory."""
    layers = {name: 1 for name in case.config if name in ("num_layers", "num_single_layers")}
    small = replace(case, size=(64, 64), length=1, config={**case.config, **layers})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "warm.safetensors")
        random_file(small, path)
        sample(open_transformer(path), small)
    process.give_back()


def ask(*words: str) -> Any:
    """Run this module in a fresh process; returns what it prints."""
    command = [sys.executable, "-m", "benchmarks.memory", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return json.loads(done.stdout.splitlines()[-1])


def rows() -> Iterator[str]:
    yield "| model | weights | expected while sampling | measured | off by | at rest |"
    yield "|---|---|---|---|---|---|"
    for name, case in CASES.items():
        if name == TESTED:
            continue
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "model.safetensors")
            random_file(case, path)
            found = ask("measured", name, str(path), *WAYS)
            for way, real in found.items():
                plan = expected(case, path, way)
                off = f"{plan['sampling'] / real['sampling'] - 1:+.1%}"
                yield (
                    f"| {name}, {way} | {plan['weights'] / MIB:.0f} MiB | {plan['sampling'] / MIB:.0f} MiB "
                    f"| {real['sampling'] / MIB:.0f} MiB | {off} | {real['rests'] / MIB:.0f} MiB |"
                )


def turns(runs: int) -> tuple[int, int]:
    """Let two models take turns in a budget for one; return what is held after run 5 and at the end."""
    catalog = find()
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        for name in ("one", "other"):
            shutil.copytree(ROOT / "models" / "mini", base / "models" / name)
        folders = Settings(base).folders
        memory = Keeper(ONE_MODEL)
        executor = Executor(catalog, ResultCache(2**30), folders, keeper=memory)
        document = json.loads((ROOT / "workflows" / "first_picture.json").read_text())
        settled = last = 0
        for run in range(runs):
            nodes = document["graphs"][document["root"]]["nodes"]
            nodes["load"]["values"] = {"name": ("one", "other")[run % 2]}
            nodes["schedule"]["values"] = {**nodes["schedule"].get("values", {}), "steps": 1}
            nodes["sample"]["values"] = {"seed": run}
            told: list[Event] = []
            end = executor.run(read(document), Caller(told.append))
            loaded = {event.node for event in told if isinstance(event, NodeFinished) and not event.cached}
            if end.status != "done" or "load" not in loaded:
                raise RuntimeError(f"run {run}: {end}; the other model was to leave by need")
            last = process.held()
            settled = last if run + 1 == SETTLED else settled
    return settled, last


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("what", nargs="?", default="all", choices=("all", "measured", "turns"))
    arguments.add_argument("rest", nargs="*")
    options = arguments.parse_args()
    torch.set_num_threads(1)
    if options.what == "turns":
        print(json.dumps(turns(int(options.rest[0]))))
        return
    if options.what != "all":
        name, path, *ways = options.rest
        print(json.dumps(measured(CASES[name], Path(path), ways)))
        return
    machine = f"{platform.machine()}, torch {torch.__version__}, {process.device_name()}"
    lines = ["# Memory: expected against measured", "", f"{machine}; one thread; fp32 files.", ""]
    for row in rows():
        print(row, flush=True)
        lines.append(row)
    settled, last = ask("turns", str(RUNS))
    lines += [
        "",
        f"{RUNS} runs that take turns with two models in a budget for one: {settled / MIB:.1f} MiB after run "
        f"{SETTLED}, {last / MIB:.1f} MiB after the last ({last / settled - 1:+.2%}).",
    ]
    print(lines[-1])
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

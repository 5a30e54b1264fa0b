"""How long a checkpoint takes to load: `python -m benchmarks.loading` writes results/loading.md.

A random Flux of 2 GB in float32, as a file in diffusers layout and as one in the authors' own, which keeps
query, key and value of a block in one matrix. By turns in one process, file in the page cache; each load ends
when every weight was read once, so that a file that is only mapped into memory has no advantage. Medians.
"""

from __future__ import annotations

import gc
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import torch
from accelerate import init_empty_weights
from diffusers import FluxTransformer2DModel
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from app.checkpoints.known.flux import FLUX
from app.engine.weights.single_files import open_transformer
from tests.tiny.layouts import original

RESULTS = Path(__file__).parent / "results" / "loading.md"
ROUNDS = 3
CONFIG: dict[str, Any] = {
    "num_layers": 4,
    "num_single_layers": 8,
    "num_attention_heads": 16,
    "attention_head_dim": 96,
    "joint_attention_dim": 4096,
    "axes_dims_rope": (16, 40, 40),
    "guidance_embeds": True,
}


def random_weights() -> dict[str, Tensor]:
    module = FluxTransformer2DModel(**CONFIG)
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def touched(module: nn.Module) -> float:
    return sum(float(tensor.sum()) for tensor in module.state_dict().values())


def bare(path: Path, assign: bool) -> float:
    """Load as one would by hand, with the weights put in place of the model's or copied into them."""
    with init_empty_weights(include_buffers=False):
        module = FluxTransformer2DModel(**CONFIG)
    if not assign:
        module.to_empty(device="cpu")
    module.load_state_dict(load_file(path), assign=assign)
    return touched(module)


def ours(path: Path) -> float:
    return touched(open_transformer(path, "float32").module)


def times(works: dict[str, Callable[[], float]]) -> dict[str, float]:
    """Return the median time (s) of each."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            gc.collect()
            started = time.perf_counter()
            work()
            taken[name].append(time.perf_counter() - started)
    return {name: median(values) for name, values in taken.items()}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        plain, authors = Path(folder, "plain.safetensors"), Path(folder, "authors.safetensors")
        weights = random_weights()
        save_file(weights, plain)
        save_file(original(weights, FLUX.layouts[0].rules(list(weights))), authors)
        del weights
        size = plain.stat().st_size
        found = times(
            {
                "load_file, load_state_dict": lambda: bare(plain, False),
                "load_file, load_state_dict(assign=True)": lambda: bare(plain, True),
                "Patchloom, diffusers layout": lambda: ours(plain),
                "Patchloom, original layout": lambda: ours(authors),
            }
        )
    copied, assigned, *_ = found.values()
    rows = [
        f"| {name} | {value:.2f} s | {value / copied:.2f} | {value / assigned:.2f} |"
        for name, value in found.items()
    ]
    RESULTS.write_text(
        "# Loading a checkpoint\n\n"
        f"CPU: {platform.machine()}, Python {platform.python_version()}, torch {torch.__version__}; "
        f"a Flux of {size / 1e9:.2f} GB, float32,\nin the page cache; medians of {ROUNDS} loads, "
        "each until every weight was read once.\n\n"
        "| what | time | over the first | over the second |\n|---|---|---|---|\n" + "\n".join(rows) + "\n",
        encoding="utf-8",
    )
    print(RESULTS.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()

"""What few bits cost and bring: `python -m benchmarks.quantised` writes results/quantised.md.

Every format is written to a file and opened by the loader, as far as files hold it; GGUF is packed in memory,
since its files cannot say how the embedded model differs from Flux.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import gguf
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from app.engine.imaging.judge import open_judge
from app.engine.imaging.metrics import latent_error
from app.engine.media import Image, Latent
from app.engine.model import Model
from app.engine.sampling import Guider, Sampling, Sigmas
from app.engine.weights.loading import load_folder
from app.engine.weights.model_files import HEADER, facts, save_transformer
from app.engine.weights.packed import Packed
from app.engine.weights.packed_linear import packed_linear
from app.engine.weights.quantising import FORMATS, block_layers, quantized, with_packed
from app.engine.weights.single_files import open_transformer
from app.engine.weights.vidit_q import Recipe
from models.mini.training.sampling import hold_out
from nodes.guidance.cfg import Cfg
from nodes.quantization.vidit_q import vidit_q
from nodes.samplers.euler import Euler
from tests.tiny.gguf_files import write_gguf
from tests.tiny.quantised_files import WRITERS, Written
from tests.tiny.recorder import ROOT, Recorder

RESULTS = Path(__file__).parent / "results" / "quantised.md"
PROMPTS, BATCH, STEPS, SCALE = 128, 16, 8, 3.0
CALIBRATED = 8  # prompts of another seed
ROUNDS = 7
GGUF_TYPES = ("Q8_0", "Q5_0", "Q4_0")
TOKENS, WIDTH, WIDER = 1024, 1024, 4096  # of the single layer
Make = Callable[[Path], Model]


def plain_fp8(kind: torch.dtype) -> Callable[[Tensor], Written]:
    return lambda weight: Written({"weight": weight.to(kind)}, weight.to(kind).float())


def scaled_fp8(weight: Tensor) -> Written:
    scale = weight.abs().amax() / 448
    raw = (weight / scale).to(torch.float8_e4m3fn)
    return Written({"weight": raw, "weight_scale": scale}, raw.float() * scale)


@dataclass(frozen=True)
class Score:
    """What a format made of all prompts."""

    error: float
    facts: float
    all_right: float


def even(steps: int) -> Sigmas:
    return Sigmas(tuple(1 - step / steps for step in range(steps + 1)))


class Mini:
    """The embedded model, its judge, and what it makes of prompts that no training saw."""

    def __init__(self) -> None:
        loaded = load_folder(ROOT / "models" / "mini")
        self.model, self.vae, self.encoder = loaded.model, loaded.vae, loaded.text_encoder
        self.judge = open_judge(ROOT / "models" / "judges" / "mini")
        _, self.prompts = hold_out(PROMPTS)
        self.batches = [self.prompts[at : at + BATCH] for at in range(0, PROMPTS, BATCH)]
        self.reference = self.sample(self.model)

    def empty(self, count: int) -> Latent:
        width, height = (size // self.model.family.latent.downscale for size in self.model.native_size)
        return Latent(torch.zeros(count, self.model.channels, height, width), self.model.family.name)

    def guider(self, prompts: list[str]) -> Guider:
        return Cfg(self.encoder.encode(prompts), self.encoder.encode([""]), SCALE)

    def batch(self, model: Model, number: int, steps: int = STEPS) -> Tensor:
        prompts = self.batches[number]
        sampling = Sampling(model, self.guider(prompts), Euler(), even(steps))
        return sampling.run(self.empty(len(prompts)), number, Recorder()).samples

    def sample(self, model: Model) -> Tensor:
        return torch.cat([self.batch(model, number) for number in range(len(self.batches))])

    def score(self, model: Model) -> Score:
        latents = self.sample(model)
        pictures = Image(self.vae.decode(Latent(latents, model.family.name)).pixels)
        shares = self.judge.accuracy(pictures, self.prompts)
        return Score(
            latent_error(latents, self.reference),
            sum(shares) / len(shares),
            sum(share == 1 for share in shares) / len(shares),
        )

    def calibrated(self, precision: str, protect: float, *, rotate: bool = True) -> Model:
        _, prompts = hold_out(CALIBRATED, seed=7)
        return vidit_q(
            Recorder(),  # type: ignore[arg-type]
            self.model,
            self.guider(prompts),
            Euler(),
            even(STEPS),
            self.empty(CALIBRATED),
            precision,  # type: ignore[arg-type]
            protect=protect,
            rotate=rotate,
        )

    def in_file(self, path: Path, write: Callable[[Tensor], Written]) -> Model:
        """Write the blocks as another program does, and open the file."""
        tensors = dict(self.model.module.state_dict())
        for name in block_layers(self.model.module):
            written = write(tensors.pop(f"{name}.weight"))
            tensors |= {f"{name}.{leaf}": tensor.contiguous() for leaf, tensor in written.tensors.items()}
        save_file(tensors, path, metadata={HEADER: json.dumps(facts(self.model))})
        return open_transformer(path)

    def saved(self, path: Path, model: Model) -> Model:
        save_transformer(model, path)
        return open_transformer(path)

    def halved(self, path: Path, dtype: torch.dtype) -> Model:
        tensors = {name: tensor.to(dtype) for name, tensor in self.model.module.state_dict().items()}
        save_file(tensors, path, metadata={HEADER: json.dumps(facts(self.model))})
        return open_transformer(path)

    def in_gguf(self, path: Path, kind: str) -> Model:
        write_gguf(path, self.model.module.state_dict(), kind)
        return Model(with_packed(self.model.module, gguf_blocks(kind), torch.float32), self.model.family)


def gguf_blocks(kind: str) -> Callable[[str, nn.Linear], Packed]:
    def choose(name: str, layer: nn.Linear) -> Packed:
        raw = gguf.quants.quantize(layer.weight.numpy(), gguf.GGMLQuantizationType[kind])
        return Packed(torch.from_numpy(raw), kind)

    return choose


def formats(mini: Mini) -> Iterator[tuple[str, Make]]:
    """Yield every format with what makes the model of a file."""
    yield "float32", lambda path: mini.saved(path, mini.model)
    yield "bfloat16", lambda path: mini.halved(path, torch.bfloat16)
    yield "float16", lambda path: mini.halved(path, torch.float16)
    yield "fp8 e4m3, plain", lambda path: mini.in_file(path, plain_fp8(torch.float8_e4m3fn))
    yield "fp8 e5m2, plain", lambda path: mini.in_file(path, plain_fp8(torch.float8_e5m2))
    yield "fp8 e4m3, a scale a weight", lambda path: mini.in_file(path, scaled_fp8)
    for name in FORMATS:
        title = f"`{name}` of Quantize model"
        yield title, lambda path, name=name: mini.saved(path, quantized(mini.model, name))  # type: ignore[misc]
    for kind in ("FP4", "NVFP4", "MXFP8"):
        yield kind, lambda path, kind=kind: mini.in_file(path, WRITERS[kind])  # type: ignore[misc]
    for kind in GGUF_TYPES:
        yield f"GGUF {kind}", lambda path, kind=kind: mini.in_gguf(path, kind)  # type: ignore[misc]
    yield "ViDiT-Q W8A8", lambda path: mini.saved(path, mini.calibrated("W8A8", 0))
    yield "ViDiT-Q W4A8, not rotated", lambda path: mini.saved(path, mini.calibrated("W4A8", 0, rotate=False))
    for protect in (0, 0.25, 0.5):
        title = f"ViDiT-Q W4A8, {protect:.0%} protected"
        yield title, lambda path, protect=protect: mini.saved(path, mini.calibrated("W4A8", protect))  # type: ignore[misc]


def ratio(run: Callable[[], object], plain: Callable[[], object]) -> float:
    """Return the CPU time over that of the plain way, median of rounds in turn."""

    def seconds(call: Callable[[], object]) -> float:
        started = time.process_time()
        call()
        return time.process_time() - started

    seconds(run), seconds(plain)
    return median(seconds(run) / seconds(plain) for _ in range(ROUNDS))


def on_mini(folder: Path) -> Iterator[str]:
    mini = Mini()
    yield "| format | file (MB) | in memory (MB) | latent error | facts right | all right | time |"
    yield "|---|---|---|---|---|---|---|"
    for number, (name, make) in enumerate(formats(mini)):
        path = folder / f"{number}.safetensors"
        model = make(path)
        score = mini.score(model)
        taken = ratio(lambda model=model: mini.batch(model, 0, 1), lambda: mini.batch(mini.model, 0, 1))  # type: ignore[misc]
        sizes = f"{path.stat().st_size / 1e6:.2f} | {model.nbytes / 1e6:.2f}"
        quality = f"{score.error:.4f} | {score.facts:.3f} | {score.all_right:.3f}"
        yield f"| {name} | {sizes} | {quality} | {taken:.2f} |"


def on_a_layer() -> Iterator[str]:
    """Set a single large layer in each format beside float32 and bfloat16."""
    torch.manual_seed(0)
    layer, x = nn.Linear(WIDTH, WIDER).requires_grad_(False), torch.randn(1, TOKENS, WIDTH)
    half = nn.Linear(WIDTH, WIDER, dtype=torch.bfloat16).requires_grad_(False)
    recipes = [
        (name, packed) for name in FORMATS if isinstance(packed := FORMATS[name].pack(layer.weight), Packed)
    ]
    peaks = x.abs().amax(dim=(0, 1))
    for bits, rotate in ((8, True), (8, False), (4, True)):
        if (balanced := Recipe(0.3, rotate).pack(layer, peaks, bits)) is not None:
            recipes.append((f"ViDiT-Q W{bits}A8{'' if rotate else ', not rotated'}", balanced))
    yield "| format | kernel | error | time against float32 | against bfloat16 |"
    yield "|---|---|---|---|---|"
    exact = layer(x)
    for name, packed in recipes:
        small = packed_linear(layer, packed, torch.float32)
        error = float((small(x) - exact).norm() / exact.norm())
        times = [
            ratio(lambda small=small: small(x), plain)  # type: ignore[misc]
            for plain in (lambda: layer(x), lambda: half(x.bfloat16()))
        ]
        yield f"| {name} | {small.kernel} | {error:.4f} | {times[0]:.2f} | {times[1]:.2f} |"


def report(folder: Path) -> Iterator[str]:
    yield "# Quantised weights: what few bits cost, and what they bring"
    yield ""
    yield f"CPU: {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()},"
    yield f"torch {torch.__version__}; CPU time of one thread, other work on the machine. No GPU."
    yield ""
    yield f"## Quality: embedded model, {PROMPTS} held-out prompts, {STEPS} steps, guidance {SCALE:g}"
    yield ""
    yield "The linear layers of all blocks are quantised, modulation too; the rest stays float32. Error is"
    yield "against the float32 model with the same noise; facts and pictures all right are read by the"
    yield f"embedded judge, and chance moves the last by at most {(0.25 / PROMPTS) ** 0.5:.2f}. Time is"
    yield f"against float32, median of {ROUNDS} turns of one step of a batch of {BATCH}: the model is 128"
    yield "to 640 wide, so decoding and rounding weigh far more than in a large one. K-quants need rows of"
    yield "256 numbers, which it does not have. Its own file is float16, so float16 loses nothing."
    yield ""
    yield from on_mini(folder)
    yield ""
    yield f"## Speed: one layer, {TOKENS} tokens, {WIDTH} to {WIDER}, random"
    yield ""
    yield "What decodes costs the product and more, everywhere. What multiplies whole numbers needs a"
    yield "processor with VNNI (this one has it) or a GPU with tensor cores (not measured)."
    yield ""
    yield from on_a_layer()


def main() -> None:
    torch.set_num_threads(1)
    lines = []
    with torch.no_grad(), TemporaryDirectory() as folder:
        for line in report(Path(folder)):
            print(line, flush=True)
            lines.append(line)
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

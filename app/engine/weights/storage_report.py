"""What a loader says of quantised weights: how they are kept, which kernel runs, and what that brings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import torch
from torch import nn

from app.engine.weights.noise_ranges import RangedLinear
from app.engine.weights.packed_linear import Int8Linear, PackedLinear, why_decoded

WHOLE_NUMBERS = {"I8": "W8A8", "I4": "W4A8"}


def storage_report(module: nn.Module, dtype: torch.dtype) -> dict[str, object]:
    """Say how a model's weights are kept, what that saves, which kernel runs and why it may not be faster."""
    layers = [part for part in module.modules() if isinstance(part, PackedLinear)]
    several = [part for part in module.modules() if isinstance(part, RangedLinear)]
    further = sum(numbers(part) * (len(part.ranges) - 1) for part in several)
    plain = (sum(map(numbers, layers)) - further) * dtype.itemsize
    small = sum(tensor.nbytes for layer in layers for tensor in layer.buffers())
    total = sum(tensor.nbytes for tensor in (*module.parameters(), *module.buffers()))
    computed = str(dtype).removeprefix("torch.")
    said: dict[str, object] = {
        "summary": f"{computed}, {total / 1e6:,.1f} MB",
        "stored": ", ".join(sorted({title(layer) for layer in layers})) or computed,
        "computed": computed,
        "packed_layers": len(layers),
        "bytes": total,
        "bytes_saved": plain - small,
    }
    if layers:
        said["summary"] = f"{said['stored']}: {total / 1e6:,.1f} MB, {(plain - small) / 1e6:,.1f} MB saved"
        said["kernel"] = listed(layer.kernel for layer in layers)
        said["note"] = note(layers)
    return said


def encoders_report(encoders: Mapping[str, nn.Module]) -> dict[str, object]:
    """Say the same of text encoders, by name: of all together, and of each where there are several."""
    precise = {name: next(module.parameters()).dtype for name, module in encoders.items()}
    together = nn.ModuleList(encoders.values())
    said = storage_report(together, next(iter(precise.values())))
    if len(encoders) > 1:
        said |= {name: storage_report(module, precise[name])["summary"] for name, module in encoders.items()}
    return said


def numbers(layer: nn.Linear) -> int:
    return layer.in_features * layer.out_features


def title(layer: PackedLinear) -> str:
    """Return how a layer's weight, and perhaps its input, is kept."""
    return WHOLE_NUMBERS[layer.kind] if isinstance(layer, Int8Linear) else layer.kind


def note(layers: Iterable[PackedLinear]) -> str:
    """Say what the layers bring in time."""
    decoded = {why_decoded(layer.packed) for layer in layers} - {""}
    said = [f"Saves memory, not time: {' and '.join(sorted(decoded))}."] if decoded else []
    if any(isinstance(layer, Int8Linear) for layer in layers):
        said.append(
            "Whole numbers multiply faster than float32 on processors with VNNI, and may on GPUs with tensor "
            "cores (not measured); small layers lose that to rounding their inputs."
        )
    return " ".join(said)


def listed(words: Iterable[str]) -> str:
    """Return words with how often each comes, the most frequent first; alone where there is one only."""
    counts = Counter(words).most_common()
    return counts[0][0] if len(counts) == 1 else "; ".join(f"{count} x {word}" for word, count in counts)

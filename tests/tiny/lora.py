"""Tiny random LoRAs in the names of every trainer."""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from app.checkpoints.rules import Piece, translate
from app.engine.weights.tensors import assemble
from tests.tiny.layouts import architecture

RANK, ALPHA = 2, 3.0
# Authors' name of a layer -> (down, up, what becomes of the rows of up by diffusers' names)
Pairs = dict[str, tuple[Tensor, Tensor, dict[str, Piece]]]


def pairs(module: nn.Module, name: str, layers: Sequence[str]) -> Pairs:
    """Draw an update for each layer, named as the authors do."""
    layout = architecture(name).layouts[0]
    weights = module.state_dict()
    found: Pairs = {}
    for count, layer in enumerate(layers):
        random = torch.Generator().manual_seed(count)
        pieces = translate({f"{layer}.weight": (840, 1)}, layout.rules(()))  # any height that shares divide
        rows = [weights[ours].shape for ours in pieces]
        height, width = sum(shape[0] for shape in rows), rows[0][1]
        down, up = torch.randn(RANK, width, generator=random), torch.randn(height, RANK, generator=random)
        found[layer] = down, 0.1 * up, translate({f"{layer}.weight": (height, width)}, layout.rules(()))
    return found


def merged(module: nn.Module, found: Pairs, strength: float) -> nn.Module:
    """Return a copy of the model with the updates in its weights."""
    changed = copy.deepcopy(module)
    weights = changed.state_dict()
    for down, up, pieces in found.values():
        for name, piece in pieces.items():
            weights[name] += strength * (ALPHA / RANK) * assemble(up @ down, piece)
    return changed


def kohya_names(found: Pairs) -> dict[str, Tensor]:
    weights = {}
    for layer, (down, up, _) in found.items():
        stem = f"lora_unet_{layer.replace('.', '_')}"
        weights |= {f"{stem}.lora_down.weight": down, f"{stem}.lora_up.weight": up}
        weights[f"{stem}.alpha"] = torch.tensor(ALPHA)
    return weights


def original_names(found: Pairs) -> dict[str, Tensor]:
    """Name as ai-toolkit does: the authors' names with dots; the scale is in the matrices."""
    weights = {}
    for layer, (down, up, _) in found.items():
        stem = f"diffusion_model.{layer}"
        weights |= {f"{stem}.lora_A.weight": down, f"{stem}.lora_B.weight": up * ALPHA / RANK}
    return weights


def diffusers_names(found: Pairs) -> dict[str, Tensor]:
    weights = {}
    for down, up, pieces in found.values():
        for name, piece in pieces.items():
            stem = f"transformer.{name.removesuffix('.weight')}"
            weights[f"{stem}.lora_A.weight"] = down.clone()
            weights[f"{stem}.lora_B.weight"] = assemble(up, piece) * ALPHA / RANK
    return weights

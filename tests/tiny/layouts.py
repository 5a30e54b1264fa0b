"""Tiny checkpoints as their authors would have written them: our key maps, turned around."""

import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from app.checkpoints.architecture import Architecture
from app.checkpoints.known import ARCHITECTURES
from app.checkpoints.rules import Rule, numbered, rule
from app.engine.networks import network
from tests.tiny.sizes import AUTOENCODERS, TEXT_ENCODERS, TRANSFORMERS

Weights = dict[str, Tensor]


def architecture(name: str, kind: str = "transformer") -> Architecture:
    return next(known for known in ARCHITECTURES if (known.name, known.kind) == (name, kind))


def original(weights: Mapping[str, Tensor], rules: Iterable[Rule]) -> Weights:
    """Return weights of diffusers under the authors' names: the inverse of `translate` and `assemble`."""
    rest, found = dict(weights), Weights()
    for entry in rules:
        first = rule(entry.ours[0], entry.original)
        for name in list(rest):
            if (match := first.pattern.fullmatch(name)) is not None:
                *numbers, leaf = (group or "" for group in match.groups())
                stacked = [rest.pop(numbered(ours, numbers) + leaf) for ours in entry.ours]
                found[numbered(entry.original, numbers) + leaf] = joined(stacked, entry)
    return found | rest


def joined(tensors: list[Tensor], entry: Rule) -> Tensor:
    tensor = torch.cat(tensors)
    if entry.swap:
        second, first = tensor.chunk(2)
        tensor = torch.cat([first, second])
    return tensor[:, :, None, None] if entry.flat and tensor.ndim == 2 else tensor


def random(module: nn.Module) -> nn.Module:
    """Fill a model so that no two tensors are alike."""
    generator = torch.Generator().manual_seed(5)
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.05, generator=generator)
    return module.eval().requires_grad_(False)


def transformer(name: str, **changes: Any) -> nn.Module:
    """Build a transformer whose sizes a header can tell."""
    import diffusers

    arguments, model = {**TRANSFORMERS[name], **changes}, architecture(name).model
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # diffusers warns of imports of its own
        return random((network(model) or getattr(diffusers, model))(**arguments))


def autoencoder(name: str) -> nn.Module:
    """Build an autoencoder with as many channels as the published one has."""
    import diffusers

    return random(getattr(diffusers, architecture(name, "vae").model)(**AUTOENCODERS[name]))


def text_encoder(name: str, vocabulary: int = 60, **changes: Any) -> nn.Module:
    """Build a text encoder of transformers whose sizes a header can tell."""
    import transformers

    sizes = {**TEXT_ENCODERS[name], **({} if "clip" in name else {"vocab_size": vocabulary})}
    kind = getattr(transformers, architecture(name, "text_encoder").model)
    return random(kind(kind.config_class(**{**sizes, **changes})))


def stored(module: nn.Module, ties: Mapping[str, str] | None = None) -> Weights:
    """Return the weights as a file holds them: what is tied, once."""
    return {name: tensor for name, tensor in module.state_dict().items() if name not in (ties or {})}

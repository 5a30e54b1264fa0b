"""The judge of the embedded model: a small network that reads from a picture what the prompt asked for.

It knows the words of that model's world only and learned from renders, never from the model's pictures.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from app.checkpoints.weights import read_json
from app.engine.media import Image
from app.graph.problem import Refusal

CHANNELS = (48, 96, 96, 128, 128)
STRIDES = (2, 2, 1, 2, 1)
SIDE = 128  # pixels of the pictures that it reads
Values = Mapping[str, Sequence[str | None]]
RELATIONS = {
    "left of": "left of",
    "right of": "left of",
    "inside": "inside",
    "above": "above",
    "on top of": "above",
    "below": "above",
}
SWAPPED = ("right of", "below", "inside")  # the judge names the left, the upper or the outer object first
PLACE = re.compile(r"\b(?:in|on|at) the (center|middle|(?:top|bottom)(?: (?:left|right))?|left|right)\b")
Fact = tuple[str, ...]


class JudgeNetwork(nn.Module):
    """Pixels (B, 3, 128, 128) in -1..1 to the logits of every attribute."""

    def __init__(self, values: Values) -> None:
        """Build the convolutions and one linear head for each attribute."""
        super().__init__()
        layers: list[nn.Module] = [nn.PixelUnshuffle(2)]
        inputs = 12
        for channels, stride in zip(CHANNELS, STRIDES, strict=True):
            layers += [
                nn.Conv2d(inputs, channels, 3, stride, 1, bias=False),
                nn.BatchNorm2d(channels),
                nn.ReLU(),
            ]
            inputs = channels
        layers += [nn.Conv2d(inputs, 32, 1), nn.Flatten(), nn.Linear(32 * 64, 384), nn.ReLU()]
        self.body = nn.Sequential(*layers)
        self.heads = nn.ModuleDict({name: nn.Linear(384, len(known)) for name, known in values.items()})

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        """Return the logits (B, values) of every attribute."""
        features = self.body(pixels)
        return {name: head(features) for name, head in self.heads.items()}


@dataclass(frozen=True, eq=False)
class Judge:
    """The network with the words that it can read."""

    network: JudgeNetwork
    values: Values
    plurals: Mapping[str, str]

    @torch.no_grad()
    def read(self, image: Image) -> list[dict[str, str | None]]:
        """Return the attributes of each picture."""
        pixels = image.pixels.movedim(-1, 1) * 2 - 1
        if pixels.shape[-2:] != (SIDE, SIDE):
            pixels = functional.interpolate(pixels, (SIDE, SIDE), mode="bilinear", align_corners=False)
        logits = self.network(pixels)
        rows = {name: scores.argmax(1).tolist() for name, scores in logits.items()}
        return [
            {name: self.values[name][chosen[at]] for name, chosen in rows.items()}
            for at in range(len(pixels))
        ]

    def accuracy(self, image: Image, prompts: Sequence[str]) -> list[float]:
        """Return for each picture the share (0..1) of its prompt's facts that it shows."""
        return [self.share(seen, prompt) for seen, prompt in zip(self.read(image), prompts, strict=True)]

    def share(self, seen: Mapping[str, str | None], prompt: str) -> float:
        facts = set(self.facts(prompt))
        if not facts:
            raise Refusal(
                f"The judge knows no word of {prompt[:60]!r}.",
                "It reads pictures of the embedded model's world only; docs/mini_model.md lists the words.",
                code="unknown_words",
                input="prompt",
            )
        return len(facts & set(shown(seen))) / len(facts)

    def facts(self, prompt: str) -> Iterator[Fact]:
        """Yield what a prompt says, as the judge would tell it."""
        words = [self.plurals.get(word, word) for word in re.findall(r"[a-z]+", prompt.lower())]
        text = " ".join(words)
        kinds = self.values["kind_1"]
        objects = [(word, self.color_before(words, at)) for at, word in enumerate(words) if word in kinds]
        yield from ((kind, color) if color else (kind,) for kind, color in objects)
        yield from self.backgrounds(words)
        relation = next((name for name in RELATIONS if f" {name} " in f" {text} "), None)
        if relation and len(objects) == 2:
            first, second = (kind for kind, _ in objects)
            order = (second, first) if relation in SWAPPED else (first, second)
            yield (RELATIONS[relation], *order)
        elif len(objects) == 1 and (place := PLACE.search(text)):
            yield "place", place[1].replace("middle", "center")
        if words and (count := next((word for word in words if word in ("two", "three")), None)):
            yield "count", count

    def backgrounds(self, words: Sequence[str]) -> Iterator[Fact]:
        """Yield the background's landscape, or its colour: the one that belongs to no object."""
        kinds, colors = self.values["kind_1"], self.values["background_color"]
        for at, word in enumerate(words):
            if word in ("meadow", "night", "beach", "sunset", "snow"):
                yield "background", word
            if word in colors and (at + 1 == len(words) or words[at + 1] not in kinds):
                yield "background", word

    def color_before(self, words: Sequence[str], at: int) -> str | None:
        return words[at - 1] if at and words[at - 1] in self.values["color_1"] else None

    @cached_property
    def nbytes(self) -> int:
        return sum(parameter.nbytes for parameter in self.network.parameters())


def shown(seen: Mapping[str, str | None]) -> Iterator[Fact]:
    """Yield every fact that a reading of a picture bears out."""
    for number in ("1", "2"):
        kind, color = seen[f"kind_{number}"], seen[f"color_{number}"]
        if kind:
            yield (kind,)
        if kind and color:
            yield kind, color
    for name in ("background", "background_color"):
        if seen[name]:
            yield "background", str(seen[name])
    layout = str(seen["layout"])
    yield "place", layout
    yield "count", layout
    yield layout, str(seen["kind_1"]), str(seen["kind_2"])


def open_judge(folder: Path) -> Judge:
    """Read a judge: `config.json` with its words, `model.safetensors` with its weights."""
    from safetensors.torch import load_file

    config = read_json(folder / "config.json")
    network = JudgeNetwork(config["values"])
    network.load_state_dict(
        {
            name: tensor.float() if tensor.is_floating_point() else tensor
            for name, tensor in load_file(folder / "model.safetensors").items()
        }
    )
    return Judge(network.eval().requires_grad_(False), config["values"], config["plurals"])

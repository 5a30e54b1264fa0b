"""Boxes that a user drew over the picture: where something should be, and what."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import torch

from app.engine.media import Image, Mask
from app.graph.problem import Refusal

SIDES = ("x", "y", "width", "height")


@dataclass(frozen=True)
class Box:
    """A box in shares (0..1) of the picture, its corner at the upper left, and what it should hold."""

    x: float
    y: float
    width: float
    height: float
    text: str = ""

    def mask(self, width: int, height: int) -> Mask:
        """Return it as a mask of width x height pixels."""
        coverage = torch.zeros(1, height, width)
        left, top = round(self.x * width), round(self.y * height)
        right, bottom = round((self.x + self.width) * width), round((self.y + self.height) * height)
        coverage[:, top:bottom, left:right] = 1
        return Mask(coverage)


def read_boxes(text: str) -> list[Box]:
    """Return the boxes of a Boxes widget: a JSON list of objects with x, y, width, height and text."""
    try:
        found = json.loads(text or "[]")
        return [
            Box(**{name: share(entry, name) for name in SIDES}, text=str(entry.get("text", "")))
            for entry in found
        ]
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Refusal(
            "The boxes are no JSON list of boxes with x, y, width and height from 0 to 1.",
            "Draw them with the box editor of the node.",
            code="bad_boxes",
            input="boxes",
        ) from None


def share(entry: dict[str, Any], name: str) -> float:
    value = float(entry[name])
    if not 0 <= value <= 1:
        raise ValueError(name)
    return value


def drawn(boxes: list[Box], width: int, height: int) -> Image:
    """Return the boxes in white on black."""
    coverage = torch.zeros(1, height, width)
    for box in boxes:
        coverage = torch.maximum(coverage, box.mask(width, height).coverage)
    return Image(coverage[..., None].expand(-1, -1, -1, 3).contiguous())

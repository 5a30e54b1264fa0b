"""Differential diffusion: ComfyUI says it on the wire of the model, we on the latent with the mask."""

from __future__ import annotations

from dataclasses import dataclass

from app.interop.flat import FlatNode, Setting, Source
from app.interop.reach import Reach
from app.interop.rules import Found
from app.interop.sampler_parts import MODEL_OF
from app.interop.ways import OnModel

ON_MODEL = OnModel("DifferentialDiffusion", "strength")


@dataclass(frozen=True)
class Differential:
    """Whether the model of the sampler that will use a latent is one for shades of the mask."""

    def find(self, node: FlatNode, reach: Reach) -> Found | None:
        for user in reach.downstream(node):
            if user.class_type in MODEL_OF:
                found = ON_MODEL.find(reach.above(user, "guider") or user, reach)
                strength = found.source if found else None
                full = isinstance(strength, Setting) and strength.value == 1
                return Found(Setting(True)) if full else None
        return None

    def restore(self, source: Source) -> dict[str, Source]:
        return {}

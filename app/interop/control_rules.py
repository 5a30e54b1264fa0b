"""The lines of the table for control networks.

ComfyUI hangs them on the prompts, here they are on the model: the sampler that reads such a prompt gets its
model from the last of them, and they stand one behind the other between it and the model.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.interop.flat import FlatNode, Source, Wire
from app.interop.reach import Reach
from app.interop.rules import Found, From, Out, Part, Rule, Same

FILLING = "ControlNetInpaintingAliMamaApply"
APPLIED = ("ControlNetApplyAdvanced", "ControlNetApplySD3", FILLING)
MASKED: dict[str, dict[str, From]] = {FILLING: {"mask": Same("mask")}}
MODEL_SLOT = 2  # our further output of those class types: the model
CONDITIONS = {"positive": "CONDITIONING", "negative": "CONDITIONING"}


def last_control(node: FlatNode, reach: Reach) -> FlatNode | None:
    """Return the control node nearest above a node, on the way of its prompt."""
    source, seen = prompt_of(node), set[str]()
    while isinstance(source, Wire) and source.node in reach.flat.nodes and source.node not in seen:
        seen.add(source.node)
        above = reach.flat.nodes[source.node]
        if above.class_type in APPLIED and above.mode == "on":
            return above
        way = reach.way_through(above, source.slot)
        source = above.inputs.get(way) if way else prompt_of(above)
    return None


def prompt_of(node: FlatNode) -> Source | None:
    return node.inputs.get("positive") or node.inputs.get("conditioning")


@dataclass(frozen=True)
class Steered:
    """The model of a sampler, with the control networks that hang on its prompt; `guider` may read that."""

    model: From
    guider: str = ""

    def find(self, node: FlatNode, reach: Reach) -> Found | None:
        asking = reach.above(node, self.guider) if self.guider else node
        control = last_control(asking, reach) if asking else None
        return Found(Wire(control.id, MODEL_SLOT)) if control else self.model.find(node, reach)

    def restore(self, source: Source) -> dict[str, Source]:
        return self.model.restore(source)


@dataclass(frozen=True)
class Steering:
    """The model that a control network steers: behind an earlier one, or the sampler's own."""

    def find(self, node: FlatNode, reach: Reach) -> Found | None:
        earlier = last_control(node, reach)
        if earlier is not None:
            return Found(Wire(earlier.id, MODEL_SLOT))
        for user in reach.downstream(node):
            if "model" in user.inputs and ("positive" in user.inputs or "conditioning" in user.inputs):
                source = reach.source(user, "model")
                return Found(source) if source is not None else None
        return None

    def restore(self, source: Source) -> dict[str, Source]:
        return {}


def applied(class_type: str) -> Rule:
    control = Part(
        "apply_control",
        {
            "model": Steering(),
            **{name: Same(name) for name in ("control_net", "image", "vae", "strength")},
            "start": Same("start_percent"),
            "end": Same("end_percent"),
            **MASKED.get(class_type, {}),
        },
    )
    outputs = (
        Out("positive", "CONDITIONING", None),
        Out("negative", "CONDITIONING", None),
        Out("model", "MODEL", "model"),
    )
    masks = {"mask": "MASK"} if class_type in MASKED else {}
    ports = {**CONDITIONS, **masks, "control_net": "CONTROL_NET", "image": "IMAGE", "vae": "VAE"}
    widgets = {"strength": 1.0, "start_percent": 0.0, "end_percent": 1.0}
    return Rule(class_type, (control,), ports, widgets, outputs)


CONTROL_RULES = (
    Rule(
        "ControlNetLoader",
        (Part("load_controlnet", {"name": Same("control_net_name")}),),
        {},
        {"control_net_name": ""},
        (Out("CONTROL_NET", "CONTROL_NET", "control_net"),),
    ),
    *map(applied, APPLIED),
)

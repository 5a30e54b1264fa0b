"""Flat graph -> UI format 0.4, drawn anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.interop.flat import Flat, FlatNode, Port, Setting, Wire, pair
from app.interop.names import RULES, widget_order
from app.interop.orders import PASS_WIDGETS
from app.interop.prompt import placed
from app.interop.settings import UNNAMED

MODE_NUMBERS = {"on": 0, "mute": 2, "bypass": 4}
ROOM = 160.0  # for a small node above another one
Corner = tuple[float, float]
VALUE_TYPES: dict[type, str] = {bool: "BOOLEAN", int: "INT", float: "FLOAT", str: "STRING"}


@dataclass
class Drawing:
    """A UI document in the making."""

    flat: Flat
    ids: dict[str, int]
    slots: dict[str, list[Port]]
    links: list[list[Any]] = field(default_factory=list)
    leaving: dict[tuple[str, int], list[int]] = field(default_factory=dict)

    def connect(self, wire: Wire, target: str, target_slot: int) -> int | None:
        """Add a link; returns its id, None when its source is not there."""
        if wire.node not in self.ids:
            return None
        ports = self.slots[wire.node]
        type = ports[wire.slot].type if 0 <= wire.slot < len(ports) else "*"
        id = len(self.links) + 1
        self.links.append([id, self.ids[wire.node], wire.slot, self.ids[target], target_slot, type])
        self.leaving.setdefault((wire.node, wire.slot), []).append(id)
        return id


def draw(flat: Flat, extra: Mapping[str, Any]) -> dict[str, Any]:
    """Return a UI document; `extra` may hold our `groups` and `notes`."""
    drawing = Drawing(flat, numbered(flat), {id: output_ports(node, flat) for id, node in flat.nodes.items()})
    corners = apart({id: corner_of(node) for id, node in placed(flat.nodes).items()})
    inputs = {id: draw_inputs(drawing, node) for id, node in flat.nodes.items()}
    nodes = [
        {
            **draw_node(drawing, node, index, corners[id]),
            "inputs": inputs[id],
            "outputs": draw_outputs(drawing, id),
        }
        for index, (id, node) in enumerate(flat.nodes.items())
    ]
    notes = list(draw_notes(extra, max(drawing.ids.values(), default=0)))
    return {
        "last_node_id": max([0, *(node["id"] for node in [*nodes, *notes])]),
        "last_link_id": len(drawing.links),
        "nodes": [*nodes, *notes],
        "links": drawing.links,
        "groups": draw_groups(extra),
        "config": {},
        "extra": {},
        "version": 0.4,
    }


def corner_of(node: FlatNode) -> Corner:
    x, y = pair(node.drawn.get("pos"), node.corner)
    return x, y


def apart(corners: dict[str, Corner]) -> dict[str, Corner]:
    """Move nodes that would lie on each other upwards: one node of ours may be several of ComfyUI's."""
    taken: set[Corner] = set()
    moved = {}
    for id, corner in corners.items():
        place = corner
        while place in taken:
            place = place[0], place[1] - ROOM
        taken.add(place)
        moved[id] = place
    return moved


def numbered(flat: Flat) -> dict[str, int]:
    """Number the nodes; ids that are numbers stay."""
    kept = {id: int(id) for id in flat.nodes if id.isascii() and id.isdecimal() and len(id) < 10}
    free = max(kept.values(), default=0)
    if len(set(kept.values())) < len(kept):  # such as '7' and '07'
        kept, free = {}, 0
    found = {}
    for id in flat.nodes:
        if id not in kept:
            free += 1
        found[id] = kept.get(id, free)
    return found


def output_ports(node: FlatNode, flat: Flat) -> list[Port]:
    """Describe the outputs; where the file tells nothing, as many as are used."""
    rule = RULES.get(node.class_type)
    if node.outputs or rule:
        return list(node.outputs) or [Port(out.name, out.type) for out in (rule.outputs if rule else ())]
    slots = (wire.slot for user in flat.nodes.values() for _, wire in user.wires() if wire.node == node.id)
    return [Port(f"output_{slot}") for slot in range(min(max(slots, default=-1), 99) + 1)]


def draw_node(drawing: Drawing, node: FlatNode, order: int, corner: tuple[float, float]) -> dict[str, Any]:
    looks = {name: node.drawn[name] for name in ("title", "color", "bgcolor") if name in node.drawn}
    width, height = pair(node.drawn.get("size"), (270.0, 100.0))
    return {
        "id": drawing.ids[node.id],
        "type": node.class_type,
        "pos": list(corner),
        "size": [width, height],
        "flags": dict(node.drawn.get("flags") or {}),
        "order": order,
        "mode": MODE_NUMBERS[node.mode],
        **looks,
        "properties": {"Node name for S&R": node.class_type},
        "widgets_values": widget_values(node),
    }


def widgets_of(node: FlatNode) -> list[str]:
    """Name the typed-in inputs in the order of the class type, or as they come."""
    order = widget_order(node.class_type, lambda name, place: node.setting(name))
    if order is not None:
        return list(order)
    return [name for name, source in node.inputs.items() if isinstance(source, Setting) and name != UNNAMED]


def widget_values(node: FlatNode) -> list[Any]:
    unnamed = node.setting(UNNAMED)
    if isinstance(unnamed, list):
        return unnamed
    defaults = RULES[node.class_type].defaults if node.class_type in RULES else {}
    defaults = PASS_WIDGETS.get(node.class_type, defaults)
    values: list[Any] = []
    for name in widgets_of(node):
        source = node.inputs.get(name)
        value = source.value if isinstance(source, Setting) else defaults.get(name)
        values.append(value)
        if name in ("seed", "noise_seed"):
            values.append("fixed")
    return values


def draw_inputs(drawing: Drawing, node: FlatNode) -> list[dict[str, Any]]:
    """Draw the ports, then the widgets, which may be connected too."""
    rule = RULES.get(node.class_type)
    types = {**node.ports, **(rule.ports if rule else {})}
    widgets = widgets_of(node)
    wired = [name for name, _ in node.wires()]
    ports = [name for name in dict.fromkeys([*types, *wired]) if name not in widgets]
    drawn = []
    for slot, name in enumerate([*ports, *widgets]):
        source = node.inputs.get(name)
        link = drawing.connect(source, node.id, slot) if isinstance(source, Wire) else None
        entry: dict[str, Any] = {"name": name, "type": types.get(name, "*"), "link": link}
        if name in widgets:
            entry["widget"] = {"name": name}
            entry["type"] = VALUE_TYPES.get(type(node.setting(name)), types.get(name, "*"))
        drawn.append(entry)
    return drawn


def draw_outputs(drawing: Drawing, id: str) -> list[dict[str, Any]]:
    return [
        {"name": port.name, "type": port.type, "links": drawing.leaving.get((id, slot)) or None}
        for slot, port in enumerate(drawing.slots[id])
    ]


def draw_notes(extra: Mapping[str, Any], last: int) -> list[dict[str, Any]]:
    notes = extra.get("notes")
    texts = [note for note in notes if isinstance(note, dict)] if isinstance(notes, list) else []
    return [
        {
            "id": last + index,
            "type": "MarkdownNote",
            "title": str(note.get("title", "")),
            "pos": list(pair(note.get("position"))),
            "size": list(pair(note.get("size"), (240.0, 120.0))),
            "flags": {},
            "mode": 0,
            "inputs": [],
            "outputs": [],
            "properties": {},
            "widgets_values": [str(note.get("text", ""))],
        }
        for index, note in enumerate(texts, 1)
    ]


def draw_groups(extra: Mapping[str, Any]) -> list[dict[str, Any]]:
    groups = extra.get("groups")
    found = [group for group in groups if isinstance(group, dict)] if isinstance(groups, list) else []
    return [
        {
            "title": str(group.get("title", "")),
            "bounding": [*pair(group.get("position")), *pair(group.get("size"), (300.0, 300.0))],
            "color": str(group.get("color") or "#3f789e"),
        }
        for group in found
    ]

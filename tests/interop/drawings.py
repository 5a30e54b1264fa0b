"""Short ways to draw documents of ComfyUI's UI format, in the shapes that its frontend saves."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

FILES = Path(__file__).parent / "files"
Json = dict[str, Any]


def text_to_image() -> Json:
    """The plain graph: checkpoint, two prompts, empty latent, KSampler, decode, save."""
    return dict(json.loads((FILES / "text_to_image.json").read_text()))


def prompt() -> Json:
    """The same graph in the API format."""
    return dict(json.loads((FILES / "text_to_image.api.json").read_text()))


def node(id: int | str, type: str, widgets: Any = None, **more: Any) -> Json:
    """A node without wires; `inputs` and `outputs` name ports as "name:TYPE"."""
    ports = {
        kind: [
            dict(zip(("name", "type"), port.split(":"), strict=True)) for port in more.pop(kind, "").split()
        ]
        for kind in ("inputs", "outputs")
    }
    drawn: Json = {
        "id": id,
        "type": type,
        "pos": [10, 20],
        "size": [210, 60],
        "flags": {},
        "order": 0,
        "mode": 0,
    }
    drawn |= ports | {"properties": {}} | more
    for port in drawn["inputs"]:
        port["link"] = None
    return drawn | ({"widgets_values": widgets} if widgets is not None else {})


def canvas(*nodes: Json, links: str = "", **more: Any) -> Json:
    """A document; links as "1.0>2.1" from output slot 0 of node 1 to input slot 1 of node 2."""
    document: Json = {
        "nodes": [copy.deepcopy(entry) for entry in nodes],
        "groups": [],
        "config": {},
        "extra": {},
    }
    found = wires(document["nodes"], links)
    return {**document, "links": found, "version": 0.4, **more}


def wires(nodes: list[Json], links: str) -> list[list[Any]]:
    by_id = {str(entry["id"]): entry for entry in nodes}
    found = []
    for number, link in enumerate(links.split(), 1):
        (source, slot), (target, target_slot) = (end.rsplit(".", 1) for end in link.split(">"))
        ends = [by_id[name]["id"] if name in by_id else int(name) for name in (source, target)]
        type = "*"
        if source in by_id:
            type = by_id[source]["outputs"][int(slot)]["type"]
        if target in by_id:
            by_id[target]["inputs"][int(target_slot)]["link"] = number
        found.append([number, ends[0], int(slot), ends[1], int(target_slot), type])
    return found


def subgraph(id: str, *nodes: Json, links: str, inputs: str, outputs: str) -> Json:
    """A definition as `definitions.subgraphs` holds it: links are objects, -10 and -20 are its boxes."""
    inside = [copy.deepcopy(entry) for entry in nodes]
    names = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
    found = [dict(zip(names, link, strict=True)) for link in wires(inside, links)]
    ports = {}
    for kind, text, box, end in (("inputs", inputs, -10, "origin"), ("outputs", outputs, -20, "target")):
        ports[kind] = [
            {
                "name": name,
                "type": type,
                "linkIds": [w["id"] for w in found if (w[f"{end}_id"], w[f"{end}_slot"]) == (box, slot)],
            }
            for slot, (name, type) in enumerate(port.split(":") for port in text.split())
        ]
    return {"id": id, "version": 1, "name": id, "nodes": inside, "links": found, "groups": [], **ports}


def widget(drawn: Json, *names: str) -> Json:
    """Say that these inputs are widgets, as a drawing does once they can be connected."""
    for port in drawn["inputs"]:
        if port["name"] in names:
            port["widget"] = {"name": port["name"]}
    return drawn

"""The open canvas as tests drive it, and the documents they open on it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.server.conftest import ROOT, Server, wait_for

Graph = dict[str, Any]
# The canvas fits a workflow into view some frames after its cards are drawn; points from before miss.
STILL = """async () => {
    const place = () => document.querySelector(".react-flow__viewport")?.style.transform;
    for (let frames = 0, last = place(); frames < 5; frames += 1) {
        await new Promise(requestAnimationFrame);
        if (place() === last) continue;
        [frames, last] = [-1, place()];
    }
}"""
BARE: Graph = {"values": {}, "mode": "on", "title": "", "size": [0, 0], "color": "", "collapsed": False}


@dataclass
class Sheet:
    """An open workflow, on the canvas and on the server."""

    page: Page
    server: Server
    id: str

    def node(self, id: str) -> Locator:
        return self.page.locator(f'.react-flow__node[data-id="{id}"]')

    def head(self, id: str) -> Locator:
        return self.node(id).locator(".card-head")

    def port(self, id: str, name: str, side: str = "target") -> Locator:
        return self.node(id).locator(f'.react-flow__handle.{side}[data-handleid="{name}"]')

    def still(self) -> None:
        """Wait until the canvas has come to rest."""
        self.page.evaluate(STILL)

    def saved(self) -> Graph:
        """What the canvas has, once the server has the same."""
        drawn = self.drawn()
        wait_for(lambda: self.kept() == drawn)
        expect(self.page.get_by_test_id("saved")).to_have_text("saved")
        return drawn

    def kept(self) -> Graph:
        return plain(self.server.get(f"/api/workflows/{self.id}")["document"])

    def drawn(self) -> Graph:
        """What the canvas has, taken from its download: the root's graph, and its subgraphs as `graphs`."""
        with self.page.expect_download() as started:
            self.page.keyboard.press("Control+s")
        return plain(json.loads(Path(started.value.path()).read_text()))

    def links(self) -> set[str]:
        return {f"{'.'.join(edge['from'])}>{'.'.join(edge['to'])}" for edge in self.saved()["edges"]}

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        mouse = self.page.mouse
        mouse.move(*start)
        mouse.down()
        mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, steps=3)
        mouse.move(*end, steps=3)
        mouse.up()

    def pick(self, *ids: str) -> None:
        """Select these nodes and no others."""
        for place, id in enumerate(ids):
            modifiers: Any = ["Control"] if place else []
            self.head(id).click(modifiers=modifiers, position={"x": 40, "y": 8})

    def add(self, search: str) -> None:
        """Add a node by keyboard alone."""
        self.press("Escape")
        self.press("Space")
        self.page.keyboard.type(search)
        self.press("Enter")

    def press(self, keys: str) -> None:
        self.page.keyboard.press(keys)

    def empty_place(self) -> tuple[float, float]:
        box = self.page.locator(".react-flow__pane").bounding_box()
        assert box is not None
        return box["x"] + box["width"] / 2, box["y"] + box["height"] - 60


def plain(document: dict[str, Any]) -> Graph:
    """The root's graph without its view, which is no content, and with what a file may leave out."""
    graph = document["graphs"]["main"]
    nodes = {id: {**BARE, **node} for id, node in graph["nodes"].items()}
    more = {id: other for id, other in document["graphs"].items() if id != "main"}
    dots = graph.get("reroutes", {})
    return {
        "nodes": nodes,
        "edges": graph["edges"],
        "groups": graph.get("groups", []),
        "dots": dots,
        "graphs": more,
    }


def middle(place: Locator) -> tuple[float, float]:
    return point_in(place, 0.5, 0.5)


def point_in(place: Locator, right: float, down: float) -> tuple[float, float]:
    """The point at these parts of a place's width and height, once it is drawn and at rest."""
    place.element_handle().wait_for_element_state("stable")
    box = place.bounding_box()
    assert box is not None
    return box["x"] + right * box["width"], box["y"] + down * box["height"]


def first_picture() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((ROOT / "workflows" / "first_picture.json").read_text())
    return document


def with_spares() -> dict[str, Any]:
    """First picture, and below it a decoder and a guidance that nothing feeds."""
    document = first_picture()
    nodes = document["graphs"]["main"]["nodes"]
    nodes["spare_decode"] = {"type": "decode_latent", "position": [1320, 560]}
    nodes["spare_guidance"] = {"type": "cfg", "position": [680, 620]}
    return document


def with_caches(*caches: str) -> dict[str, Any]:
    """First picture with few steps, and techniques one after the other between model and sampler."""
    document = first_picture()
    graph = document["graphs"]["main"]
    graph["nodes"]["schedule"]["values"] = {"steps": 4}
    ends = ["load", *caches, "sample"]
    graph["edges"] = [edge for edge in graph["edges"] if edge["to"] != ["sample", "model"]]
    graph["edges"] += [{"from": [a, "model"], "to": [b, "model"]} for a, b in pairwise(ends)]
    for place, name in enumerate(caches):
        graph["nodes"][name] = {"type": name, "position": [320 + 360 * place, 700]}
    return document


def at_odds() -> dict[str, Any]:
    return with_caches("first_block_cache", "taylor_seer")

"""Editing on the canvas as a user does it: with pointer and keyboard, judged by the document that the server has."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import of_the_page
from tests.server.conftest import ROOT, Server, Studio, wait_for

Graph = dict[str, Any]
BARE: Graph = {"values": {}, "mode": "on", "title": "", "size": [0, 0], "color": "", "collapsed": False}


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests here: each edits a workflow of its own."""
    base = tmp_path_factory.mktemp("desk")
    for name in ("models", "workflows"):
        (base / name).symlink_to(ROOT / name)
    running = Studio(base).start().ready()
    yield running
    running.stop()


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

    def saved(self) -> Graph:
        """What the canvas has, once the server has the same."""
        drawn = self.drawn()
        wait_for(lambda: self.kept() == drawn, 8)
        expect(self.page.get_by_test_id("saved")).to_have_text("saved")
        return drawn

    def kept(self) -> Graph:
        graph: Graph = self.server.get(f"/api/workflows/{self.id}")["document"]["graphs"]["main"]
        return plain(graph)

    def drawn(self) -> Graph:
        """What the canvas has, taken from its download."""
        with self.page.expect_download() as started:
            self.page.keyboard.press("Control+s")
        text = Path(started.value.path()).read_text()
        graph: Graph = json.loads(text)["graphs"]["main"]
        return plain(graph)

    def links(self) -> set[str]:
        return {f"{'.'.join(edge['from'])}>{'.'.join(edge['to'])}" for edge in self.saved()["edges"]}

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        mouse = self.page.mouse
        mouse.move(*start)
        mouse.down()
        mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, steps=3)
        mouse.move(*end, steps=3)
        mouse.up()

    def press(self, keys: str) -> None:
        self.page.keyboard.press(keys)

    def empty_place(self) -> tuple[float, float]:
        box = self.page.locator(".react-flow__pane").bounding_box()
        assert box is not None
        return box["x"] + box["width"] / 2, box["y"] + box["height"] - 60


def plain(graph: Graph) -> Graph:
    """The graph without its view, which is no content, and with what a file may leave out."""
    nodes = {id: {**BARE, **node} for id, node in graph["nodes"].items()}
    return {"nodes": nodes, "edges": graph["edges"], "groups": graph.get("groups", [])}


def middle(place: Locator) -> tuple[float, float]:
    box = place.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


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


@pytest.fixture
def sheet(browser: Browser, desk: Server, request: pytest.FixtureRequest) -> Iterator[Sheet]:
    """A workflow of its own in a browser of its own; fails when the page logged an error."""
    make = getattr(request, "param", first_picture)
    status, head = desk.ask("POST", "/api/workflows", {"title": request.node.name, "document": make()})
    assert status == 201, head
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(10_000)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if of_the_page(message) else None)
    page.goto(f"{desk.url}/?workflow={head['id']}")
    opened = Sheet(page, desk, head["id"])
    expect(opened.node("save").get_by_test_id("w-prefix")).to_be_visible()
    expect(opened.node("save")).to_be_in_viewport(ratio=1)
    yield opened
    context.close()
    assert not errors, errors


spares = pytest.mark.parametrize("sheet", [with_spares], indirect=True, ids=["spares"])
UNDO, REDO = "Control+z", "Control+Shift+z"


def test_a_link_moves_from_one_input_to_another(sheet: Sheet) -> None:
    before = sheet.links()
    ports = sheet.port("guidance", "positive"), sheet.port("guidance", "negative")
    sheet.drag(middle(ports[0]), middle(ports[1]))
    after = sheet.links()
    assert "prompt.conditioning>guidance.negative" in after
    assert after < before | {"prompt.conditioning>guidance.negative"} and len(after) == len(before) - 1
    sheet.press(UNDO)
    assert sheet.links() == before
    sheet.press(REDO)
    assert sheet.links() == after


def test_a_link_dropped_on_empty_space_goes(sheet: Sheet) -> None:
    before = sheet.links()
    sheet.drag(middle(sheet.port("guidance", "positive")), sheet.empty_place())
    assert before - sheet.links() == {"prompt.conditioning>guidance.positive"}
    sheet.press(UNDO)
    assert sheet.links() == before


def test_a_link_dropped_back_stays(sheet: Sheet) -> None:
    before = sheet.drawn()
    x, y = middle(sheet.port("guidance", "positive"))
    sheet.page.mouse.move(x, y)
    sheet.page.mouse.down()
    sheet.page.mouse.move(x - 90, y + 200, steps=3)
    expect(sheet.page.locator(".react-flow__connection")).to_be_visible()
    sheet.page.mouse.move(x, y, steps=3)
    sheet.page.mouse.up()
    assert sheet.drawn() == before
    expect(sheet.page.get_by_label("Undo (Ctrl+Z)")).to_be_disabled()


@spares
def test_a_link_dropped_on_a_card_takes_its_only_free_input(sheet: Sheet) -> None:
    before = sheet.links()
    sheet.drag(middle(sheet.port("decode", "latent")), middle(sheet.head("spare_decode")))
    assert sheet.links() - before == {"sample.latent>spare_decode.latent"}
    assert before - sheet.links() == {"sample.latent>decode.latent"}
    sheet.press(UNDO)
    assert sheet.links() == before


@spares
@pytest.mark.parametrize(
    ("target", "message"), [("spare_guidance", "Several inputs"), ("schedule", "No free input")]
)
def test_a_link_dropped_on_a_card_in_doubt_goes_back(sheet: Sheet, target: str, message: str) -> None:
    before = sheet.drawn()
    sheet.drag(middle(sheet.port("guidance", "positive")), middle(sheet.head(target)))
    expect(sheet.page.get_by_test_id("toast")).to_contain_text(message)
    assert sheet.drawn() == before
    expect(sheet.page.get_by_label("Undo (Ctrl+Z)")).to_be_disabled()

"""Widgets that draw, by pointer and by keyboard, judged by the value that the document then has."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, expect

from tests.browser.conftest import open_document
from tests.browser.sheet import Sheet, middle, point_in
from tests.browser.test_access import SERIOUS, themes, with_axe
from tests.server.conftest import Server


def drawing() -> dict[str, Any]:
    nodes = {"draw": {"type": "draw", "position": [0, 0]}}
    return {"format": "patchloom/1", "root": "main", "graphs": {"main": {"nodes": nodes, "edges": []}}}


@pytest.fixture
def sheet(browser: Browser, shared: Server, request: pytest.FixtureRequest) -> Iterator[Sheet]:
    with open_document(browser, shared, request.node.name, drawing()) as opened:
        expect(opened.node("draw").get_by_test_id("w-text")).to_be_visible()
        opened.still()
        yield opened


def value(sheet: Sheet, name: str) -> Any:
    return sheet.saved()["nodes"]["draw"]["values"].get(name)


def stage(sheet: Sheet, name: str) -> Locator:
    sheet.node("draw").get_by_test_id(f"w-{name}").click()
    place = sheet.page.get_by_test_id("stage")
    expect(place).to_be_visible()
    return place


def drag_on(sheet: Sheet, place: Locator, start: tuple[float, float], end: tuple[float, float]) -> None:
    sheet.drag(point_in(place, *start), point_in(place, *end))


def done(sheet: Sheet) -> None:
    sheet.page.get_by_test_id("drawing-done").click()
    expect(sheet.page.get_by_test_id("stage")).to_have_count(0)


@themes
def test_drawing_dialogs_shut_nobody_out(sheet: Sheet, theme: Any) -> None:
    page = sheet.page
    with_axe(page, theme)
    assert page.evaluate(SERIOUS) == [], "the widgets themselves"
    for name in ("drawing", "boxes", "points"):
        stage(sheet, name)
        assert page.evaluate(SERIOUS) == [], name
        for _ in range(12):
            sheet.press("Tab")
            inside = (
                "() => document.activeElement === document.body || !!document.activeElement.closest('dialog')"
            )
            assert page.evaluate(inside), "the focus stays in the dialog"
        sheet.press("Escape")
        expect(page.get_by_test_id("stage")).to_have_count(0)


def test_a_mask_is_painted_and_uploaded(sheet: Sheet) -> None:
    place = stage(sheet, "drawing")
    expect(sheet.page.get_by_test_id("mask-sheet")).to_be_visible()
    drag_on(sheet, place, (0.25, 0.5), (0.75, 0.5))
    done(sheet)
    name = value(sheet, "drawing")
    painted = Image.open(BytesIO(sheet.server.get(f"/api/files/input/{name}"))).convert("RGBA")
    width, height = painted.size
    assert painted.getpixel((width // 2, height // 2)) == (255, 255, 255, 255)
    assert painted.getpixel((width // 2, height // 8))[3] == 0
    sheet.press("Control+z")
    assert value(sheet, "drawing") is None


def test_boxes_are_drawn_named_and_moved_by_key(sheet: Sheet) -> None:
    place = stage(sheet, "boxes")
    drag_on(sheet, place, (0.2, 0.2), (0.6, 0.5))
    sheet.page.get_by_role("textbox", name="Text of box 1").fill("a fox")
    box = sheet.page.get_by_role("button", name="Box 1: a fox")
    box.focus()
    box.press("ArrowRight")
    done(sheet)
    (found,) = json.loads(value(sheet, "boxes"))
    assert found["text"] == "a fox"
    assert found["x"] == pytest.approx(0.21, abs=0.01) and found["width"] == pytest.approx(0.4, abs=0.01)


def test_points_are_dragged(sheet: Sheet) -> None:
    place = stage(sheet, "points")
    drag_on(sheet, place, (0.3, 0.3), (0.7, 0.6))
    drag_on(sheet, place, (0.7, 0.6), (0.8, 0.8))
    done(sheet)
    (arrow,) = json.loads(value(sheet, "points"))
    assert arrow == pytest.approx([0.3, 0.3, 0.8, 0.8], abs=0.01)


def test_a_curve_gets_a_point_that_keys_move(sheet: Sheet) -> None:
    plot = sheet.node("draw").get_by_test_id("w-curve")
    sheet.page.mouse.dblclick(*middle(plot))
    point = plot.get_by_role("button", name="Point 2")
    point.focus()
    point.press("ArrowUp")
    points = json.loads(value(sheet, "curve"))
    assert len(points) == 3
    assert points[1] == pytest.approx([0.5, 1.02], abs=0.02)
    point.press("Delete")
    assert json.loads(value(sheet, "curve")) == [[0, 0], [1, 2]]


def test_words_are_weighed_by_key(sheet: Sheet) -> None:
    text = sheet.node("draw").get_by_test_id("w-text")
    text.click()
    text.press("Control+End")
    text.press("Control+ArrowUp")
    expect(text).to_have_value("a red (fox:1.05)")
    text.press("Control+ArrowUp")
    expect(text).to_have_value("a red (fox:1.1)")
    for _ in range(2):
        text.press("Control+ArrowDown")
    expect(text).to_have_value("a red fox")


def test_a_colour_is_typed_and_picked(sheet: Sheet) -> None:
    sheet.node("draw").get_by_test_id("w-color").fill("#00ff00")
    expect(sheet.node("draw").get_by_label("Pick color")).to_have_value("#00ff00")
    assert value(sheet, "color") == "#00ff00"

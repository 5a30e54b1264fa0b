"""Widgets that are picked from, scrubbed and typed into, on real nodes; each change is one undo step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Route, expect

from tests.browser.conftest import open_document
from tests.browser.sheet import Sheet, middle
from tests.server.conftest import Server

NODES = {
    "picture": {"type": "load_image", "position": [0, 0]},
    "video": {"type": "load_video", "position": [300, 0]},
    "model": {"type": "load_model", "values": {"name": ""}, "position": [600, 0]},
    "guide": {"type": "cfg", "values": {"guidance_scale": 3.0}, "position": [600, 240]},
    "sample": {"type": "sample", "values": {"seed": "5"}, "position": [900, 0]},
}


def write_video(path: Path) -> None:
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libvpx-vp9", rate=8, width=64, height=64, pix_fmt="yuv420p")
        for step in range(8):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 30 * step, np.uint8), format="rgb24")
            file.mux(stream.encode(frame))
        file.mux(stream.encode())


@pytest.fixture
def sheet(browser: Browser, desk: Server, request: pytest.FixtureRequest) -> Iterator[Sheet]:
    inputs = desk.base / "input"
    inputs.mkdir(exist_ok=True)
    for color in ("red", "green"):
        Image.new("RGB", (32, 32), color).save(inputs / f"{color} picture.png")
    if not (inputs / "short.webm").exists():
        write_video(inputs / "short.webm")
    document: dict[str, Any] = {"nodes": NODES, "edges": []}
    document = {"format": "patchloom/1", "root": "main", "graphs": {"main": document}}
    with open_document(browser, desk, request.node.name, document) as opened:
        expect(opened.node("sample").get_by_test_id("w-seed")).to_be_visible()
        opened.still()
        yield opened


def value(sheet: Sheet, node: str, name: str) -> Any:
    return sheet.saved()["nodes"][node]["values"].get(name)


def pick(sheet: Sheet, widget: Locator, typed: str) -> Locator:
    """Open a picker and filter it; returns the list of what is left."""
    widget.click()
    sheet.page.keyboard.type(typed)
    return sheet.page.locator(".picker").get_by_role("option")


def test_a_picture_is_found_by_its_thumbnail(sheet: Sheet) -> None:
    widget = sheet.node("picture").get_by_test_id("w-name")
    left = pick(sheet, widget, "gr pic")
    expect(left.first.locator("img")).to_have_js_property("naturalWidth", 32)
    sheet.press("Enter")
    expect(sheet.node("picture").locator(".w-drop img")).to_be_visible()
    assert value(sheet, "picture", "name") == "green picture.png"
    sheet.press("Control+z")
    assert not value(sheet, "picture", "name")


def test_a_list_that_comes_anew_does_not_move_what_was_found(sheet: Sheet) -> None:
    widget, held = sheet.node("picture").get_by_test_id("w-name"), []
    pick(sheet, widget, "red")
    sheet.press("Enter")

    def hold(route: Route) -> None:
        held.append(route)

    sheet.page.route("**/api/choices/images/*", hold)
    with sheet.page.expect_request("**/api/choices/images/*"):
        left = pick(sheet, widget, "gr pic")
    expect(left).to_have_count(1)
    with sheet.page.expect_response("**/api/choices/images/*"):
        held[0].continue_()
    sheet.press("Enter")
    assert value(sheet, "picture", "name") == "green picture.png"


def test_a_model_is_found_by_typing(sheet: Sheet) -> None:
    widget = sheet.node("model").get_by_test_id("w-name")
    expect(pick(sheet, widget, "mini").first).to_contain_text("mini")
    sheet.press("Escape")
    expect(widget).to_be_focused()
    pick(sheet, widget, "nothing like this")
    expect(sheet.page.locator(".picker")).to_contain_text("Nothing matches.")
    sheet.press("Escape")
    pick(sheet, widget, "mini").get_by_text("mini", exact=True).click()
    assert value(sheet, "model", "name") == "mini"


def test_a_video_is_played_in_its_card(sheet: Sheet) -> None:
    pick(sheet, sheet.node("video").get_by_test_id("w-name"), "short")
    sheet.press("Enter")
    player = sheet.node("video").locator("video")
    expect(player).to_have_js_property("videoWidth", 64)
    player.evaluate("(video) => video.play()")
    sheet.page.wait_for_function(
        "() => document.querySelector('.react-flow__node[data-id=video] video').currentTime > 0"
    )


def test_a_slider_is_scrubbed_typed_and_stepped(sheet: Sheet) -> None:
    slider = sheet.node("guide").get_by_test_id("w-guidance_scale")
    x, y = middle(slider)
    sheet.drag((x, y), (x + 40, y))
    scrubbed = value(sheet, "guide", "guidance_scale")
    assert scrubbed > 3
    slider.click()
    sheet.page.keyboard.type("4.5")
    sheet.press("Enter")
    assert value(sheet, "guide", "guidance_scale") == 4.5
    slider.press("ArrowUp")
    assert value(sheet, "guide", "guidance_scale") > 4.5
    sheet.press("Escape")
    for _ in range(3):  # the whole drag is one step, however slow
        sheet.press("Control+z")
    assert value(sheet, "guide", "guidance_scale") == 3


def test_a_seed_is_drawn_and_set_free(sheet: Sheet) -> None:
    card = sheet.node("sample")
    card.get_by_label("New seed", exact=True).click()
    drawn = value(sheet, "sample", "seed")
    assert drawn != "5"
    card.get_by_test_id("seed-mode-seed").click()
    expect(card.get_by_test_id("seed-mode-seed")).to_have_attribute("aria-pressed", "true")
    for _ in range(2):
        sheet.press("Control+z")
    expect(card.get_by_test_id("seed-mode-seed")).to_have_attribute("aria-pressed", "false")
    assert str(value(sheet, "sample", "seed")) == "5"

"""Templates: found by picture, word and tag, and offered where there is nothing yet."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.conftest import open_document, open_page
from tests.browser.sheet import Sheet, first_picture
from tests.server.conftest import Server, wait_for

EMPTY = {
    "format": "patchloom/1",
    "title": "Untitled",
    "root": "main",
    "graphs": {"main": {"nodes": {}, "edges": []}},
}
LOADED = "(image) => image.complete && image.naturalWidth > 0"


def test_a_new_sheet_offers_templates_and_makes_room_for_the_chosen_one(
    browser: Browser, desk: Server
) -> None:
    with open_document(browser, desk, "Untitled", EMPTY) as empty:
        offered = empty.page.get_by_test_id("start-here")
        picture = offered.get_by_test_id("template-image_to_image").locator("img")
        expect(picture).to_be_visible()
        empty.page.wait_for_function(LOADED, arg=picture.element_handle())
        offered.get_by_test_id("template-image_to_image").click()
        expect(empty.node("sample")).to_be_visible()
        expect(offered).to_have_count(0)
        wait_for(lambda: empty.id not in {head["id"] for head in desk.get("/api/workflows")["workflows"]}, 10)


def test_a_sheet_that_was_emptied_stays_and_offers_none(sheet: Sheet) -> None:
    sheet.press("Control+a")
    sheet.press("Delete")
    expect(sheet.page.get_by_text("to add a node.")).to_be_visible()
    expect(sheet.page.get_by_test_id("start-here")).to_have_count(0)


def test_the_gallery_is_searched_and_sorted_by_tag(sheet: Sheet) -> None:
    page = sheet.page
    page.get_by_test_id("tab-workflows").click()
    page.get_by_test_id("all-templates").click()
    gallery = page.get_by_test_id("templates")
    everything = gallery.get_by_role("button")
    expect(everything.nth(20)).to_be_attached()
    page.get_by_role("button", name="Measuring").click()
    expect(gallery.get_by_test_id("template-what_a_cache_costs")).to_be_visible()
    expect(gallery.get_by_test_id("template-first_picture")).to_have_count(0)
    page.get_by_role("button", name="All", exact=True).click()
    search = page.get_by_label("Search templates")
    search.fill("stream camera")
    expect(everything).to_have_count(1)
    expect(gallery.locator("svg rect")).to_have_count(5)
    search.press("Enter")
    expect(page.get_by_test_id("title")).to_have_value("A camera as a live stream")
    expect(gallery).to_have_count(0)
    assert sheet.id in {head["id"] for head in sheet.server.get("/api/workflows")["workflows"]}


def test_a_folder_of_ones_own_workflows_begins_with_a_new_sheet(browser: Browser, tmp_path: Path) -> None:
    own = tmp_path / "workflows"
    own.mkdir()
    (own / "mine.json").write_text(json.dumps({**first_picture(), "title": "Mine"}))
    server = Server(tmp_path).start()
    with open_page(browser, server.url) as page:
        mine = page.get_by_test_id("start-here").get_by_test_id("template-mine")
        expect(mine.locator("svg rect")).to_have_count(10)
        mine.click()
        expect(page.get_by_test_id("title")).to_have_value("Mine")
    server.stop()

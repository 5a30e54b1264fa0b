"""Results in their cards: two pictures over each other, and pictures that are no longer there."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Browser, expect

from tests.browser.conftest import open_document
from tests.server.conftest import Server


def two_colors() -> dict[str, Any]:
    """A comparison that takes no model."""
    nodes = {
        name: {
            "type": "solid_image",
            "values": {"width": 64, "height": 64, "color": color},
            "position": [0, top],
        }
        for name, color, top in (("red", "#d02010", 0), ("blue", "#1020d0", 260))
    }
    nodes["compare"] = {"type": "compare_images", "position": [340, 0]}
    edges = [
        {"from": ["red", "image"], "to": ["compare", "before"]},
        {"from": ["blue", "image"], "to": ["compare", "after"]},
    ]
    graphs = {"main": {"nodes": nodes, "edges": edges}}
    return {"format": "patchloom/1", "root": "main", "graphs": graphs}


def test_two_pictures_are_compared_in_the_card_until_they_are_gone(browser: Browser, desk: Server) -> None:
    with open_document(browser, desk, "two colours", two_colors()) as sheet:
        page = sheet.page
        slide = sheet.node("compare").get_by_test_id("compare-slide")
        page.get_by_test_id("run").click()
        expect(slide.locator("img")).to_have_count(2)
        slide.hover(position={"x": 20, "y": 20})
        expect(slide).to_have_attribute("style", re.compile("--share: [0-9.]+%"))
        slide.click()
        expect(page.get_by_test_id("compare").get_by_role("slider")).to_be_visible()
        for file in (desk.base / "user" / "temp").glob("compare_*.png"):
            file.unlink()
        page.reload()
        expect(sheet.node("compare")).to_contain_text("Run again to see it.")

"""The canvas for everybody: readable, named for screen readers, and usable by keyboard alone."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.sheet import Sheet, at_odds
from tests.server.conftest import ROOT

AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = """async () => {
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    return violations
        .filter((found) => ["serious", "critical"].includes(found.impact))
        .map((found) => `${found.id}: ${found.nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`);
}"""
FOCUSED = """() => {
    const at = document.activeElement;
    const box = at.getBoundingClientRect();
    return `${at.tagName} ${at.getAttribute("aria-label") ?? at.textContent.slice(0, 30)} ${box.x} ${box.y}`;
}"""


def one_color(color: str) -> dict[str, Any]:
    """A picture for the gallery that takes no model."""
    nodes = {
        "solid": {"type": "solid_image", "values": {"width": 64, "height": 64, "color": color}},
        "save": {"type": "save_image"},
    }
    graph = {"nodes": nodes, "edges": [{"from": ["solid", "image"], "to": ["save", "image"]}]}
    return {"format": "patchloom/1", "root": "main", "graphs": {"main": graph}}


themes = pytest.mark.parametrize("theme", ["dark", "light"])
conflicts = pytest.mark.parametrize("sheet", [at_odds], indirect=True, ids=["at_odds"])


def with_axe(page: Page, theme: Any) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed; run npm ci in web/")
    page.emulate_media(color_scheme=theme)
    expect(page.locator(f"html[data-theme={theme}]")).to_have_count(1)
    page.add_script_tag(path=AXE)


@themes
@conflicts
def test_nothing_shuts_anybody_out(sheet: Sheet, theme: Any) -> None:
    page = sheet.page
    with_axe(page, theme)
    for color in ("#a03020", "#2030a0"):
        sheet.server.finished(sheet.server.run(one_color(color)))
    for tab in ("problems", "workflows", "models"):
        page.get_by_test_id(f"tab-{tab}").click()
        expect(page.get_by_test_id(f"panel-{tab}").get_by_role("listitem").first).to_be_visible()
        assert page.evaluate(SERIOUS) == [], tab
    sheet.pick("sample", "decode")
    for tab in ("inspector", "app", "settings", "queue"):
        page.get_by_test_id(f"tab-{tab}").click()
        expect(page.get_by_test_id(f"panel-{tab}")).to_be_visible()
        assert page.evaluate(SERIOUS) == [], tab
    sheet.head("decode").click(button="right")
    expect(page.get_by_role("menu")).to_be_visible()
    assert page.evaluate(SERIOUS) == []
    sheet.press("Escape")
    page.get_by_test_id("tab-gallery").click()
    expect(page.get_by_test_id("gallery-item").nth(1)).to_be_visible()
    assert page.evaluate(SERIOUS) == []
    page.get_by_test_id("gallery-item").first.click()
    page.get_by_test_id("compare-button").click()
    expect(page.get_by_test_id("compare").get_by_role("table")).to_be_visible()
    assert page.evaluate(SERIOUS) == []


@themes
def test_nor_do_subgraphs_dialogs_and_apps(sheet: Sheet, theme: Any) -> None:
    page = sheet.page
    with_axe(page, theme)
    page.get_by_test_id("tab-workflows").click()
    page.get_by_test_id("all-templates").click()
    expect(page.get_by_test_id("templates").get_by_role("button").first).to_be_visible()
    assert page.evaluate(SERIOUS) == []
    sheet.press("Escape")
    page.get_by_test_id("tab-workflows").click()
    sheet.press("?")
    expect(page.get_by_test_id("keymap")).to_be_visible()
    assert page.evaluate(SERIOUS) == []
    sheet.press("Escape")
    sheet.pick("sample", "decode")
    sheet.press("Control+Shift+g")
    sheet.press("Enter")
    sheet.press("Escape")
    sheet.head("subgraph").dblclick(position={"x": 60, "y": 8})
    sheet.node("@inputs").get_by_role("button", name="vae").click()
    assert page.evaluate(SERIOUS) == []
    sheet.saved()
    page.goto("about:blank")
    page.goto(f"{sheet.server.url}/#/app/{sheet.id}")
    expect(page.get_by_test_id("field-prompt-prompt")).to_be_visible()
    with_axe(page, theme)
    assert page.evaluate(SERIOUS) == []


def test_tab_goes_through_everything_and_on(sheet: Sheet) -> None:
    seen: list[str] = []

    def press(times: int) -> None:
        for _ in range(times):
            sheet.press("Tab")
            seen.append(sheet.page.evaluate(FOCUSED))
            assert len(seen) < 2 or seen[-1] != seen[-2], f"the focus is caught at {seen[-1]}"

    press(30)
    sheet.press("Shift+Tab")
    assert sheet.page.evaluate(FOCUSED) == seen[-2]
    seen.pop()
    press(41)
    assert len(set(seen)) > 50


def test_a_workflow_is_built_by_keyboard_alone(sheet: Sheet) -> None:
    sheet.press("Control+a")
    sheet.press("Delete")
    for words in ("load model", "empty latent"):
        sheet.add(words)
    sheet.press("Control+a")
    sheet.press("Control+Shift+g")
    sheet.page.keyboard.type("By hand")
    sheet.press("Enter")
    sheet.press("Escape")
    sheet.node("subgraph").focus()
    sheet.press("Enter")
    sheet.press("Enter")
    expect(sheet.page.get_by_test_id("breadcrumb")).to_be_visible()
    sheet.node("load_model").focus()
    sheet.press("Enter")
    sheet.press("ArrowRight")
    sheet.press("Control+m")
    sheet.press("Escape")
    sheet.press("u")
    saved = sheet.saved()
    assert set(saved["nodes"]) == {"subgraph"} and saved["graphs"]["subgraph"]["title"] == "By hand"
    assert saved["graphs"]["subgraph"]["nodes"]["load_model"]["mode"] == "mute"

"""Groups that are collapsed to one card, with what lies in them."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.sheet import Sheet, middle


def test_a_group_is_collapsed_moved_and_opened(sheet: Sheet) -> None:
    page, before, wires = sheet.page, sheet.saved(), sheet.page.locator(".react-flow__edge")
    expect(wires).to_have_count(len(before["edges"]))
    sheet.pick("prompt", "negative")
    sheet.press("Control+g")
    page.keyboard.type("Words")
    sheet.press("Enter")
    page.locator(".frame-head").click()
    sheet.press("Alt+c")
    fold = page.get_by_test_id("fold")
    expect(fold).to_contain_text("2 nodes")
    expect(sheet.node("prompt")).to_have_count(0)
    expect(wires, "links that cross the border end at the group").to_have_count(len(before["edges"]))
    x, y = middle(fold.locator(".card-title"))
    sheet.drag((x, y), (x + 60, y + 40))
    page.reload()
    expect(fold).to_contain_text("Words")
    fold.get_by_label("Open Words").click()
    expect(sheet.node("prompt")).to_be_visible()
    after = sheet.saved()
    (left, top), (old_left, old_top) = (graph["nodes"]["prompt"]["position"] for graph in (after, before))
    assert left > old_left and top > old_top, "its nodes went along"
    assert after["edges"] == before["edges"]


def test_a_collapsed_group_is_copied_and_taken_back(sheet: Sheet) -> None:
    page = sheet.page
    sheet.pick("prompt", "negative")
    sheet.press("Control+g")
    sheet.press("Enter")
    page.get_by_label("Collapse Group").click()
    page.get_by_test_id("fold").locator(".card-title").click()
    sheet.press("Control+c")
    sheet.press("Control+v")
    expect(page.get_by_test_id("fold")).to_have_count(2)
    groups = sheet.saved()["groups"]
    assert groups[1]["collapsed"] == ["prompt_2", "negative_2"]
    for _ in range(3):
        sheet.press("Control+z")
    expect(page.get_by_test_id("fold")).to_have_count(0)
    assert sheet.saved()["groups"] == []


def test_a_problem_in_a_collapsed_group_leads_to_its_node(sheet: Sheet) -> None:
    page = sheet.page
    sheet.pick("sample", "decode")
    sheet.press("Control+g")
    sheet.press("Enter")
    page.get_by_label("Collapse Group").click()
    sheet.pick("guidance")
    sheet.press("Delete")
    expect(page.get_by_test_id("fold")).to_have_attribute("data-problem", "true")
    page.get_by_test_id("tab-problems").click()
    page.get_by_test_id("problem-row").first.get_by_role("button").click()
    expect(sheet.node("sample")).to_be_visible()

"""Tabs that are killed, that work beside each other, and that come late to a run."""

from __future__ import annotations

from playwright.sync_api import Page, Route, expect

from tests.browser.sheet import Sheet, middle
from tests.browser.test_subgraphs import make, quick
from tests.server.conftest import wait_for


def another_tab(sheet: Sheet) -> Sheet:
    page: Page = sheet.page.context.new_page()
    page.goto(f"{sheet.server.url}/?workflow={sheet.id}")
    opened = Sheet(page, sheet.server, sheet.id)
    expect(opened.node("save")).to_be_visible()
    opened.still()
    return opened


def test_a_killed_tab_loses_nothing(sheet: Sheet) -> None:
    sheet.node("prompt").get_by_test_id("w-prompt").fill("typed a moment before the end")
    sheet.page.close(run_before_unload=False)
    again = another_tab(sheet)
    expect(again.node("prompt").get_by_test_id("w-prompt")).to_have_value("typed a moment before the end")
    assert again.saved()["nodes"]["prompt"]["values"]["prompt"] == "typed a moment before the end"


def test_a_subgraph_is_copied_to_another_workflow(sheet: Sheet) -> None:
    make(sheet, "prompt", "negative", name="Words")
    sheet.press("Escape")
    sheet.pick("subgraph")
    sheet.press("Control+c")
    made = sheet.saved()
    sheet.page.get_by_test_id("tab-workflows").click()
    sheet.page.get_by_test_id("new-workflow").click()
    expect(sheet.page.locator(".empty-hint")).to_be_visible()
    sheet.press("Control+v")
    other = sheet.page.url.rsplit("=", 1)[1]
    there = Sheet(sheet.page, sheet.server, other).saved()
    assert list(there["nodes"]) == ["subgraph"] and there["nodes"]["subgraph"]["type"] == "graph:subgraph"
    assert there["graphs"]["subgraph"]["nodes"] == made["graphs"]["subgraph"]["nodes"]


def test_what_is_typed_while_another_workflow_is_on_its_way_is_saved(sheet: Sheet) -> None:
    page, held = sheet.page, []

    def hold(route: Route) -> None:
        if route.request.method == "POST":
            held.append(route)
        else:
            route.continue_()

    page.route("**/api/workflows", hold)
    page.get_by_test_id("tab-workflows").click()
    with page.expect_request(lambda request: request.method == "POST"):
        page.get_by_test_id("new-workflow").click()
    sheet.node("prompt").get_by_test_id("w-prompt").fill("typed meanwhile")
    held[0].continue_()
    expect(page.locator(".empty-hint")).to_be_visible()
    assert sheet.kept()["nodes"]["prompt"]["values"]["prompt"] == "typed meanwhile"


@quick
def test_who_comes_late_to_a_run_sees_all_of_it(sheet: Sheet) -> None:
    sheet.node("schedule").get_by_test_id("w-steps").click()
    field = sheet.node("schedule").get_by_role("textbox", name="steps")
    field.fill("60")
    field.press("Enter")
    sheet.node("sample").get_by_test_id("w-seed").fill("4711")
    sheet.page.get_by_test_id("run").click()
    job = sheet.server.at_work()
    wait_for(lambda: sheet.server.get(f"/api/jobs/{job}/previews")["frames"])
    late = another_tab(sheet)
    sheet.page.reload()
    for tab in (sheet, late):
        expect(tab.node("sample").get_by_test_id("preview")).to_be_visible()
        expect(tab.node("save").get_by_test_id("result")).to_be_visible()
        expect(tab.node("sample").locator(".card")).to_have_attribute("data-state", "done")


def test_two_tabs_do_not_overwrite_each_other(sheet: Sheet) -> None:
    other = another_tab(sheet)
    sheet.node("prompt").get_by_test_id("w-prompt").fill("mine")
    sheet.saved()
    other.node("prompt").get_by_test_id("w-prompt").fill("theirs")
    other.page.get_by_test_id("keep-mine").click()
    wait_for(lambda: other.kept()["nodes"]["prompt"]["values"]["prompt"] == "theirs")
    revisions = sheet.server.get(f"/api/workflows/{sheet.id}/revisions")["revisions"]
    assert len(revisions) == 3


def test_notes_and_pins_are_kept(sheet: Sheet) -> None:
    sheet.press("n")
    sheet.page.get_by_test_id("note-text").fill("# Why\n\nThe fox is **red**.")
    sheet.page.get_by_test_id("note-text").press("Escape")
    expect(sheet.page.get_by_test_id("note").get_by_role("heading", name="Why")).to_be_visible()
    sheet.pick("sampler")
    sheet.press("Alt+p")
    before = sheet.saved()
    assert before["groups"][0]["note"] == "# Why\n\nThe fox is **red**."
    assert before["nodes"]["sampler"]["pinned"] is True
    x, y = middle(sheet.head("sampler"))
    sheet.drag((x, y), (x + 100, y + 82))
    assert sheet.saved()["nodes"]["sampler"]["position"] == before["nodes"]["sampler"]["position"]

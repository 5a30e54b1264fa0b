"""Ways to look at a workflow: plan, steps, revisions, two results beside each other, and as an app."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.browser.sheet import Sheet
from tests.browser.test_subgraphs import quick


def result(sheet: Sheet) -> Locator:
    return sheet.node("save").get_by_test_id("result")


def run(sheet: Sheet) -> None:
    before = result(sheet).get_attribute("src") if result(sheet).count() else ""
    sheet.page.get_by_test_id("run").click()
    expect(result(sheet)).not_to_have_attribute("src", before or "")
    expect(sheet.page.get_by_test_id("status")).to_contain_text("Ready")


@quick
def test_the_plan_says_what_runs_and_what_is_kept(sheet: Sheet) -> None:
    sheet.page.get_by_test_id("tab-inspector").click()
    plan = sheet.page.get_by_test_id("plan")
    sheet.node("prompt").get_by_test_id("w-prompt").fill("a fox that nobody asked for before")
    expect(plan).to_contain_text("to compute")
    expect(sheet.node("prompt")).to_contain_text("will run")
    run(sheet)
    expect(plan).to_contain_text("nothing to compute")
    expect(sheet.node("save")).to_contain_text("kept")
    sheet.node("prompt").get_by_test_id("w-prompt").fill("another fox")
    expect(plan).to_contain_text("from the cache")
    expect(sheet.node("sample")).to_contain_text("will run")


@quick
def test_the_steps_of_a_run_can_be_looked_at_also_after_a_reload(sheet: Sheet) -> None:
    sheet.node("sample").get_by_test_id("w-seed").fill("77")
    run(sheet)
    sheet.page.reload()
    preview = sheet.node("sample").get_by_test_id("preview")
    expect(preview).to_be_visible()
    expect(preview).not_to_have_attribute("data-frame", "0")
    sheet.page.get_by_test_id("tab-inspector").click()
    sheet.pick("sample")
    reel = sheet.page.get_by_test_id("panel-inspector").locator(".reel")
    slider = reel.get_by_role("slider")
    last = reel.get_by_role("img").get_attribute("src")
    slider.press("Home")
    expect(reel).to_contain_text("1/")
    expect(reel.get_by_role("img")).not_to_have_attribute("src", last or "")
    frames = reel.get_by_role("img").get_attribute("src")
    assert sheet.page.request.get(frames or "").body()[:2] == b"\xff\xd8"


def test_a_revision_is_compared_on_the_canvas(sheet: Sheet) -> None:
    sheet.node("prompt").get_by_test_id("w-prompt").fill("a blue square")
    sheet.pick("negative")
    sheet.press("Delete")
    sheet.add("integer")
    sheet.saved()
    sheet.page.get_by_test_id("tab-workflows").click()
    sheet.page.get_by_role("button", name="Revisions").click()
    sheet.page.get_by_label("Compare with revision 1").click()
    bar = sheet.page.get_by_test_id("comparing")
    expect(bar).to_contain_text("1 new")
    expect(bar).to_contain_text("1 removed")
    expect(sheet.node("prompt").locator(".card")).to_have_attribute("data-diff", "changed")
    expect(sheet.page.locator(".ghost")).to_have_text("Negative prompt")
    bar.get_by_role("button", name="Restore it").click()
    expect(sheet.node("negative")).to_be_visible()
    expect(bar).to_have_count(0)


@quick
def test_any_two_results_are_compared_with_their_documents(sheet: Sheet) -> None:
    for prompt in ("a red circle", "a green star", "a black cross"):
        sheet.node("prompt").get_by_test_id("w-prompt").fill(prompt)
        run(sheet)
    sheet.page.get_by_test_id("tab-gallery").click()
    items = sheet.page.get_by_test_id("gallery-item")
    sheet.page.get_by_test_id("pick-two").click()
    items.nth(0).click()
    items.nth(2).click()
    compared = sheet.page.get_by_test_id("compare")
    expect(compared).to_contain_text("a red circle")
    expect(compared).to_contain_text("a black cross")


@quick
def test_only_what_a_node_needs_runs(sheet: Sheet) -> None:
    sheet.node("prompt").get_by_test_id("w-prompt").fill("a fox that runs alone")
    sheet.pick("prompt")
    sheet.press("Control+Shift+Enter")
    expect(sheet.node("prompt").locator(".card")).to_have_attribute("data-state", "done")
    expect(sheet.node("sample").locator(".card")).to_have_attribute("data-state", "idle")


@quick
def test_an_app_is_chosen_and_used_on_a_phone(sheet: Sheet) -> None:
    page = sheet.page
    page.get_by_test_id("tab-app").click()
    sheet.pick("schedule")
    page.get_by_label("steps", exact=True).last.check()
    page.get_by_test_id("app-field").last.get_by_role("textbox").fill("How many steps")
    sheet.saved()
    href = page.get_by_test_id("open-app").get_attribute("href") or ""
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("about:blank")
    page.goto(f"{sheet.server.url}/{href}")
    expect(page.get_by_role("heading", name="How many steps")).to_be_visible()
    page.get_by_test_id("field-prompt-prompt").get_by_role("textbox").fill("a small yellow circle")
    page.get_by_test_id("run").click()
    expect(page.get_by_test_id("result")).to_be_visible()
    wide = "[...document.querySelectorAll('#root *')].filter((e) => e.getBoundingClientRect().right > 391)"
    assert page.evaluate(f"{wide}.map((e) => e.outerHTML.slice(0, 80))") == []
    page.reload()
    expect(page.get_by_test_id("field-prompt-prompt").get_by_role("textbox")).to_have_value(
        "a small yellow circle"
    )
    document = sheet.server.get(f"/api/workflows/{sheet.id}")["document"]
    assert document["graphs"]["main"]["nodes"]["prompt"]["values"]["prompt"] != "a small yellow circle"

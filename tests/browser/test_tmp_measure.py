"""Temporary."""
from __future__ import annotations
import pytest
from playwright.sync_api import expect
from tests.browser.sheet import Sheet
from tests.browser.test_panels import with_cache
from tests.browser.test_subgraphs import make


@pytest.mark.timeout(500)
@pytest.mark.parametrize("sheet", [with_cache], indirect=True, ids=["with_cache"])
def test_inside(sheet: Sheet) -> None:
    page = sheet.page
    sheet.node("sample").get_by_test_id("w-seed").fill("93")
    make(sheet, "sample")
    page.screenshot(path="/tmp/measure/a.png")
    page.get_by_test_id("run").click()
    page.get_by_test_id("tab-inspector").click()
    page.wait_for_timeout(30000)
    page.screenshot(path="/tmp/measure/b.png")
    page.mouse.click(*sheet.empty_place())
    page.get_by_test_id("measure").first.click(timeout=100000)
    measured = page.get_by_test_id("comparison")
    expect(measured.get_by_role("rowheader", name="Prompt kept")).to_be_visible(timeout=200000)
    page.screenshot(path="/tmp/measure/sub_run.png")
    sheet.node("subgraph").click()
    page.screenshot(path="/tmp/measure/sub_node.png")

"""Panels tell what is there, what it takes and what it costs."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import open_document
from tests.browser.sheet import Sheet, with_caches
from tests.browser.test_looking import run
from tests.browser.test_subgraphs import few_steps, make
from tests.server.conftest import Server


def with_cache() -> dict[str, Any]:
    return with_caches("first_block_cache")


def missing_model() -> dict[str, Any]:
    document = few_steps()
    values = {"name": "flux1-schnell-fp8.safetensors"}
    document["graphs"]["main"]["nodes"]["lost"] = {
        "type": "load_checkpoint",
        "values": values,
        "position": [0, 600],
    }
    return document


@pytest.mark.parametrize("sheet", [with_cache], indirect=True, ids=["with_cache"])
def test_a_sampling_is_measured_beside_fewer_steps(sheet: Sheet) -> None:
    page = sheet.page
    sheet.node("sample").get_by_test_id("w-seed").fill("91")
    page.get_by_test_id("tab-inspector").click()
    expect(page.get_by_test_id("plan-memory")).to_contain_text("transformer")
    run(sheet)
    expect(sheet.node("sample").get_by_test_id("cost")).to_contain_text("MB")
    before = sheet.saved()
    page.get_by_test_id("measure").click()
    measured = page.get_by_test_id("comparison")
    expect(measured.get_by_role("rowheader", name="Steps")).to_be_visible()
    for figure in ("Time", "Work", "PSNR", "SSIM", "Latent error", "Prompt kept"):
        expect(measured.get_by_role("rowheader", name=figure)).to_be_visible()
    expect(page.get_by_test_id("cost-plot").locator("circle").nth(4)).to_be_attached()
    assert sheet.saved() == before, "the workflow itself stays as it is"
    page.reload()
    expect(measured).to_be_visible()
    sheet.node("schedule").get_by_label("more steps").click()
    page.mouse.click(*sheet.empty_place())
    expect(page.get_by_test_id("measuring")).to_contain_text("changed since")


@pytest.mark.parametrize("sheet", [missing_model], indirect=True, ids=["missing_model"])
def test_models_tell_their_hash_and_where_missing_ones_are(sheet: Sheet) -> None:
    page = sheet.page
    page.get_by_test_id("tab-models").click()
    lost = page.get_by_test_id("missing-models")
    expect(lost).to_contain_text("patchloom models get flux-schnell")
    expect(lost.get_by_role("link").first).to_have_attribute(
        "href", "https://huggingface.co/Comfy-Org/flux1-schnell"
    )
    page.get_by_label("SHA-256 of judges/mini/model.safetensors").click()
    expect(page.get_by_test_id("hash")).to_have_text(re.compile("^[0-9a-f]{64}$"))


@pytest.mark.parametrize("sheet", [few_steps], indirect=True, ids=["few_steps"])
def test_results_and_runs_are_found_again(sheet: Sheet) -> None:
    page = sheet.page
    sheet.node("prompt").get_by_test_id("w-prompt").fill("a violet heart nobody else asks for")
    run(sheet)
    page.get_by_test_id("tab-gallery").click()
    page.get_by_label("Search results").fill("VIOLET heart nobody")
    expect(page.get_by_test_id("gallery-item")).to_have_count(1)
    page.get_by_label("Which results").select_option("Videos")
    expect(page.get_by_test_id("panel-gallery")).to_contain_text("Nothing matches.")
    page.get_by_test_id("tab-queue").click()
    page.get_by_label("Which runs").select_option("Cancelled")
    expect(page.get_by_test_id("panel-queue")).to_contain_text("No run matches.")
    page.get_by_label("Which runs").select_option("Done")
    expect(page.get_by_test_id("job").first).to_have_attribute("data-status", "done")


@pytest.mark.parametrize("sheet", [few_steps], indirect=True, ids=["few_steps"])
def test_a_field_of_an_app_may_lie_in_a_subgraph(sheet: Sheet) -> None:
    page = sheet.page
    make(sheet, "schedule", "sampler")
    sheet.press("Escape")
    sheet.node("subgraph").get_by_test_id("enter").click()
    page.get_by_test_id("tab-app").click()
    sheet.pick("schedule")
    page.get_by_role("checkbox", name="shift").check()
    expect(page.get_by_test_id("app-field")).to_have_count(4)
    saved = sheet.saved()["graphs"]["subgraph"]["interface"]["inputs"]
    assert [port["name"] for port in saved if port["to"] == [["schedule", "shift"]]] == ["shift"]
    page.goto("about:blank")
    page.goto(f"{sheet.server.url}/#/app/{sheet.id}")
    expect(page.get_by_test_id("field-subgraph-shift")).to_be_visible()


def test_an_app_that_is_gone_says_so(browser: Browser, desk: Server) -> None:
    with open_document(browser, desk, "gone", few_steps()) as opened:
        opened.page.goto("about:blank")
        opened.page.goto(f"{desk.url}/#/app/nowhere")
        expect(opened.page.get_by_role("heading", name="There is no such app here.")).to_be_visible()

import json
import os
import signal

from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import open_page
from tests.browser.sheet import Sheet
from tests.comfy import prompt
from tests.server.conftest import Server

STEPS = 5  # enough for a picture that another prompt changes, quick enough for a test


def node(page: Page, id: str) -> Locator:
    return page.locator(f'.react-flow__node[data-id="{id}"]')


def widget(page: Page, id: str, name: str) -> Locator:
    return node(page, id).get_by_test_id(f"w-{name}")


def few_steps(page: Page, steps: int = STEPS) -> None:
    """Type a small number of steps, so that the test is quick."""
    widget(page, "schedule", "steps").click()
    field = node(page, "schedule").get_by_role("textbox", name="steps")
    field.fill(str(steps))
    field.press("Enter")


def result(page: Page) -> Locator:
    return node(page, "save").get_by_test_id("result")


def run(page: Page) -> str:
    """Press Run and return the address of the picture that comes."""
    before = result(page).get_attribute("src") if result(page).count() else None
    page.get_by_test_id("run").click()
    if before is None:
        expect(result(page)).to_be_visible()
    else:
        expect(result(page)).not_to_have_attribute("src", before)
    return result(page).get_attribute("src") or ""


def ready(page: Page) -> None:
    expect(page.get_by_test_id("status")).to_contain_text("Ready")


def test_the_canvas_is_drawn_while_the_worker_starts(browser: Browser, studio: Server) -> None:
    with open_page(browser, studio.url) as page:
        expect(page.locator(".react-flow__node")).to_have_count(10)
        for id in ("load", "prompt", "sample", "save"):
            expect(node(page, id)).to_be_visible()


def test_change_the_prompt_run_and_see_the_picture_change(sheet: Sheet) -> None:
    page = sheet.page
    few_steps(page)
    first = run(page)
    expect(node(page, "sample").get_by_test_id("preview")).not_to_have_attribute("data-frame", "0")
    widget(page, "prompt", "prompt").fill("a large blue circle on a white background")
    second = run(page)
    assert first != second
    one, two = (page.request.get(src).body() for src in (first, second))
    assert one.startswith(b"\x89PNG") and two.startswith(b"\x89PNG") and one != two


def test_an_error_shows_on_its_widget_and_nothing_runs(sheet: Sheet) -> None:
    page, before = sheet.page, sheet.server.get("/api/jobs")
    widget(page, "prompt", "prompt").fill("x" * 25_000)
    expect(node(page, "prompt").get_by_test_id("problem").first).to_be_visible()
    page.get_by_test_id("run").click()
    expect(page.get_by_text("25,000 characters").first).to_be_visible()
    assert sheet.server.get("/api/jobs") == before


def test_a_reload_and_a_new_server_lose_nothing(sheet: Sheet) -> None:
    page = sheet.page
    widget(page, "prompt", "prompt").fill("a green star on a pink background")
    expect(page.get_by_text("saved", exact=True)).to_be_visible()
    page.reload()
    expect(widget(page, "prompt", "prompt")).to_have_value("a green star on a pink background")
    sheet.server.stop(signal.SIGKILL)
    expect(page.get_by_test_id("status")).not_to_contain_text("Ready")
    sheet.server.start()
    ready(page)
    page.reload()
    expect(widget(page, "prompt", "prompt")).to_have_value("a green star on a pink background")


def test_the_death_of_the_worker_is_told_and_the_next_run_works(sheet: Sheet) -> None:
    page = sheet.page
    few_steps(page, 1000)  # more than can be done before the end comes
    page.get_by_test_id("run").click()
    sheet.server.at_work()
    os.kill(sheet.server.worker_pid(), signal.SIGKILL)
    expect(page.get_by_text("killed by SIGKILL").first).to_be_visible()
    ready(page)
    few_steps(page)
    widget(page, "prompt", "prompt").fill("the first picture of a new worker")
    assert run(page)


def test_dropping_a_saved_picture_opens_its_workflow(sheet: Sheet) -> None:
    page = sheet.page
    few_steps(page)
    widget(page, "prompt", "prompt").fill("a small black cross on a white background")
    saved = page.request.get(run(page)).body()
    widget(page, "prompt", "prompt").fill("something else")
    drop(page, saved, "saved.png", "image/png")
    expect(widget(page, "prompt", "prompt")).to_have_value("a small black cross on a white background")


def drop(page: Page, data: bytes, name: str, kind: str) -> None:
    """Drop a file on the canvas, as from the desktop."""
    transfer = page.evaluate_handle(
        """([bytes, name, type]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], name, { type }));
            return transfer;
        }""",
        [list(data), name, kind],
    )
    pane = page.locator(".react-flow__pane")
    for event in ("dragenter", "dragover", "drop"):
        pane.dispatch_event(event, {"dataTransfer": transfer})


def test_a_comfyui_workflow_opens_and_runs(sheet: Sheet) -> None:
    page = sheet.page
    drop(page, json.dumps(prompt(steps=3)).encode(), "comfy.json", "application/json")
    expect(widget(page, "6", "prompt")).to_have_value("a red circle")
    page.get_by_test_id("run").click()
    expect(node(page, "9").get_by_test_id("result")).to_be_visible()

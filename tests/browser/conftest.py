"""A real browser on a real server with the real model; without a Chromium the tests skip with the reason."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, expect, sync_playwright

from tests.browser.sheet import Sheet, first_picture
from tests.server.conftest import PATIENCE, ROOT, Server, Studio, shared, studio

__all__ = ["shared", "studio"]

expect.set_options(timeout=PATIENCE * 1000)

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome", "msedge")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]


def no_browser(reason: str) -> None:
    """Skip; but in CI a missing browser would hide a broken canvas, so there it is a failure."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="package")  # while Playwright is open its event loop runs, and async tests cannot
def browser() -> Iterator[Browser]:
    path = os.environ.get("PATCHLOOM_TEST_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)
    with sync_playwright() as playwright:
        try:
            opened = playwright.chromium.launch(executable_path=path, args=FLAGS)
        except Error as error:
            reason = str(error).splitlines()[0]
            no_browser(f"no usable Chromium ({reason}); install chromium or set PATCHLOOM_TEST_BROWSER")
        yield opened
        opened.close()


def of_the_page(message: ConsoleMessage) -> bool:
    """Whether an error is the page's own; the browser itself reports refused requests and lost servers."""
    by_browser = ("Failed to load resource", "WebSocket connection to")
    return message.type == "error" and not message.text.startswith(by_browser)


@pytest.fixture(scope="package")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests here: each edits a workflow of its own, and runs what no other runs."""
    base = tmp_path_factory.mktemp("desk")
    for name in ("models", "workflows"):
        (base / name).symlink_to(ROOT / name)
    running = Studio(base).start().ready()
    yield running
    running.stop()


@pytest.fixture
def sheet(browser: Browser, desk: Server, request: pytest.FixtureRequest) -> Iterator[Sheet]:
    """A workflow of its own in a browser of its own; fails when the page logged an error."""
    make = getattr(request, "param", first_picture)
    with open_sheet(browser, desk, request.node.name, make()) as opened:
        yield opened


@contextmanager
def open_page(browser: Browser, address: str) -> Iterator[Page]:
    """Open an address in a browser of its own; fails at the end when the page logged an error."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE * 1000)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if of_the_page(message) else None)
    page.goto(address)
    yield page
    context.close()
    assert not errors, errors


@contextmanager
def open_document(browser: Browser, server: Server, title: str, document: dict[str, Any]) -> Iterator[Sheet]:
    """Open a document as a new workflow; fails at the end when the page logged an error."""
    status, head = server.ask("POST", "/api/workflows", {"title": title, "document": document})
    assert status == 201, head
    with open_page(browser, f"{server.url}/?workflow={head['id']}") as page:
        yield Sheet(page, server, head["id"])


@contextmanager
def open_sheet(browser: Browser, server: Server, title: str, document: dict[str, Any]) -> Iterator[Sheet]:
    """Open a document with a `save` node, and wait until all of it is drawn."""
    with open_document(browser, server, title, document) as opened:
        expect(opened.node("save").get_by_test_id("w-prefix")).to_be_visible()
        expect(opened.node("save")).to_be_in_viewport(ratio=1)
        opened.still()
        yield opened

"""A real browser on a real server with the real model; without a Chromium the tests skip with the reason."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, sync_playwright

from tests.server.conftest import Server, studio

__all__ = ["studio"]

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
]


def no_browser(reason: str) -> None:
    """Skip; but in CI a missing browser would hide a broken canvas, so there it is a failure."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="module")  # while Playwright is open its event loop runs, and async tests cannot
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


@pytest.fixture
def page(browser: Browser, studio: Server) -> Iterator[Page]:
    """The canvas, opened; fails when the page logged an error."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(30_000)
    opened, errors = context.new_page(), []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda message: errors.append(message.text) if of_the_page(message) else None)
    opened.goto(studio.url)
    yield opened
    context.close()
    assert not errors, errors

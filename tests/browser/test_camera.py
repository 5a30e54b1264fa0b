"""A camera of the browser becomes a live stream on the canvas, and stopping it ends the run."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import open_document
from tests.browser.sheet import Sheet
from tests.server.conftest import ROOT, Server, wait_for


@pytest.fixture
def filmed(browser: Browser, desk: Server) -> Iterator[Sheet]:
    """The example with a camera. The browser's camera shows a test picture, and its user says yes."""
    document = json.loads((ROOT / "workflows" / "live_camera.json").read_text())
    with open_document(browser, desk, "A camera", document) as opened:
        yield opened


def test_a_camera_streams_until_it_is_stopped(filmed: Sheet) -> None:
    card = filmed.node("live")
    expect(card.get_by_label("Start camera")).to_be_visible()
    card.get_by_label("Start camera").click()
    expect(card.get_by_label("Stop camera")).to_be_visible()
    filmed.press("Control+Enter")
    server = filmed.server
    job = server.at_work()
    wait_for(lambda: server.get(f"/api/jobs/{job}/previews")["frames"].get("live", 0) >= 3)
    expect(card.locator("canvas").first).to_be_visible()
    card.get_by_label("Stop camera").click()
    assert server.finished(job)["status"] == "done"
    (report,) = server.get(f"/api/jobs/{job}")["reports"]
    assert report["report"]["frames"] >= 3 and report["node"] == "live"
    expect(card.get_by_label("Start camera")).to_be_visible()
    assert not list((server.base / "user" / "temp" / "cameras").iterdir()), "no frame stays on disk"

"""The pictures of README.md: `python -m tests.browser.screenshots` makes docs/images/*.webp anew.

Real runs on the model that comes along, in headless Chromium. Build the canvas before.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import FLAGS, NAMES
from tests.server.conftest import ROOT, Server, Studio

IMAGES = ROOT / "docs" / "images"
DESK, PHONE = (1440, 810), (400, 960)
DENSITY = 1.5  # device pixels per CSS pixel
QUALITY = 88  # of WebP, 1 to 100
FORMED = "() => Number(document.querySelector('[data-testid=preview]')?.dataset.frame) > 20"
PROMPTS = (
    "a large frog in a meadow",
    "a small red heart on a yellow background",
    "a blue star on a pink background",
    "a large red apple on a blue background",
    "a fox and a rocket at night",
)


def example(name: str, **values: Any) -> dict[str, Any]:
    """Return an example workflow with other values: `sample__seed=7` sets `seed` of node `sample`."""
    document: dict[str, Any] = json.loads((ROOT / "workflows" / f"{name}.json").read_text())
    for place, value in values.items():
        node, input = place.split("__")
        document["graphs"]["main"]["nodes"][node]["values"][input] = value
    return document


def saved(server: Server, title: str, document: dict[str, Any]) -> str:
    """Save a workflow, run it, and return its id."""
    id = str(server.ask("POST", "/api/workflows", {"title": title, "document": document})[1]["id"])
    made(server, document, title, id)
    return id


def made(server: Server, document: dict[str, Any], title: str, workflow: str | None = None) -> None:
    """Run a workflow to its end; what failed would not be shown."""
    ended = server.finished(server.run(document, title=title, workflow=workflow))
    assert ended["status"] == "done", ended


@contextmanager
def looking(browser: Browser, address: str, size: tuple[int, int], theme: Any = "dark") -> Iterator[Page]:
    """Open an address and wait until it stands still."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        device_scale_factor=DENSITY,
        reduced_motion="reduce",
        color_scheme=theme,
    )
    page = context.new_page()
    page.goto(address, wait_until="networkidle")
    yield page
    context.close()


def shoot(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(800)  # for the camera of the canvas
    with Image.open(BytesIO(page.screenshot())) as picture:
        picture.convert("RGB").save(IMAGES / f"{name}.webp", quality=QUALITY, method=6)
    print(IMAGES / f"{name}.webp", (IMAGES / f"{name}.webp").stat().st_size)


def canvas(browser: Browser, server: Server) -> None:
    """The first picture while it is made, with what was made before."""
    id = saved(server, "First picture", example("first_picture"))
    for seed, prompt in enumerate(PROMPTS, 11):
        again = example("first_picture", prompt__prompt=prompt, sample__seed=seed)
        made(server, again, "First picture")
    running = example("first_picture", sample__seed=5, schedule__steps=600)
    with looking(browser, f"{server.url}/?workflow={id}", DESK) as page:
        page.get_by_test_id("tab-gallery").click()
        job = server.run(running, title="First picture", workflow=id)
        page.wait_for_function(FORMED, timeout=60_000)
        shoot(page, "canvas")
        server.ask("POST", f"/api/jobs/{job}/cancel")
        server.finished(job)


def inspector(browser: Browser, server: Server) -> None:
    """What a technique did, block by step, with its cost measured."""
    id = saved(server, "First block cache, side by side", example("first_block_cache"))
    with looking(browser, f"{server.url}/?workflow={id}", DESK, "light") as page:
        page.get_by_test_id("tab-inspector").click()
        shoot(page, "inspector")


def templates(browser: Browser, server: Server) -> None:
    """The gallery of templates."""
    with looking(browser, server.url, DESK) as page:
        page.get_by_test_id("tab-workflows").click()
        page.get_by_test_id("all-templates").click()
        page.mouse.move(10, 10)
        shoot(page, "templates")


def revisions(browser: Browser, server: Server) -> None:
    """Two revisions, compared on the canvas."""
    first = example("first_picture")
    id = saved(server, "Revised", first)
    changed = example("first_picture", sample__seed=99, prompt__prompt="a red apple on a yellow background")
    graph = changed["graphs"]["main"]
    graph["nodes"]["cache"] = {"type": "first_block_cache", "position": [680, 520]}
    del graph["nodes"]["negative"]
    graph["nodes"]["guidance"] = {**graph["nodes"]["guidance"], "type": "no_guidance", "values": {}}
    graph["edges"] = [
        edge
        for edge in graph["edges"]
        if "negative" not in (edge["from"][0], edge["to"][0]) and edge["to"] != ["sample", "model"]
    ]
    graph["edges"] += [
        {"from": ["load", "model"], "to": ["cache", "model"]},
        {"from": ["cache", "model"], "to": ["sample", "model"]},
    ]
    body = {"title": "Revised", "document": changed, "base_revision": 1, "keep": True}
    server.ask("PUT", f"/api/workflows/{id}", body)
    made(server, changed, "Revised", id)
    with looking(browser, f"{server.url}/?workflow={id}", DESK) as page:
        page.get_by_test_id("tab-workflows").click()
        page.get_by_label("Revisions").click()
        page.get_by_label("Compare with revision 1").click()
        shoot(page, "revisions")


def app(browser: Browser, server: Server) -> None:
    """A workflow as an app, on a phone."""
    id = saved(server, "First picture", example("first_picture"))
    with looking(browser, f"{server.url}/#/app/{id}", PHONE, "light") as page:
        page.get_by_test_id("run").click()
        page.get_by_test_id("result").first.wait_for()
        shoot(page, "app")


def main() -> None:
    path = next(filter(None, map(shutil.which, NAMES)), None)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        base = Path(folder)
        for name in ("models", "workflows"):
            (base / name).symlink_to(ROOT / name)
        server = Studio(base).start().ready()
        try:
            browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
            for take in (app, templates, inspector, revisions, canvas):
                take(browser, server)
        finally:
            server.stop()


if __name__ == "__main__":
    main()

"""From nothing to a drawn canvas: `python -m benchmarks.start` writes results/start.md.

The browser is already open; the clock starts with the server process and stops when all nodes of the first
workflow are drawn. The worker is still importing torch then.
"""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import FLAGS, NAMES
from tests.server.conftest import ROOT, Studio

RESULTS = Path(__file__).parent / "results" / "start.md"
RUNS = 5
NODES = 10


def start_once(page: Page, base: Path) -> tuple[float, float, str]:
    """Return the times (s) until the server answers and the canvas is drawn, and the worker's state."""
    started = time.monotonic()
    server = Studio(base).start()
    answers = time.monotonic() - started
    page.goto(server.url)
    page.wait_for_function(f"document.querySelectorAll('.react-flow__node').length === {NODES}")
    drawn = time.monotonic() - started
    state = server.get("/api/status")["worker"]["state"]
    server.stop()
    return answers, drawn, state


def main() -> None:
    rows = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        base = Path(folder)
        for name in ("models", "workflows"):
            (base / name).symlink_to(ROOT / name)
        Studio(base).start().ready().stop()  # writes the catalogue, as `make install` does
        path = next(filter(None, map(shutil.which, NAMES)), None)
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        for _ in range(RUNS):
            page = browser.new_context().new_page()
            rows.append(start_once(page, base))
            page.close()
        browser.close()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    lines = [
        "# Cold start",
        "",
        f"CPU: {machine}; medians of {RUNS} starts.",
        "",
        "| what | figure |",
        "|---|---|",
    ]
    middle = sorted(rows, key=lambda row: row[1])[RUNS // 2]
    lines += [f"| server answers | {middle[0]:.2f} s |", f"| all {NODES} nodes drawn | {middle[1]:.2f} s |"]
    lines += [f"| the worker then | {middle[2]} |"]
    text = "\n".join(lines) + "\n"
    RESULTS.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()

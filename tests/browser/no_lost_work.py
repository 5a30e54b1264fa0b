"""The long run of the random editing: `python -m tests.browser.no_lost_work [sequences] [first seed]`."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import FLAGS, NAMES, open_sheet
from tests.browser.monkey import play
from tests.browser.sheet import first_picture
from tests.server.conftest import ROOT, Studio


def main(sequences: int = 200, first: int = 1) -> int:
    """Play the sequences on one server and say which failed; returns how many."""
    base = Path(tempfile.mkdtemp())
    for name in ("models", "workflows"):
        (base / name).symlink_to(ROOT / name)
    server = Studio(base).start().ready()
    browser_path = os.environ.get("PATCHLOOM_TEST_BROWSER") or next(
        filter(None, map(shutil.which, NAMES)), None
    )
    failed, acts, started = 0, 0, time.monotonic()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        for seed in range(first, first + sequences):
            server.ready()
            try:
                with open_sheet(browser, server, f"seed {seed}", first_picture()) as sheet:
                    acts += len(play(sheet, seed))
            except Exception as error:
                failed += 1
                print(f"seed {seed}: {type(error).__name__}: {str(error)[:2000]}", flush=True)
        browser.close()
    server.stop()
    shutil.rmtree(base, ignore_errors=True)
    print(f"{sequences} sequences, {acts} acts, {failed} failed, {time.monotonic() - started:.0f} s")
    return failed


if __name__ == "__main__":
    sys.exit(1 if main(*map(int, sys.argv[1:])) else 0)

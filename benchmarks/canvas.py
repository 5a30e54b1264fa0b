"""How quick the canvas is with many nodes: `python -m benchmarks.canvas` writes results/canvas.md.

Headless Chromium with software rendering, so that the figures are upper bounds. The work of a move is the
CPU time of the page's main thread, as Chromium's own `TaskDuration` counts it; a key's time runs from the
event to the frame that shows it. The sizes take turns, so that a slow minute falls on all of them.
"""

from __future__ import annotations

import gzip
import json
import os
import platform
import re
import shutil
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, CDPSession, Page, WebSocketRoute, sync_playwright

from tests.browser.conftest import FLAGS, NAMES
from tests.browser.sheet import first_picture
from tests.server.conftest import ROOT, Server, Studio

RESULTS = Path(__file__).parent / "results" / "canvas.md"
BUNDLE = ROOT / "app" / "web_dist"
SIZES = (30, 300, 1000)
RUNS = 3
COLUMNS = 10
KEYS = 40
MOVES = 60
PREVIEW = 512  # pixels
UNITS = {"s": 2, "ms": 1, "": 0}  # and the decimals they are told with
PREVIEWS = 90  # three seconds of them
READY = """(nodes) => performance.getEntriesByName("ready").length > 0 || (
    document.querySelectorAll(".react-flow__node").length > 0
    && document.querySelectorAll(".react-flow__handle, .far-port").length > 0
    && (requestAnimationFrame(() => requestAnimationFrame(() => performance.mark("ready"))), false)
)"""
ZOOM = """() => {
    const viewport = document.querySelector(".react-flow__viewport");
    return new DOMMatrix(getComputedStyle(viewport).transform).a;
}"""
WATCH_KEYS = """() => {
    window.keyTimes = [];
    addEventListener("keydown", (event) => {
        const start = event.timeStamp;
        requestAnimationFrame(() => {
            const channel = new MessageChannel();
            channel.port1.onmessage = () => window.keyTimes.push(performance.now() - start);
            channel.port2.postMessage(0);
        });
    }, true);
}"""


def many(nodes: int) -> dict[str, Any]:
    """Return a document of so many nodes: the first picture's ten, again and again in a grid."""
    document = first_picture()
    one = document["graphs"]["main"]
    graph: dict[str, Any] = {"nodes": {}, "edges": []}
    for copy in range(nodes // len(one["nodes"])):
        x, y = 1900 * (copy % COLUMNS), 1200 * (copy // COLUMNS)
        for id, node in one["nodes"].items():
            left, top = node["position"]
            graph["nodes"][f"{id}_{copy}"] = {**node, "position": [left + x, top + y]}
        for edge in one["edges"]:
            (source, output), (target, input) = edge["from"], edge["to"]
            graph["edges"].append({"from": [f"{source}_{copy}", output], "to": [f"{target}_{copy}", input]})
    return {**document, "graphs": {"main": graph}}


def inner(nodes: int) -> int:
    """Return a copy in the middle row: close by, the same cards and links are in view at every size."""
    return nodes // 10 // COLUMNS // 2 * COLUMNS + 1


@dataclass
class Desk:
    """A page with an open workflow, and what Chromium tells of it."""

    page: Page
    chromium: CDPSession
    copy: int  # which of the repeated groups is worked on

    def busy(self) -> float:
        """Return the main thread's work so far (s)."""
        metrics = self.chromium.send("Performance.getMetrics")["metrics"]
        return next(float(entry["value"]) for entry in metrics if entry["name"] == "TaskDuration")

    def look_close(self) -> None:
        """Bring the first group of nodes to a readable size."""
        prompt = self.page.locator(f'.react-flow__node[data-id="prompt_{self.copy}"]')
        self.page.evaluate("() => document.activeElement?.blur()")
        self.page.keyboard.press("f")
        self.page.wait_for_timeout(700)
        box = prompt.bounding_box()
        assert box is not None
        self.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 2)  # a text field keeps the wheel
        for _ in range(40):
            if self.zoom() > 0.9:
                break
            self.page.mouse.wheel(0, -120)
            self.page.wait_for_timeout(20)
        self.page.wait_for_timeout(300)

    def zoom(self) -> float:
        return float(self.page.evaluate(ZOOM))

    def type_keys(self) -> list[float]:
        """Type into a prompt and return the time of each key (ms)."""
        self.page.locator(f'.react-flow__node[data-id="prompt_{self.copy}"] textarea').click()
        self.page.evaluate(WATCH_KEYS)
        for _ in range(KEYS):
            self.page.keyboard.press("x")
            self.page.wait_for_timeout(30)
        return [float(time) for time in self.page.evaluate("() => window.keyTimes")]

    def per_move(self, act: Any) -> float:
        """Return the main thread's work (ms) for each of many repetitions."""
        before = self.busy()
        for step in range(MOVES):
            act(step)
            self.page.wait_for_timeout(16)
        return 1000 * (self.busy() - before) / MOVES

    def drag(self) -> float:
        head = self.page.locator(f'.react-flow__node[data-id="prompt_{self.copy}"] .card-head')
        box = head.bounding_box()
        assert box is not None
        x, y = box["x"] + 60, box["y"] + 10
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        cost = self.per_move(lambda step: self.page.mouse.move(x + 2 * step, y + step))
        self.page.mouse.up()
        self.page.keyboard.press("Control+z")
        return cost

    def pan(self) -> float:
        self.page.mouse.move(700, 850)
        self.page.mouse.down(button="middle")
        cost = self.per_move(lambda step: self.page.mouse.move(700 - 6 * step, 850 - 3 * step))
        self.page.mouse.up(button="middle")
        return cost

    def zoom_out(self) -> float:
        return self.per_move(lambda step: self.page.mouse.wheel(0, 40 if step < MOVES / 2 else -40))


@contextmanager
def opened(browser: Browser, server: Server, workflow: str, copy: int = 0) -> Iterator[Desk]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    chromium = context.new_cdp_session(page)
    chromium.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(f"{server.url}/?workflow={workflow}")
    page.wait_for_function(READY)
    yield Desk(page, chromium, copy)
    context.close()


def previews_while_typing(browser: Browser, server: Server, workflow: str, copy: int) -> tuple[float, float]:
    """Return the previews drawn a second and the time of a key (ms) meanwhile, 30 sent a second."""
    sockets: list[WebSocketRoute] = []

    def take(route: WebSocketRoute) -> None:
        route.connect_to_server()
        sockets.append(route)

    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.route_web_socket(re.compile(r"/api/ws"), take)
    page.goto(f"{server.url}/?workflow={workflow}")
    page.wait_for_function(READY)
    desk = Desk(page, context.new_cdp_session(page), copy)
    page.wait_for_timeout(1500)
    desk.look_close()
    start = {
        "type": "job_started",
        "seq": 10**9,
        "time": 0,
        "job": "j",
        "order": [f"prompt_{copy}"],
        "cached": [],
    }
    sockets[-1].send(json.dumps(start))
    frames = [packet(f"prompt_{copy}".encode(), number) for number in range(12)]
    page.locator(f'.react-flow__node[data-id="prompt_{copy}"] textarea').click()
    page.evaluate(WATCH_KEYS)
    clock = "() => performance.now()"
    began = page.evaluate(clock)
    for number in range(PREVIEWS):
        sockets[-1].send(frames[number % len(frames)])
        if number % 3 == 0:
            page.keyboard.press("x")
        while page.evaluate(clock) - began < (number + 1) * 1000 / 30:
            page.wait_for_timeout(2)
    drawn = int(page.get_by_test_id("preview").first.get_attribute("data-frame") or 0)
    seconds = (page.evaluate(clock) - began) / 1000
    keys = [float(time) for time in page.evaluate("() => window.keyTimes")]
    context.close()
    return drawn / seconds, statistics.median(keys)


def packet(node: bytes, number: int) -> bytes:
    """Return a preview frame of a node: a gradient, as JPEG."""
    picture = Image.linear_gradient("L").rotate(30 * number).resize((PREVIEW, PREVIEW)).convert("RGB")
    data = BytesIO()
    picture.save(data, "JPEG", quality=80)
    return bytes([1, 0, 0, len(node)]) + node + data.getvalue()


def first_paint() -> float:
    """Return what the browser loads before it draws anything (kB, compressed)."""
    index = (BUNDLE / "index.html").read_text(encoding="utf-8")
    files = [BUNDLE / name for name in re.findall(r"(?:src|href)=\"\./(assets/[^\"]+)\"", index)]
    return sum(len(gzip.compress(file.read_bytes())) for file in files) / 1000


def measure(browser: Browser, server: Server) -> list[tuple[str, ...]]:
    workflows = {size: opened_once(server, size) for size in SIZES}
    rounds = [
        {size: measure_once(browser, server, workflows[size], inner(size)) for size in SIZES}
        for _ in range(RUNS)
    ]
    table = []
    for name, unit in rounds[0][SIZES[0]]:
        medians = (statistics.median(turn[size][name, unit] for turn in rounds) for size in SIZES)
        table.append((name, *(f"{figure:.{UNITS[unit]}f} {unit}".strip() for figure in medians)))
    return table


def opened_once(server: Server, size: int) -> str:
    body = {"title": f"{size} nodes", "document": many(size)}
    return str(server.ask("POST", "/api/workflows", body)[1]["id"])


def measure_once(browser: Browser, server: Server, workflow: str, copy: int) -> dict[tuple[str, str], float]:
    """Return each figure of one workflow under its name and unit."""
    found: dict[tuple[str, str], float] = {}
    with opened(browser, server, workflow, copy) as desk:
        ready = desk.page.evaluate("() => performance.getEntriesByName('ready')[0].startTime")
        found["open, until cards are drawn", "s"] = float(ready) / 1000
        desk.page.wait_for_timeout(1500)
        found["cards mounted, all in view", ""] = desk.page.locator(".react-flow__node").count()
        found["pan, all in view, a move", "ms"] = desk.pan()
        desk.look_close()
        found["cards mounted, close", ""] = desk.page.locator(".react-flow__node").count()
        found["key to frame", "ms"] = statistics.median(desk.type_keys())
        found["drag of one node, a move", "ms"] = desk.drag()
        found["pan, close, a move", "ms"] = desk.pan()
        found["zoom, a notch", "ms"] = desk.zoom_out()
    fps, key = previews_while_typing(browser, server, workflow, copy)
    found["previews drawn of 30 a second (512 x 512)", ""] = fps
    found["key to frame meanwhile", "ms"] = key
    return found


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        base = Path(folder)
        for name in ("models", "workflows"):
            (base / name).symlink_to(ROOT / name)
        server = Studio(base).start().ready()
        path = next(filter(None, map(shutil.which, NAMES)), None)
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        table = measure(browser, server)
        version = browser.version
        browser.close()
        server.stop()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, headless Chromium {version}"
    lines = [
        "# Canvas",
        "",
        f"CPU: {machine}, software rendering, 1440 x 900. Medians of {RUNS} rounds in which the sizes",
        f"take turns; a move: the CPU time of the page's main thread for one of {MOVES}.",
        "The workflow is the first picture's ten nodes, repeated.",
        f"First paint loads {first_paint():.0f} kB (gzip).",
        "",
        "| what | " + " | ".join(f"{size} nodes" for size in SIZES) + " |",
        "|---|" + "---|" * len(SIZES),
        *("| " + " | ".join(row) + " |" for row in table),
    ]
    text = "\n".join(lines) + "\n"
    RESULTS.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()

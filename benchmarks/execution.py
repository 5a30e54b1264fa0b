"""What the machine costs without models: `python -m benchmarks.execution` writes results/execution.md.

CPU times are of the executor's process (first table) or of the server's and the worker's (second table). The
calibration loop's time stands beside them, so that figures of different machines can be compared.
"""

from __future__ import annotations

import asyncio
import os
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp

from app.execution.cache import ResultCache
from app.execution.context import Caller
from app.execution.executor import Executor
from app.execution.files import Folders
from app.graph import catalog
from app.graph.workflow import Workflow
from tests.documents import document, sum_of, workflow
from tests.server.conftest import Server, wait_for

PLAIN = catalog.find(("tests.plain.nodes",))
RESULTS = Path(__file__).parent / "results" / "execution.md"
TICK = os.sysconf("SC_CLK_TCK")


def cpu(work: Callable[[], object]) -> float:
    """Return the CPU time (ms) of this process for `work`."""
    started = time.process_time()
    work()
    return (time.process_time() - started) * 1000


def calibration() -> float:
    """Return the CPU time (ms) of a fixed loop on this machine."""
    return cpu(lambda: sum(n * n for n in range(3_000_000)))


def chain(count: int, last: int = 0) -> tuple[dict[str, Any], list[str]]:
    nodes = {"0": "number"} | {str(n): ("add", {"b": 1}) for n in range(1, count)}
    edges = [f"{n}.int > {n + 1}.a" for n in range(count - 1)] + [f"{count - 1}.int > s.value"]
    return nodes | {"s": ("show", {"text": str(last)})}, edges


def wide(count: int) -> Workflow:
    nodes = {str(n): ("number", {"value": n}) for n in range(count)}
    return workflow(
        nodes | {"t": "total", "s": "show"}, *(f"{n}.int > t.values" for n in range(count)), "t.int > s.value"
    )


def executor(folder: Path) -> Executor:
    return Executor(PLAIN, ResultCache(2**30), Folders(folder / "o", folder / "t", folder / "i", {}))


def in_process() -> list[tuple[str, str]]:
    """Measure the executor alone, first run and all from cache."""
    rows = []
    documents = {f"chain of {n:,}": workflow(*flat(chain(n))) for n in (1, 10, 200, 2_000, 10_000)}
    for name, work in (documents | {"200 nodes wide": wide(200)}).items():
        with tempfile.TemporaryDirectory() as folder:
            machine = executor(Path(folder))
            silent = Caller(lambda event: None)
            times = [cpu(lambda: machine.run(work, silent)) for _ in range(2)]  # noqa: B023
        rows.append((f"{name}: first run / all cached", f"{times[0]:.1f} ms / {times[1]:.1f} ms"))
    return rows


def flat(parts: tuple[dict[str, Any], list[str]]) -> tuple[Any, ...]:
    nodes, edges = parts
    return nodes, *edges


def used(pid: int) -> float:
    """Return the CPU time (s) a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory(pid: int) -> float:
    """Return the resident memory (MiB) of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


async def websocket_bytes(server: Server, body: Any) -> int:
    """Return the bytes a canvas receives for one run."""
    since = server.get("/api/status")["last_seq"]
    total = 0
    url = f"{server.url}/api/ws?from={since}"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        await asyncio.to_thread(server.run, body)
        async for message in socket:
            total += len(message.data)
            if message.type == aiohttp.WSMsgType.TEXT and message.json()["type"] == "job_finished":
                break
    return total


def with_server() -> list[tuple[str, str]]:
    """Measure the real server with its worker."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder)).start()
        rows = [
            (
                "server ready: CPU / memory",
                f"{used(server.process.pid):.2f} s / {memory(server.process.pid):.0f} MiB",
            )
        ]
        server.ready()
        worker = server.worker_pid()
        body = document(chain(200)[0], *chain(200)[1])
        size = asyncio.run(websocket_bytes(server, body))
        rows.append(("websocket for a run of 200 nodes", f"{size / 1000:.0f} kB"))
        rows.append(("200 queued tiny prompts", f"{throughput(server, 200):.0f} a second"))
        before = memory(server.process.pid), memory(worker)
        taken = used(server.process.pid), used(worker)
        throughput(server, 5_000)
        after = memory(server.process.pid), memory(worker)
        each = [
            (used(pid) - start) / 5 for pid, start in zip((server.process.pid, worker), taken, strict=True)
        ]
        rows.append(("CPU of a tiny prompt: server / worker", f"{each[0]:.1f} ms / {each[1]:.1f} ms"))
        growth = f"server {before[0]:.0f} -> {after[0]:.0f} MiB, worker {before[1]:.0f} -> {after[1]:.0f} MiB"
        rows.append(("memory over 5,000 prompts more", growth))
        server.stop()
    return rows


def throughput(server: Server, jobs: int) -> float:
    """Return how many small jobs a second get through, from the first request to the last end."""
    started = time.monotonic()
    ids = [server.run(sum_of(number % 1000)) for number in range(jobs)]
    wait_for(lambda: server.job(ids[-1])["status"] == "done", 300)
    return jobs / (time.monotonic() - started)


def main() -> None:
    head = f"CPU: {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    before = calibration()
    rows = [
        *in_process(),
        *with_server(),
        ("calibration loop before / after", f"{before:.0f} ms / {calibration():.0f} ms"),
    ]
    lines = ["# Execution, without models", "", head, "", "| what | figure |", "|---|---|"]
    text = "\n".join([*lines, *(f"| {name} | {figure} |" for name, figure in rows)]) + "\n"
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()

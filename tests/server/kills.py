"""Kill server and worker at random moments of a mixed load, then look whether anything was lost or doubled.

`python -m tests.server.kills` does it at full length: 200 jobs, 50 kills.
"""

from __future__ import annotations

import os
import random
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.documents import document
from tests.server.conftest import Server, wait_for


def job_document(number: int) -> Any:
    """A short job, a longer one, one with two files, or one that fails."""
    text = {"text": f"job {number}"}
    match number % 4:
        case 0:
            return document({"n": ("number", {"value": 1}), "s": ("show", text)}, "n.int > s.value")
        case 1:
            nodes = {"w": ("wait", {"steps": 10, "pause": 0.03, "value": 2}), "s": ("show", text)}
            return document(nodes, "w.int > s.value")
        case 2:
            nodes = {"l": ("spread", {"count": 2}), "w": ("wait", {"steps": 3}), "s": ("show", text)}
            return document(nodes, "l.int > w.value", "w.int > s.value")
        case _:
            return document({"f": ("fail", {"value": number}), "s": ("show", text)}, "f.int > s.value")


def expected_files(number: int) -> int:
    return {0: 1, 1: 1, 2: 2, 3: 0}[number % 4]


def mixed_load(base: Path, jobs: int, kills: int, seed: int) -> dict[str, int]:
    """Queue `jobs`, kill `kills` times, wait for the end; raises AssertionError when a promise is broken."""
    chance = random.Random(seed)
    server = Server(base).start().ready()
    ids = {server.run(job_document(number), title=f"job {number}"): number for number in range(jobs)}
    for _ in range(kills):
        time.sleep(chance.uniform(0.0, 0.7))
        if chance.random() < 0.5:
            server.stop(signal.SIGKILL)
            server.start()
        elif server.get("/api/status")["worker"]["state"] == "ready":
            os.kill(server.worker_pid(), signal.SIGKILL)
    server.ready()
    wait_for(lambda: idle(server), 30 + jobs)
    counts = judge(server, base, ids)
    server.stop()
    return counts


def idle(server: Server) -> bool:
    queue = server.get("/api/status")["queue"]
    return not queue["running"] and queue["queued"] == 0


def judge(server: Server, base: Path, ids: dict[str, int]) -> dict[str, int]:
    """Check every promise; returns how the jobs ended."""
    files = Counter(path.read_bytes()[8:].decode().partition(" ")[2] for path in (base / "output").iterdir())
    counts: Counter[str] = Counter()
    for id, number in ids.items():
        job = server.job(id)
        counts[job["status"]] += 1
        assert job["status"] in ("done", "failed"), job
        assert job["problem"] or job["status"] == "done"
        wanted, found = expected_files(number), files[f"job {number}"]
        assert found <= wanted, f"job {number} made {found} files, expected {wanted}"
        assert job["status"] == "failed" or found == wanted, f"job {number}: {found} of {wanted} files"
        listed = [asset["name"] for asset in server.get(f"/api/jobs/{id}")["assets"]]
        assert len(set(listed)) == len(listed) and (job["status"] == "failed" or len(listed) == wanted)
    assert not files[""], "an empty file is left"
    return dict(counts)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        print(mixed_load(Path(folder), jobs=200, kills=50, seed=1))

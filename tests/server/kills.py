"""Kill server and worker at random moments of a mixed load, then look whether anything was lost or doubled.

`python -m tests.server.kills` does it at full length: 200 jobs, 50 kills.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.documents import document
from tests.server.conftest import PATIENCE, Server, wait_for


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
    """Queue `jobs` by portions, kill in the midst of each, wait for the end.

    Returns how the jobs ended, and how many kills of either process met a running job. Raises AssertionError
    when a promise is broken.
    """
    chance = random.Random(seed)
    server = Server(base).start().ready()
    ids: dict[str, int] = {}
    hits = Counter({"server killed in a job": 0, "worker killed in a job": 0, "killed between jobs": 0})
    for number in range(kills):
        for job in range(number * jobs // kills, (number + 1) * jobs // kills):
            ids[server.run(job_document(job), title=f"job {job}")] = job
        if number % 5:  # every fifth meets what it meets: a start, a job, nothing
            wait_for(lambda: busy(server) or idle(server))
        time.sleep(chance.uniform(0.0, 0.3))
        hits[kill(server, chance.choice(("server", "worker")))] += 1
    server.ready()
    wait_for(lambda: idle(server), PATIENCE + jobs)
    counts = judge(server, base, ids)
    server.stop()
    judge_log(base, jobs)
    return counts | hits


def kill(server: Server, which: str) -> str:
    """Kill the server, or its worker where there is one; returns what was hit."""
    running = busy(server)
    if which == "server" or server.get("/api/status")["worker"]["state"] != "ready":
        which = "server"
        server.stop(signal.SIGKILL)
        server.start()
    else:
        os.kill(server.worker_pid(), signal.SIGKILL)
    return f"{which} killed in a job" if running else "killed between jobs"


def busy(server: Server) -> bool:
    return bool(server.get("/api/status")["queue"]["running"])


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


def judge_log(base: Path, jobs: int) -> None:
    """Every job has one end in the log, and the log has no gap."""
    with closing(sqlite3.connect(base / "user" / "patchloom.db")) as database:
        ends = database.execute(
            "SELECT count(*), count(DISTINCT job) FROM events WHERE type = 'job_finished'"
        )
        numbers = [seq for (seq,) in database.execute("SELECT seq FROM events ORDER BY seq")]
        assert ends.fetchone() == (jobs, jobs)
    assert numbers == list(range(1, len(numbers) + 1)), "the event log has a gap"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        print(mixed_load(Path(folder), jobs=200, kills=50, seed=1))

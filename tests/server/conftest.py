"""A real server process on a real socket, with the plain nodes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE = 100  # seconds: no measure of speed, only the end of waiting for what never comes


@dataclass
class Server:
    """The process and short ways to talk to it."""

    base: Path
    command: tuple[str, ...] = ("-m", "tests.plain.serve")
    port: int = 0
    process: subprocess.Popen[str] = field(init=False)

    def start(self) -> Server:
        arguments = [sys.executable, *self.command, str(self.base), str(self.port)]
        self.process = subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.port = int(line.rsplit(":", 1)[1])
        return self

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(how)
        self.process.wait(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """Send a request; returns status and decoded JSON, or the bytes of anything else."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                return response.status, decoded(response.headers, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, decoded(error.headers, error.read())

    def get(self, path: str) -> Any:
        status, body = self.ask("GET", path)
        assert status == 200, (status, body)
        return body

    def ready(self) -> Server:
        wait_for(lambda: self.get("/api/status")["worker"]["state"] == "ready")
        return self

    def run(self, document: Any, **more: Any) -> str:
        status, body = self.ask("POST", "/api/jobs", {"document": document, **more})
        assert status == 201, body
        return str(body["job"]["id"])

    def job(self, id: str) -> Any:
        return self.get(f"/api/jobs/{id}")["job"]

    def finished(self, id: str) -> Any:
        wait_for(lambda: self.job(id)["status"] in ("done", "failed", "cancelled"))
        return self.job(id)

    def running(self, document: Any, **more: Any) -> str:
        """Queue a document and wait until it is at work."""
        job = self.run(document, **more)
        wait_for(lambda: self.job(job)["status"] == "running")
        return job

    def at_work(self) -> str:
        """Wait until something runs; returns its job."""
        return str(wait_for(lambda: self.get("/api/status")["queue"]["running"]))

    def worker_pid(self) -> int:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        assert len(children) == 1, children
        return int(children[0])


class Studio(Server):
    """The server as `patchloom serve` starts it."""

    def start(self) -> Server:
        command = [sys.executable, "-m", "app.cli", "serve", "--no-browser", "--port", str(self.port)]
        command += ["--base-directory", str(self.base), "--savepoint-after", "0"]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1])
        return self


def decoded(headers: Any, body: bytes) -> Any:
    return json.loads(body) if "json" in headers.get("Content-Type", "") else body


def wait_for(condition: Callable[[], Any], within: float = PATIENCE) -> Any:
    """Return what a condition gives as soon as that is true."""
    end = time.monotonic() + within
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.03)
    return found


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path).start()
    yield running
    if running.process.poll() is None:
        running.stop()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for tests that leave it in order."""
    running = Server(tmp_path_factory.mktemp("base")).start().ready()
    yield running
    running.stop()


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Server]:
    for name in ("models", "workflows"):
        (tmp_path / name).symlink_to(ROOT / name)
    running = Studio(tmp_path).start()
    yield running
    if running.process.poll() is None:
        running.stop(signal.SIGTERM)

"""`patchloom models get` against a real server that speaks as much of Hugging Face's hub as it needs."""

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.server.conftest import PATIENCE, wait_for

COMMIT = "a" * 40
WEIGHTS = os.urandom(25_000_000)
ROOT = Path(__file__).parents[2]


class Hub(ThreadingHTTPServer):
    """Serves one file; the first time only `first` bytes of it, and then either hangs up or says no more."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.first: int | None = None
        self.silent = threading.Event()
        self.silent.set()
        self.ranges: list[str | None] = []
        self.paths: list[str] = []


class Answers(BaseHTTPRequestHandler):
    server: Hub

    def head(self, status: int, length: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{hashlib.sha256(WEIGHTS).hexdigest()}"')
        self.send_header("Accept-Ranges", "bytes")
        self.end_headers()

    def do_HEAD(self) -> None:
        self.server.paths.append(self.path)
        if not self.path.endswith("/weights.safetensors"):
            self.send_response(404)
            self.send_header("X-Error-Code", "EntryNotFound")
            self.end_headers()
            return
        self.head(200, len(WEIGHTS))

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.ranges.append(wanted)
        start = int(wanted.removeprefix("bytes=").partition("-")[0]) if wanted else 0
        body = WEIGHTS[start:]
        self.head(206 if start else 200, len(body))
        if self.server.first is not None:
            body, self.server.first = body[: self.server.first], None
            self.wfile.write(body)
            self.server.silent.wait()
            self.connection.close()
            return
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the test prints what matters."""


@pytest.fixture
def hub() -> Iterator[Hub]:
    server = Hub()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def catalog(base: Path, file: str = "weights.safetensors", sha256: str = "") -> None:
    (base / "models").mkdir(exist_ok=True)
    (base / "models" / "catalog.toml").write_text(
        "[some]\nabout = 'a model'\nlicence = 'MIT'\n"
        f"files = [{{ repository = 'some/model', file = '{file}', to = 'vae/some.safetensors', "
        f"sha256 = '{sha256}' }}]\n"
    )


def start(base: Path, hub: Hub) -> subprocess.Popen[str]:
    own = {
        "HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}",
        "HF_HOME": str(base / "hf"),
        "HF_HUB_OFFLINE": "0",
    }
    command = [sys.executable, "-m", "app.cli", "models", "get", "some", "--base-directory", str(base)]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **own, "HF_HUB_DISABLE_TELEMETRY": "1"},
        cwd=ROOT,
    )


def fetch(base: Path, hub: Hub) -> subprocess.CompletedProcess[str]:
    started = start(base, hub)
    out, err = started.communicate(timeout=PATIENCE)
    return subprocess.CompletedProcess([], started.returncode, out, err)


def fetched(base: Path) -> bytes:
    return (base / "models" / "vae" / "some.safetensors").read_bytes()


def beginning(header: str | None) -> int:
    assert header is not None
    return int(header.removeprefix("bytes=").partition("-")[0])


def test_fetched_checked_and_not_asked_for_again(hub: Hub, tmp_path: Path) -> None:
    catalog(tmp_path, sha256=hashlib.sha256(WEIGHTS).hexdigest())
    done = fetch(tmp_path, hub)
    assert done.returncode == 0, done.stderr
    assert fetched(tmp_path) == WEIGHTS and "vae/some.safetensors: verified" in done.stdout
    assert set(hub.paths) == {"/some/model/resolve/main/weights.safetensors"} and hub.ranges == [None]
    assert "is there already: verified" in fetch(tmp_path, hub).stdout
    assert hub.ranges == [None]


def test_a_broken_connection_is_taken_up_again(hub: Hub, tmp_path: Path) -> None:
    catalog(tmp_path, sha256=hashlib.sha256(WEIGHTS).hexdigest())
    hub.first = 15_000_000
    done = fetch(tmp_path, hub)
    assert done.returncode == 0, done.stderr
    assert fetched(tmp_path) == WEIGHTS
    assert 0 < beginning(hub.ranges[1]) <= 15_000_000


def test_a_download_that_was_killed_goes_on_where_it_stopped(hub: Hub, tmp_path: Path) -> None:
    catalog(tmp_path, sha256=hashlib.sha256(WEIGHTS).hexdigest())
    hub.first = 15_000_000
    hub.silent.clear()
    killed = start(tmp_path, hub)
    parts = tmp_path / "models" / ".downloads"
    wait_for(lambda: any(part.stat().st_size > 1_000_000 for part in parts.glob("*/*.part")))
    killed.kill()
    killed.communicate()
    hub.silent.set()
    there = next(parts.glob("*/*.part")).stat().st_size
    assert fetch(tmp_path, hub).returncode == 0
    assert fetched(tmp_path) == WEIGHTS and beginning(hub.ranges[-1]) == there


def test_other_bytes_than_promised_are_not_kept_as_a_model(hub: Hub, tmp_path: Path) -> None:
    catalog(tmp_path, sha256="0" * 64)
    done = fetch(tmp_path, hub)
    assert done.returncode == 1 and "the catalogue says 000000" in done.stderr
    assert not (tmp_path / "models" / "vae" / "some.safetensors").exists()


def test_a_file_that_is_not_there_and_a_server_that_is_not_there(hub: Hub, tmp_path: Path) -> None:
    catalog(tmp_path, file="other.safetensors")
    done = fetch(tmp_path, hub)
    assert done.returncode == 1 and "other.safetensors cannot be fetched from some/model" in done.stderr
    assert "Traceback" not in done.stderr
    hub.server_close()
    gone = fetch(tmp_path, hub)
    assert gone.returncode == 1 and "cannot be fetched" in gone.stderr and "Traceback" not in gone.stderr

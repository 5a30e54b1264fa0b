"""The child process that owns the device: imports nodes, runs jobs one by one, tells what happens.

Started as `python -m app.execution.worker` with its settings as JSON in the first frame. It ends when the
server does, because its standard input closes then.
"""

from __future__ import annotations

import importlib
import logging
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.execution import events, wire
from app.execution.cache import ResultCache
from app.execution.calls import NodeFailed
from app.execution.context import Caller, Claim
from app.execution.disk import DiskCache
from app.execution.events import Event, JobFinished
from app.execution.executor import Executor
from app.execution.files import Folders
from app.execution.memory import foresee, keeper, room_for_results
from app.execution.savepoints import Savepoints
from app.graph import catalog, workflow
from app.graph.catalog import Catalog
from app.graph.check import check

CHECKS = 4  # documents that may be checked at the same time


class Worker:
    """Runs jobs on the main thread; a second thread listens for cancel and the end of the server."""

    def __init__(self, channel: wire.Channel) -> None:
        self.channel = channel
        self.jobs: queue.Queue[dict[str, Any]] = queue.Queue()
        self.current: str | None = None  # the server sends the next job only after this one has ended
        self.cancelled = threading.Event()
        self.claiming = threading.Lock()  # one question at a time, so that answers need no address
        self.names: queue.Queue[str] = queue.Queue()
        self.executor: Executor | None = None
        self.checking = ThreadPoolExecutor(CHECKS, "checks")
        self.renewing = threading.Lock()

    def listen(self) -> None:
        try:
            while True:
                message = self.channel.receive()
                if isinstance(message, dict):
                    self.hear(message)
        except EOFError:
            os._exit(0)  # the server is gone; nobody is left to work for

    def hear(self, message: dict[str, Any]) -> None:
        if message["type"] == "run":
            self.current = message["job"]
            self.cancelled.clear()
            self.jobs.put(message)
        elif message["type"] in ("free", "plan"):
            self.jobs.put(message)  # between jobs, so that no run loses what it counts on
        elif message["type"] == "check":
            self.checking.submit(self.check, message)
        elif message["type"] == "renew":
            self.checking.submit(self.renew, message)
        elif message["type"] == "claimed":
            self.names.put(message["name"])
        elif message["job"] == self.current:
            self.cancelled.set()

    def check(self, message: dict[str, Any]) -> None:
        """Check a document with the code of its nodes, while a job may be running."""
        executor = self.renewed()
        document, targets = workflow.read(message["document"]), message["targets"]
        found = check(document, executor.catalog, executor.folders.choices, targets)
        problems = [problem.to_json() for problem in found]
        self.channel.send({"type": "answer", "question": message["question"], "problems": problems})

    def renew(self, message: dict[str, Any]) -> None:
        """Read again what nodes offer, so that new files are among the choices."""
        self.renewed()
        self.channel.send({"type": "answer", "question": message["question"]})

    def renewed(self) -> Executor:
        """Return the executor for the next run, after telling what has changed in the catalogue."""
        assert self.executor is not None, "the server asks a worker that is ready"
        with self.renewing:
            known = self.executor.catalog
            found = known.renew() if known.renew else known
            if found is not known:
                self.executor = replace(self.executor, catalog=found)
                self.channel.send({"type": "catalog", "catalog": found.to_json()})
            return self.executor

    def serve(self) -> None:
        while True:
            message, executor = self.jobs.get(), self.executor
            assert executor is not None, "jobs come when the worker is ready"
            if message["type"] == "free":
                executor.cache.free()
                if executor.keeper:
                    executor.keeper.give_back()
            elif message["type"] == "plan":
                self.plan(executor, message)
            else:
                self.run(executor, message)

    def plan(self, executor: Executor, message: dict[str, Any]) -> None:
        """Say which nodes would run and which are there; for a document that cannot run, neither."""
        try:
            plan = executor.prepare(workflow.read(message["document"]), message["targets"])
            foreseen = foresee(executor.keeper, plan, executor.folders)
            memory = foreseen.to_json() if foreseen else None
            told = {"runs": list(plan.order), "reused": list(plan.reused), "memory": memory}
        except NodeFailed:
            told = {"runs": [], "reused": [], "memory": None}
        self.channel.send({"type": "answer", "question": message["question"], **told})

    def run(self, executor: Executor, message: dict[str, Any]) -> None:
        job = message["job"]

        def emit(event: Event) -> None:
            self.channel.send({"type": "event", "job": job, "event": events.to_json(event)})

        def claim(wish: Claim) -> str:
            with self.claiming:
                self.channel.send({"type": "claim", "job": job, **vars(wish)})
                return self.names.get()

        def stuck(end: JobFinished) -> None:
            self.channel.send({"type": "stuck", "job": job, "event": events.to_json(end)})
            threading.Event().wait()  # until the server kills this process

        caller = Caller(emit, self.channel.send, self.cancelled, claim, stuck)
        executor.run(workflow.read(message["document"]), caller, message["targets"])


def folders_from_json(data: dict[str, Any]) -> Folders:
    models = {kind: tuple(map(Path, paths)) for kind, paths in data["models"].items()}
    return Folders(Path(data["output"]), Path(data["temp"]), Path(data["input"]), models)


def folders_to_json(folders: Folders) -> dict[str, Any]:
    models = {kind: [str(path) for path in paths] for kind, paths in folders.models.items()}
    names = ("output", "temp", "input")
    return {**{name: str(getattr(folders, name)) for name in names}, "models": models}


def open_channel() -> wire.Channel:
    """Take the standard pipes for frames and send everything that libraries print to standard error."""
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return wire.Channel(sys.stdin.buffer, sink)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C may reach us too; the server decides what it means
    channel = open_channel()
    try:
        settings = channel.receive()
    except EOFError:
        return  # the server died while it started us
    assert isinstance(settings, dict), "the first frame holds the settings"
    logging.basicConfig(level=logging.INFO, format="worker %(levelname)s %(message)s")
    worker = Worker(channel)
    threading.Thread(target=worker.listen, daemon=True).start()
    folders = folders_from_json(settings["folders"])
    found = read_nodes(settings, folders, lambda pack: channel.send({"type": "loading", "pack": pack}))
    memory = keeper(settings["memory_budget"])
    cache = ResultCache(
        room_for_results(memory, settings["cache_bytes"]),
        DiskCache(Path(settings["disk_cache"]), settings["disk_bytes"]),
        settings["cache_results"],
    )
    savepoints = Savepoints(
        Path(settings["savepoints"]), settings["savepoint_steps"], settings["savepoint_after"]
    )
    savepoints.sweep()
    executor = worker.executor = Executor(found, cache, folders, savepoints, keeper=memory)
    channel.send({"type": "ready", "catalog": found.to_json(), "device": device_name()})
    for prepare in {spec.prepare for spec in found if spec.prepare}:
        executor.lanes.device.submit(prepare)
    worker.serve()


def read_nodes(settings: dict[str, Any], folders: Folders, tell: Callable[[str], None]) -> Catalog:
    """Import the node files and the trusted packs; of the packs' code nothing is imported without packs.

    `tell` hears which pack is about to be imported.
    """
    found = catalog.find(settings["packages"])
    if not settings["packs"]:
        return found
    packs = importlib.import_module("app.interop.packs.load")  # by name, as the node files are
    extended: Catalog = packs.with_packs(found, settings["packs"], folders, settings["deadly"], tell)
    return extended


def device_name() -> str:
    """Name the device that models run on; only here, where the nodes have imported torch already."""
    torch = sys.modules.get("torch")
    return torch.cuda.get_device_name() if torch and torch.cuda.is_available() else "cpu"


if __name__ == "__main__":
    main()

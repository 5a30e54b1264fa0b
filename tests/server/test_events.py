import asyncio
from pathlib import Path
from typing import Any

import aiohttp

from app.execution.events import CatalogChanged
from app.server.hub import BACKLOG
from app.store.database import Database
from app.store.events import EventLog
from tests.documents import document, sum_of
from tests.server.conftest import Server, wait_for


async def heard(
    server: Server, since: int, until: str = "job_finished", *, shown: bool = False
) -> tuple[list[dict[str, Any]], list[bytes]]:
    """Listen from `since` until an event of a type has come, and a preview frame if one is `shown`.

    A frame may come after the event that ends its job. Returns events and frames.
    """
    events, frames = [], []
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{server.url}/api/ws?from={since}") as socket,
    ):
        async for message in socket:
            if message.type == aiohttp.WSMsgType.BINARY:
                frames.append(message.data)
            else:
                events.append(message.json())
            if events[-1]["type"] == until and (frames or not shown):
                break
    return events, frames


def waiting(steps: int = 5, pause: float = 0.02) -> Any:
    nodes = {"wait": ("wait", {"steps": steps, "pause": pause, "value": 5}), "show": "show"}
    return document(nodes, "wait.int > show.value")


async def test_a_run_is_told_in_order(shared: Server) -> None:
    since = shared.get("/api/status")["last_seq"]
    job = shared.run(waiting())
    events, frames = await heard(shared, since, shown=True)
    assert events[0]["type"] == "hello" and events[0]["status"]["worker"]["state"] == "ready"
    told = events[1:]
    assert [event["seq"] for event in told] == sorted({event["seq"] for event in told})
    assert {event["job"] for event in told} == {job}
    kinds = [event["type"] for event in told if event["type"] != "node_progress"]
    assert kinds == [
        "job_queued", "job_started", "node_started", "node_reported", "node_finished",
        "node_started", "asset_added", "node_finished", "job_finished",
    ]  # fmt: skip
    steps = [(event["step"], event["steps"]) for event in told if event["type"] == "node_progress"]
    assert steps == [(n, 5) for n in range(1, 6)]
    assert frames and all(frame[:4] == b"\x01\x00\x00\x04" and frame[4:8] == b"wait" for frame in frames)


async def test_a_late_client_gets_what_it_missed_and_the_last_preview(shared: Server) -> None:
    since = shared.get("/api/status")["last_seq"]
    job = shared.run(waiting(steps=100, pause=0.03))
    wait_for(lambda: shared.get("/api/status")["last_seq"] > since + 10)
    events, frames = await heard(shared, since, shown=True)
    assert [event["type"] for event in events[1:4]] == ["job_queued", "job_started", "node_started"]
    assert len([event for event in events if event["type"] == "node_progress"]) == 100
    assert frames
    again, _ = await heard(shared, events[20]["seq"])
    assert again[1:] == events[21:], "catching up from any place gives the same events"
    assert shared.job(job)["status"] == "done"


async def test_only_what_changed_runs_again(shared: Server) -> None:
    def nodes(text: str) -> Any:
        return document(
            {"number": ("number", {"value": 77}), "add": ("add", {"b": 1}), "show": ("show", {"text": text})},
            "number.int > add.a",
            "add.int > show.value",
        )

    async def ran(text: str) -> tuple[list[str], list[str], list[str]]:
        since = shared.get("/api/status")["last_seq"]
        shared.finished(shared.run(nodes(text)))
        events, _ = await heard(shared, since)
        (started,) = (event for event in events if event["type"] == "job_started")
        assets = [event["asset"]["name"] for event in events if event["type"] == "asset_added"]
        return started["order"], started["cached"], assets

    order, cached, first = await ran("one")
    assert (order, cached) == (["number", "add", "show"], [])
    order, cached, second = await ran("two")
    assert (order, cached) == (["show"], ["add"])
    assert second != first
    order, cached, third = await ran("one")
    assert (order, cached, third) == ([], ["show"], first), "switching back runs nothing"
    (shared.base / "output" / first[0]).unlink()
    order, cached, fourth = await ran("one")
    assert order == ["show"] and fourth, "a deleted picture is made again"


async def test_freed_memory_is_computed_again(shared: Server) -> None:
    async def cached() -> list[str]:
        since = shared.get("/api/status")["last_seq"]
        assert shared.finished(shared.run(sum_of(99)))["status"] == "done"
        events, _ = await heard(shared, since)
        return list(next(event for event in events if event["type"] == "job_started")["cached"])

    assert await cached() == []
    assert await cached() == ["show"]
    assert shared.ask("POST", "/api/free")[0] == 204
    assert await cached() == []
    assert await cached() == ["show"]
    assert shared.ask("POST", "/free", {"unload_models": True})[0] == 200
    assert await cached() == []


async def test_cancel_and_death_are_the_last_word_of_a_job(shared: Server) -> None:
    since = shared.get("/api/status")["last_seq"]
    job = shared.run(document({"bad": ("fail", {"how": "die"}), "show": "show"}, "bad.int > show.value"))
    events, _ = await heard(shared, since)
    assert events[-1]["job"] == job and events[-1]["status"] == "failed"
    shared.finished(shared.run(sum_of(3)))
    events, _ = await heard(shared, events[-1]["seq"])
    assert [event["state"] for event in events if event["type"] == "worker_changed"] == ["starting", "ready"]
    assert not [event for event in events if event.get("job") == job]


async def test_a_client_that_missed_a_great_deal_catches_up(tmp_path: Path) -> None:
    database = Database(tmp_path / "user" / "patchloom.db")
    with database.transaction():
        for number in range(BACKLOG + 500):
            EventLog(database).add(CatalogChanged(str(number)))
    database.close()
    server = Server(tmp_path).start().ready()
    shown = asyncio.to_thread(server.run, sum_of(1))
    (events, _), _ = await asyncio.gather(heard(server, 0), shown)
    server.stop()
    numbers = [event["seq"] for event in events[1:]]
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) > BACKLOG


def test_a_job_keeps_its_reports(shared: Server) -> None:
    job = shared.run(waiting(steps=2))
    shared.finished(job)
    (told,) = shared.get(f"/api/jobs/{job}")["reports"]
    assert told == {"node": "wait", "report": {"technique": "wait", "steps": 2}}

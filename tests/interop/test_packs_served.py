"""Packs in the real server: ComfyUI's clients, the canvas and the command line use their nodes."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.interop.trusted import PACKS, node
from tests.server.conftest import ROOT, Server

SMALL = {"width": 8, "height": 6}


class Trusting(Server):
    """A server on the plain nodes that trusts packs."""

    packs: tuple[Path, ...] = (PACKS,)

    def start(self) -> Server:
        places = map(str, self.packs)
        command = [sys.executable, "-m", "tests.plain.serve", str(self.base), str(self.port), *places]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1])
        return self


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    base = tmp_path_factory.mktemp("base")
    (base / "bad").mkdir()
    (base / "bad" / "__init__.py").write_text("import sys\nsys.exit(1)\n")
    (base / "deadly.py").write_text("import os\nos._exit(9)\n")
    running = Trusting(base)
    running.packs = (PACKS, base / "bad", base / "deadly.py")
    running.start().ready()
    yield running
    running.stop()


def shown(server: Server, prompt: dict[str, Any], **more: Any) -> Any:
    """Queue a prompt, wait for its end and return what its nodes show."""
    status, answer = server.ask("POST", "/prompt", {"prompt": prompt, **more})
    assert status == 200, answer
    job = server.finished(answer["prompt_id"])
    assert job["status"] == "done", job
    return server.get(f"/history/{job['id']}")[job["id"]]["outputs"]


def errors(server: Server, prompt: dict[str, Any]) -> dict[str, list[str]]:
    """Send a prompt that is refused; return the kinds of its errors by node."""
    status, answer = server.ask("POST", "/prompt", {"prompt": prompt})
    assert status == 400, answer
    return {id: [error["type"] for error in told["errors"]] for id, told in answer["node_errors"].items()}


def test_clients_and_canvas_know_the_classes(server: Server) -> None:
    assert server.get("/object_info/PlainFlat")["PlainFlat"]["output"] == ["IMAGE"]
    nodes = {entry["id"]: entry for entry in server.get("/api/nodes")["nodes"]}
    assert nodes["PlainFlat"]["category"] == "packs/plain-pack/image/make"
    failed = {entry["file"]: entry["reason"] for entry in server.get("/api/nodes")["failed"]}
    assert failed["packs/bad"] == "it ended the program (sys.exit(1)) instead of loading."
    assert failed["packs/deadly"].startswith("importing it ended the worker process: ended with exit code 9")


def test_texts_and_pictures_reach_history_and_gallery(server: Server) -> None:
    prompt = {
        "1": node("PlainFlat", level=0.25, **SMALL),
        "2": node("PlainSay", value=["1", 0]),
        "3": node("PlainPreview", images=["1", 0]),
        "4": node("PlainKeep", images=["1", 0], filename_prefix="album/cat"),
    }
    outputs = shown(server, prompt)
    assert outputs["2"] == {"text": ["(1, 6, 8, 3) 0.250"]}
    (preview,), (kept,) = outputs["3"]["images"], outputs["4"]["images"]
    assert preview["type"] == "temp"
    assert kept == {"filename": "cat_00001_.png", "subfolder": "album", "type": "output"}
    query = "&".join(f"{name}={value}" for name, value in kept.items())
    assert server.ask("GET", f"/view?{query}")[1].startswith(b"\x89PNG")
    (asset,) = server.get("/api/assets")["assets"]
    assert (asset["name"], asset["width"], asset["height"]) == ("album/cat_00001_.png", 8, 6)


async def test_the_executed_message_carries_what_a_node_shows(server: Server) -> None:
    prompt = {"1": node("PlainFlat", level=0.5, **SMALL), "2": node("PlainSay", value=["1", 0])}
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{server.url}/ws?clientId=packs") as socket,
    ):
        body = {"prompt": prompt, "client_id": "packs"}
        await asyncio.to_thread(server.ask, "POST", "/prompt", body)
        async for message in socket:
            told = message.json()
            if told["type"] == "executed":
                assert told["data"]["node"] == "2"
                assert told["data"]["output"] == {"text": ["(1, 6, 8, 3) 0.500"]}
                return
    raise AssertionError("the socket closed")


def test_validate_inputs_answers_before_anything_is_queued(server: Server) -> None:
    say = {"say": node("PlainSay", value=["1", 0])}
    refused = {"1": node("ChecksNamed", mine=50.0, theirs=0.5), **say}
    assert errors(server, refused) == {"1": ["custom_validation_failed"]}
    assert errors(server, {"1": node("ChecksNamed", mine=0.5), **say}) == {"1": ["required_input_missing"]}
    circle = {"1": node("FlowPlus", a=["2", 0], b=1), "2": node("FlowPlus", a=["1", 0], b=1), **say}
    assert errors(server, circle) == {"1": ["dependency_cycle"], "2": ["dependency_cycle"]}
    document = {
        "format": "patchloom/1",
        "root": "main",
        "graphs": {
            "main": {
                "nodes": {
                    "1": {"type": "ChecksNamed", "values": {"mine": 50}},
                    "say": {"type": "PlainSay"},
                },
                "edges": [{"from": ["1", "FLOAT"], "to": ["say", "value"]}],
            }
        },
    }
    (problem,) = server.ask("POST", "/api/check", {"document": document})[1]["problems"]
    assert problem["code"] == "refused_value" and "mine is too large" in problem["message"]
    assert server.ask("POST", "/api/jobs", {"document": document})[0] == 422


def test_one_bad_output_among_good_ones_is_dropped(server: Server) -> None:
    good = {"1": node("FlowPlus", a=1, b=1), "2": node("PlainSay", value=["1", 0])}
    bad = {"3": node("PlainMean", image1=["gone", 0]), "4": node("PlainSay", value=["3", 0])}
    status, answer = server.ask("POST", "/prompt", {"prompt": good | bad})
    assert status == 200 and list(answer["node_errors"]) == ["3"], answer
    assert server.finished(answer["prompt_id"])["status"] == "done"


def test_extra_pnginfo_reaches_the_node_that_wants_it(server: Server) -> None:
    prompt = {"1": node("PlainHidden"), "2": node("PlainSay", value=["1", 0])}
    outputs = shown(server, prompt, extra_data={"extra_pnginfo": {"workflow": {"nodes": []}}})
    assert outputs["2"]["text"] == ["\"1 PlainHidden ['workflow'] PlainHidden False\""]


def test_a_crash_names_node_and_pack(server: Server) -> None:
    prompt = {"1": node("PlainCrash", how="raise"), "2": node("PlainSay", value=["1", 0])}
    id = server.ask("POST", "/prompt", {"prompt": prompt})[1]["prompt_id"]
    problem = server.finished(id)["problem"]
    assert problem["node"] == "1" and "of the pack 'plain-pack'" in problem["remedy"]


def test_new_files_are_among_the_choices_at_once(server: Server) -> None:
    prompt = {"1": node("PlainFile", name="new.txt"), "2": node("PlainSay", value=["1", 0])}
    assert errors(server, prompt) == {"1": ["value_not_in_list"]}
    (server.base / "input" / "new.txt").write_text("hello")
    assert shown(server, prompt)["2"]["text"] == ["'hello'"]
    (server.base / "input" / "other.txt").touch()
    entry = server.get("/object_info/PlainFile")["PlainFile"]
    assert entry["input"]["required"]["name"][0] == ["new.txt", "other.txt"]
    nodes = {entry["id"]: entry for entry in server.get("/api/nodes")["nodes"]}
    assert nodes["PlainFile"]["inputs"][0]["choices"] == ["new.txt", "other.txt"]


def test_a_start_without_packs_knows_nothing_of_them(tmp_path: Path) -> None:
    with_packs = Trusting(tmp_path).start().ready()
    with_packs.stop()
    assert "PlainFlat" in (tmp_path / "user" / "catalog.json").read_text()
    without = Server(tmp_path).start()
    try:
        assert "PlainFlat" not in {entry["id"] for entry in without.get("/api/nodes")["nodes"]}
        without.ready()
        assert without.get("/object_info/PlainFlat") == {}
    finally:
        without.stop()


def test_the_command_line_runs_an_api_file(tmp_path: Path) -> None:
    file = tmp_path / "prompt.json"
    prompt = {
        "1": node("PlainFlat", level=0.25, **SMALL),
        "2": node("PlainKeep", images=["1", 0], filename_prefix="kept"),
    }
    file.write_text(json.dumps(prompt))
    folder, base = tmp_path / "results", ["--base-directory", str(tmp_path), "--packs", str(PACKS)]
    folder.mkdir()
    command = [sys.executable, "-m", "app.cli", "run", str(file), "-o", str(folder), *base]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert (folder / "kept_00001_.png").read_bytes().startswith(b"\x89PNG")

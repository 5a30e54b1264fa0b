"""ComfyUI's protocol: the real comfy-cli as a program, and the order of messages that its clients rely on."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.comfy import prompt
from tests.server.conftest import ROOT, Server, Studio

COMFY = Path(sys.executable).with_name("comfy")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    base = tmp_path_factory.mktemp("studio")
    for name in ("models", "workflows"):
        (base / name).symlink_to(ROOT / name)
    running = Studio(base).start().ready()
    yield running
    running.stop()


def comfy(server: Server, *arguments: str, home: Path, ok: bool = True) -> Any:
    """Run comfy-cli as its users do, without its telemetry, and return what it answers."""
    quiet = {"DO_NOT_TRACK": "1", "COMFY_CLI_NO_REMOTE_REFRESH": "1", "HOME": str(home)}
    command = [str(COMFY), "--skip-prompt", "--json", *arguments]
    if arguments[0] != "download":  # it remembers the server from the run
        command += ["--host", "127.0.0.1", "--port", str(server.port)]
    done = subprocess.run(
        command, env={**os.environ, **quiet}, capture_output=True, text=True, check=False, timeout=90
    )
    answer = json.loads(done.stdout.strip().splitlines()[-1])
    assert answer["ok"] == ok, answer
    return answer["data"]


@pytest.mark.timeout(180)
def test_comfy_cli_runs_a_prompt_and_finds_its_picture(real: Server, tmp_path: Path) -> None:
    file = tmp_path / "prompt.json"
    file.write_text(json.dumps(prompt()))
    ran = comfy(real, "run", "--workflow", str(file), "--wait", "--timeout", "80", home=tmp_path)
    assert ran["status"] == "completed" and len(ran["outputs"]) == 1
    status, picture = real.ask("GET", ran["outputs"][0].removeprefix(real.url))
    assert status == 200 and picture.startswith(b"\x89PNG")
    listed = comfy(real, "jobs", "ls", home=tmp_path)
    assert [job["prompt_id"] for job in listed["jobs"]] == [ran["prompt_id"]]
    assert comfy(real, "jobs", "status", ran["prompt_id"], home=tmp_path)["status"] == "completed"
    fetched = comfy(real, "download", ran["prompt_id"], "--out-dir", str(tmp_path / "out"), home=tmp_path)
    assert [Path(file["path"]).read_bytes() for file in fetched["files"]] == [picture]


@pytest.mark.timeout(120)
def test_comfy_cli_validates_a_prompt_by_our_node_schemas(real: Server, tmp_path: Path) -> None:
    file = tmp_path / "prompt.json"
    validate = ("workflow", "validate", "--workflow", str(file))
    file.write_text(json.dumps(prompt()))
    assert comfy(real, *validate, home=tmp_path)["errors"] == []
    file.write_text(json.dumps(prompt(sampler_name="brush")))
    (error,) = comfy(real, *validate, ok=False, home=tmp_path)["errors"]
    assert error["node_id"] == "3" and "brush" in error["message"]


@pytest.mark.timeout(120)
def test_comfy_cli_knows_our_nodes_and_uploads(real: Server, tmp_path: Path) -> None:
    names = {row["name"] for row in comfy(real, "nodes", "ls", home=tmp_path)["rows"]}
    assert {"KSampler", "CheckpointLoaderSimple", "SaveImage"} <= names
    picture = tmp_path / "cat.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    sent = comfy(real, "upload", str(picture), home=tmp_path)
    assert sent["uploads"][0]["cloud_name"] == "cat.png" and (real.base / "input" / "cat.png").exists()


async def heard(
    server: Server, body: dict[str, Any], *, shown: bool = False
) -> tuple[list[dict[str, Any]], list[bytes], str]:
    """Queue a prompt as a websocket client and listen until it is over, and until a preview if it is `shown`.

    A preview may come after the last message.
    """
    messages: list[dict[str, Any]] = []
    frames: list[bytes] = []
    url = f"{server.url}/ws?clientId=tester"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        first = await socket.receive_json()
        assert first["data"]["sid"] == "tester" and "queue_remaining" in first["data"]["status"]["exec_info"]
        status, answer = await asyncio.to_thread(
            server.ask, "POST", "/prompt", {"prompt": body, "client_id": "tester"}
        )
        assert status == 200, answer
        async for message in socket:
            if message.type == aiohttp.WSMsgType.BINARY:
                frames.append(message.data)
            else:
                messages.append(message.json())
            over = any(told["type"] == "executing" and told["data"]["node"] is None for told in messages)
            if over and (frames or not shown):
                history = await asyncio.to_thread(server.get, f"/history/{answer['prompt_id']}")
                assert answer["prompt_id"] in history, "the history is there before the last message"
                return messages, frames, answer["prompt_id"]
    raise AssertionError("the socket closed")


async def test_messages_come_in_the_order_that_clients_rely_on(real: Server) -> None:
    messages, frames, id = await heard(real, prompt(seed=6), shown=True)
    kinds = [message["type"] for message in messages if message["type"] != "status"]
    assert kinds[:2] == ["execution_start", "execution_cached"] and kinds[-2:] == [
        "execution_success",
        "executing",
    ]
    nodes = [message["data"]["node"] for message in messages if message["type"] == "executing"]
    assert {"3", "8", "9", None} <= set(nodes) <= {*prompt(), None}, "only submitted ids, each as it was sent"
    steps = [message["data"]["value"] for message in messages if message["type"] == "progress"]
    assert steps[-3:] == [1, 2, 3]
    (executed,) = (message["data"] for message in messages if message["type"] == "executed")
    assert executed["node"] == "9" and executed["output"]["images"][0]["type"] == "output"
    assert (
        frames[0][:4] == b"\0\0\0\4"
        and json.loads(frames[0][8 : 8 + int.from_bytes(frames[0][4:8], "big")])["node_id"] == "3"
    )
    entry = real.get(f"/history/{id}")[id]
    assert entry["outputs"]["9"] == executed["output"] and entry["status"]["status_str"] == "success"
    assert entry["prompt"][2]["3"]["class_type"] == "KSampler"


async def test_a_cached_output_is_told_again(real: Server) -> None:
    await heard(real, prompt(seed=7))
    messages, _, _ = await heard(real, prompt(seed=7))
    cached = next(message["data"]["nodes"] for message in messages if message["type"] == "execution_cached")
    assert cached == ["9"]
    assert [message["data"]["node"] for message in messages if message["type"] == "executing"] == [None]
    assert [message["data"]["node"] for message in messages if message["type"] == "executed"] == ["9"]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({}, "no_prompt"),
        ({"prompt": {}}, "no_prompt"),
        ({"prompt": {"1": {}}}, "invalid_prompt"),
        ({"prompt": {"1": {"class_type": "KSampler", "inputs": []}}}, "invalid_prompt"),
        ({"prompt": {"1": {"class_type": "KSampler"}}}, "prompt_outputs_failed_validation"),
        ({"prompt": {"1": {"class_type": "SaveImage"}}}, "prompt_outputs_failed_validation"),
        ({"prompt": prompt(), "partial_execution_targets": []}, "prompt_no_outputs"),
        ({"prompt": prompt(steps=0)}, "prompt_outputs_failed_validation"),
        ({"prompt": prompt(cfg=10**400)}, "prompt_outputs_failed_validation"),
        ({"prompt": prompt(), "extra_data": []}, "invalid_extra_data"),
        ({"prompt": prompt(), "number": [1]}, "invalid_number"),
    ],
)
def test_bad_prompts_are_refused_in_words(real: Server, body: Any, kind: str) -> None:
    status, answer = real.ask("POST", "/prompt", body)
    error = answer["error"]
    assert status == 400 and error["type"] == kind and error["message"] and error["details"], answer


def test_a_fault_is_told_by_the_name_that_the_client_gave_the_input(real: Server) -> None:
    for change, name, said in (
        ({"cfg": "much"}, "cfg", "allowed is a number"),
        ({"model": ["404", 0]}, "model", "linked to node '404', which is not there"),
    ):
        _, answer = real.ask("POST", "/prompt", {"prompt": prompt(**change)})
        error = answer["node_errors"]["3"]["errors"][0]
        assert error["extra_info"] == {"input_name": name} and said in error["message"], answer


@pytest.mark.parametrize(
    ("path", "body"),
    [("/queue", {"delete": 5}), ("/queue", {"delete": [{}]}), ("/interrupt", {"prompt_id": []})],
)
def test_wishes_of_the_wrong_type_are_refused(real: Server, path: str, body: Any) -> None:
    status, answer = real.ask("POST", path, body)
    assert status == 400 and answer["error"]["remedy"]


def test_a_file_of_comfyui_is_imported(real: Server) -> None:
    status, answer = real.ask("POST", "/api/import", prompt())
    assert status == 200 and answer["document"]["graphs"]["main"]["nodes"]["3"]["type"] == "sample"
    assert real.ask("POST", "/api/import", b"no document")[0] == 422
    assert real.finished(real.run(answer["document"]))["status"] == "done"


def test_a_client_may_choose_the_id_of_its_prompt_once(real: Server) -> None:
    real.ask("PUT", "/api/queue", {"paused": True})
    first = real.ask("POST", "/prompt", {"prompt": prompt(), "prompt_id": "mine-1"})[1]
    assert first["prompt_id"] == "mine-1"
    status, answer = real.ask("POST", "/prompt", {"prompt": prompt(), "prompt_id": "mine-1"})
    assert (status, answer["error"]["type"]) == (400, "prompt_id_taken")
    assert real.ask("POST", "/prompt", {"prompt": prompt(), "prompt_id": "../x"})[0] == 400
    real.ask("POST", "/prompt", {"prompt": prompt(), "prompt_id": "mine-2", "front": True})
    assert [entry[1] for entry in real.get("/queue")["queue_pending"]] == ["mine-2", "mine-1"]
    real.ask("POST", "/queue", {"clear": True})
    real.ask("PUT", "/api/queue", {"paused": False})


def test_one_bad_output_among_good_ones_is_dropped_and_listed(real: Server) -> None:
    body = prompt(seed=8) | {"10": {"class_type": "SaveImage", "inputs": {"filename_prefix": "bad"}}}
    status, answer = real.ask("POST", "/prompt", {"prompt": body})
    assert status == 200 and list(answer["node_errors"]) == ["10"]
    assert answer["node_errors"]["10"]["errors"][0]["type"] == "required_input_missing"
    assert answer["node_errors"]["10"]["dependent_outputs"] == ["10"]
    assert real.finished(answer["prompt_id"])["status"] == "done"


def test_what_comfyuis_own_frontend_asks_for(real: Server) -> None:
    for path in (
        "/users",
        "/settings",
        "/extensions",
        "/i18n",
        "/userdata?dir=workflows",
        "/object_info",
        "/jobs",
    ):
        assert real.ask("GET", f"/comfy/api{path}")[0] == 200, path
    assert real.ask("POST", "/comfy/api/settings/Comfy.Theme", "dark")[0] == 200
    assert real.get("/comfy/api/settings") == {"Comfy.Theme": "dark"}
    assert (
        real.ask("POST", "/comfy/api/userdata/workflows%2Fmine.json?full_info=true", {"nodes": []})[0] == 200
    )
    assert real.get("/comfy/api/userdata?dir=workflows") == ["mine.json"]
    assert real.get("/comfy/api/userdata/workflows%2Fmine.json") == {"nodes": []}
    assert real.ask("POST", "/comfy/api/userdata/..%2F..%2Fevil.json", {})[0] == 400
    assert real.ask("POST", "/comfy/api/settings", b"{")[0] == 400
    names = real.get("/comfy/api/workflow_templates")["patchloom"]
    for name in names:
        drawn = real.get(f"/comfy/api/workflow_templates/patchloom/{name}.json")
        assert drawn["nodes"] and drawn["version"] == 0.4, name
    assert "first_picture" in names
    drawn = real.get("/comfy/api/workflow_templates/patchloom/first_picture.json")
    sizes = [node["widgets_values"] for node in drawn["nodes"] if node["type"] == "EmptySD3LatentImage"]
    assert sizes == [[0, 0, 1]], "the size that the model was trained for, as in our own canvas"
    assert "mini" in real.get("/models/models")
    assert "mini" in {entry["name"] for entry in real.get("/experiment/models/models")}
    status, answer = real.ask("GET", "/comfy/")
    assert status in (200, 503), answer  # 503 says how to install it


def test_queue_interrupt_and_small_routes(real: Server) -> None:
    real.ask("PUT", "/api/queue", {"paused": True})
    ids = [real.ask("POST", "/prompt", {"prompt": prompt(seed=90 + n)})[1]["prompt_id"] for n in range(3)]
    assert [entry[1] for entry in real.get("/queue")["queue_pending"]] == ids
    assert real.get("/prompt")["exec_info"]["queue_remaining"] == 3
    real.ask("POST", "/queue", {"delete": [ids[0]]})
    real.ask("POST", "/api/queue", {"clear": True})
    assert real.get("/queue") == {"queue_running": [], "queue_pending": []}
    real.ask("PUT", "/api/queue", {"paused": False})
    assert real.ask("POST", "/interrupt")[0] == 200
    assert real.get("/system_stats")["devices"] and real.get("/features")["supports_preview_metadata"]
    inputs = real.get("/object_info/KSampler")["KSampler"]["input"]["required"]
    assert (
        inputs["steps"][0] == "INT" and "euler" in inputs["sampler_name"][0] and inputs["model"] == ["MODEL"]
    )
    assert real.get("/object_info/Nonsense") == {} and real.get("/history/none") == {}
    assert real.ask("GET", "/view?filename=../../user/patchloom.db&type=output")[0] == 400

import asyncio
import json
import struct
import uuid
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.documents import document, sum_of
from tests.server.conftest import Server

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4s", 13, b"IHDR") + bytes(17)


def send(server: Server, data: bytes, name: str = "cat.png", field: str = "file") -> tuple[int, Any]:
    mark = uuid.uuid4().hex
    head = f'--{mark}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'
    body = head.encode() + data + f"\r\n--{mark}--\r\n".encode()
    return server.ask("POST", "/api/upload", body, {"Content-Type": f"multipart/form-data; boundary={mark}"})


def still_works(server: Server) -> None:
    assert server.finished(server.run(sum_of(1)))["status"] == "done"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"\xff\xfe", b"null", b"[" * 200_000, b'{"document": 1e999}']
)
@pytest.mark.parametrize("path", ["/api/jobs", "/api/check", "/api/workflows"])
def test_malformed_bodies(shared: Server, path: str, body: bytes) -> None:
    status, answer = shared.ask("POST", path, body)
    if status == 200:
        assert answer["problems"][0]["code"] == "malformed_document"
    else:
        assert status in (400, 422) and answer["error"]["remedy"]
    still_works(shared)


def test_unknown_node_value_out_of_range_and_long_prompt(shared: Server) -> None:
    nodes = {"n": ("number", {"value": 10**400}), "x": "strange", "s": ("show", {"text": "x" * 100_000})}
    bad = document(nodes, "n.int > s.value")
    status, answer = shared.ask("POST", "/api/jobs", {"document": bad})
    assert status == 422
    found = {problem["code"]: problem for problem in answer["problems"]}
    assert found.keys() == {"out_of_range", "unknown_node", "too_long"}
    assert "0 to 1000" in found["out_of_range"]["message"] and "20,000" in found["too_long"]["message"]
    assert len(found["out_of_range"]["message"]) < 150, "the number is not shown in full"


def test_half_a_character_and_a_title_that_is_no_text(shared: Server) -> None:
    nodes = {"n": "number", "s": ("show", {"text": "ab\ud800"})}
    _, answer = shared.ask("POST", "/api/jobs", {"document": document(nodes, "n.int > s.value")})
    assert "half a character (an unpaired surrogate) at place 3" in answer["problems"][0]["message"]
    status, answer = shared.ask("POST", "/api/jobs", {"document": sum_of(1), "title": {}})
    assert (status, answer["error"]["code"]) == (400, "bad_title")


def test_an_upload_keeps_its_name_and_never_leaves_the_folder(shared: Server) -> None:
    assert send(shared, PNG, "my cat.jpg") == (201, {"folder": "input", "name": "my cat.png"})
    assert send(shared, PNG, "my cat.jpg")[1]["name"] == "my cat.png", "the same picture is kept once"
    assert send(shared, PNG + b"!", "my cat.jpg")[1]["name"] == "my cat_2.png"
    for name in ("../../evil.png", "..\\..\\evil.png", "/etc/evil.png"):
        assert send(shared, PNG, name)[1]["name"] == "evil.png"
    assert send(shared, PNG, "...")[0] == 201
    assert sorted(shared.get("/api/choices/images/input")["names"]) == sorted(
        path.name for path in (shared.base / "input").iterdir()
    )


def test_uploads_that_are_no_pictures(shared: Server) -> None:
    before = sorted((shared.base / "input").iterdir())
    status, answer = send(shared, b"<!doctype html><script>alert(1)</script>", "cat.png")
    assert status == 415 and "not a picture" in answer["error"]["message"]
    assert send(shared, PNG, field="other")[1]["error"]["code"] == "no_file"
    assert shared.ask("POST", "/api/upload", b"raw")[1]["error"]["code"] == "not_multipart"
    assert sorted((shared.base / "input").iterdir()) == before


def test_an_upload_of_200_mb(shared: Server) -> None:
    before = sorted((shared.base / "input").iterdir())
    try:
        status, answer = send(shared, PNG + bytes(200 * 2**20))
        assert status == 413 and "64 MiB" in str(answer)
    except OSError:
        pass  # the server may hang up on a sender that goes on and on
    assert sorted((shared.base / "input").iterdir()) == before
    still_works(shared)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/nothing"),
        ("PATCH", "/api/jobs"),
        ("GET", "/api/jobs/none"),
        ("POST", "/api/jobs/none/cancel"),
        ("GET", "/api/jobs?limit=many"),
        ("GET", "/api/jobs?status=odd"),
        ("GET", "/api/workflows/none"),
        ("GET", "/api/templates/none"),
        ("GET", "/api/ws?from=now"),
        ("GET", "/api/ws"),
        ("GET", "/ws"),
        ("GET", "/api/jobs?limit=-1"),
    ],
)
def test_wrong_requests_get_a_sentence(shared: Server, method: str, path: str) -> None:
    status, answer = shared.ask(method, path)
    assert 400 <= status < 500
    text = answer["error"]["message"] if isinstance(answer, dict) else answer.decode()
    assert text and "Traceback" not in text


def test_titles_and_names_that_no_file_system_takes(shared: Server) -> None:
    job = shared.run(sum_of(1), title="\ud800 odd")
    assert shared.finished(job)["title"] == "? odd"
    assert shared.ask("GET", "/api/files/input/" + "x" * 5000)[0] == 400
    nodes = {"p": ("picture", {"name": "\0" + "x" * 5000}), "s": "show"}
    status, answer = shared.ask("POST", "/api/jobs", {"document": document(nodes, "p.int > s.value")})
    assert (status, answer["problems"][0]["code"]) == (422, "missing_file")


def test_an_outdated_save_is_told(shared: Server) -> None:
    saved = shared.ask("POST", "/api/workflows", {"title": "A", "document": sum_of(1)})[1]
    path = f"/api/workflows/{saved['id']}"
    mine = {"title": "A", "document": sum_of(2), "base_revision": 1}
    assert shared.ask("PUT", path, mine)[1]["revision"] == 2
    status, answer = shared.ask("PUT", path, {**mine, "document": sum_of(3)})
    assert status == 409 and answer["revision"] == 2 and answer["error"]["remedy"]
    assert shared.ask("PUT", path, {**mine, "base_revision": 2})[1]["revision"] == 2, "no change, no revision"
    assert shared.ask("PUT", path, {**mine, "document": {"format": "?"}})[0] == 422, (
        "what is no document is not saved"
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(JSON, st.sampled_from(["nodes", "edges", "values", "type", "mode", "value", "from"]))
def test_damaged_documents_never_break_the_server(shared: Server, damage: Any, where: str) -> None:
    broken = json.loads(json.dumps(sum_of()))
    graph = broken["graphs"]["main"]
    for part in (graph, graph["nodes"]["number"], graph["nodes"]["number"]["values"], graph["edges"][0]):
        if where in part:
            part[where] = damage
    status, answer = shared.ask("POST", "/api/jobs", {"document": broken})
    assert status in (201, 422), answer
    if status == 201:
        shared.finished(answer["job"]["id"])


def test_after_all_this_the_server_works(shared: Server) -> None:
    still_works(shared)


@pytest.mark.parametrize("path", ["/api/ws", "/ws?clientId=x", "/comfy/ws"])
@pytest.mark.parametrize("kind", ["text", "no json", "binary", "too long", "half a frame"])
async def test_malformed_frames_reach_nobody_but_their_sender(shared: Server, path: str, kind: str) -> None:
    """The other client goes on hearing, whatever this one sends."""
    async with aiohttp.ClientSession() as session, session.ws_connect(shared.url + "/api/ws") as listening:
        async with session.ws_connect(shared.url + path) as socket:
            match kind:
                case "text":
                    await socket.send_str('{"type": "feature_flags", "data": [[[]]]}')
                case "no json":
                    await socket.send_str("\x00{")
                case "binary":
                    await socket.send_bytes(bytes(range(256)))
                case "too long":
                    await socket.send_bytes(bytes(2**17))
                case "half a frame":
                    assert socket._writer.transport is not None
                    socket._writer.transport.write(b"\x81\xff\x00")
        await asyncio.to_thread(still_works, shared)
        while (await listening.receive_json(timeout=5))["type"] != "job_finished":
            pass

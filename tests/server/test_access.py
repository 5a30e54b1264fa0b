import http.client

import pytest

from app.config import Settings
from app.server.access import Access
from app.server.refuse import Refused
from tests.server.conftest import Server


def status(server: Server, path: str = "/api/status", **headers: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request(
        "GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def test_foreign_pages_and_names_are_refused(shared: Server) -> None:
    assert status(shared) == 200
    assert status(shared, Origin=f"http://127.0.0.1:{shared.port}") == 200
    assert status(shared, Origin="http://evil.example") == 403
    assert status(shared, Origin="null") == 403
    assert status(shared, Host="evil.example") == 403
    assert status(shared, Host=f"localhost:{shared.port}") == 200


def test_a_token_is_needed_off_loopback(tmp_path) -> None:  # type: ignore[no-untyped-def]
    class Request:
        host, query, cookies = "10.0.0.5:8188", {}, {}
        headers: dict[str, str] = {}  # noqa: RUF012

    access = Access(Settings(tmp_path, listen="0.0.0.0", token="secret"))
    request = Request()
    with pytest.raises(Refused, match="token"):
        access.check(request)  # type: ignore[arg-type]
    request.headers = {"Authorization": "Bearer secret"}
    access.check(request)  # type: ignore[arg-type]
    request.headers, request.query = {}, {"token": "secret"}
    access.check(request)  # type: ignore[arg-type]
    request.query = {"token": "guess"}
    with pytest.raises(Refused):
        access.check(request)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "path",
    [
        "/api/files/output/../user/patchloom.db",
        "/api/files/output/..%2Fuser%2Fpatchloom.db",
        "/api/files/output/%2Fetc%2Fpasswd",
        "/api/files/input/%00",
        "/api/files/user/patchloom.db",
        "/api/files/models/x",
        "/api/templates/..%2F..%2Fpyproject",
        "/api/templates/..%2F..%2Fdocs%2Fimages%2Fapp/picture",
        "/assets/..%2F..%2Fconfig.py",
        "/api/choices/images/..%2F",
        "/api/choices/secrets/x",
    ],
)
def test_no_way_out_of_the_folders(shared: Server, path: str) -> None:
    code, body = shared.ask("GET", path)
    assert code in (400, 404), (code, body)
    assert b"SQLite" not in body if isinstance(body, bytes) else body["error"]["message"]

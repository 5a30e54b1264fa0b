"""Frames of a camera: what is taken, what is refused, and that only the newest is kept."""

from pathlib import Path

from app.execution.mailbox import mailbox
from tests.server.conftest import Server
from tests.server.test_bad_input import PNG


def test_the_newest_frame_is_taken_once(tmp_path: Path) -> None:
    sender, reader = (mailbox(tmp_path, "desk") for _ in range(2))
    assert reader.take() is None
    sender.put(b"one")
    sender.put(b"two")
    assert reader.take() == b"two" and reader.take() is None and not reader.closed
    sender.put(b"")
    assert reader.take() is None and reader.closed


def test_frames_from_long_before_do_not_count(tmp_path: Path) -> None:
    mailbox(tmp_path, "desk").put(b"old")
    late = mailbox(tmp_path, "desk")
    late.last += 10**10
    assert late.take() is None
    late.discard()
    late.discard()
    assert not late.path.exists()


def test_a_frame_goes_to_the_mailbox_and_stop_empties_it(shared: Server) -> None:
    box = mailbox(shared.base / "user" / "temp", "desk")
    assert shared.ask("POST", "/api/cameras/desk", PNG)[0] == 204
    assert box.take() == PNG
    assert shared.ask("DELETE", "/api/cameras/desk")[0] == 204
    assert box.take() is None and box.closed and PNG not in box.path.read_bytes()


def test_what_is_no_frame_is_refused(shared: Server) -> None:
    cases = {
        ("bad", b"hello"): (415, "not_a_picture"),
        ("bad2", b""): (415, "not_a_picture"),
        ("large", PNG + bytes(3 * 2**20)): (413, "too_large"),
        ("..%2Fevil", PNG): (400, "bad_camera"),
        ("a" * 41, PNG): (400, "bad_camera"),
    }
    for (name, data), (status, code) in cases.items():
        answer = shared.ask("POST", f"/api/cameras/{name}", data)
        assert (answer[0], answer[1]["error"]["code"]) == (status, code), name
    foreign = shared.ask("POST", "/api/cameras/desk", PNG, {"Origin": "http://evil.example"})
    assert foreign[0] == 403


def test_nine_cameras_are_one_too_many(server: Server) -> None:
    said = [server.ask("POST", f"/api/cameras/c{number}", PNG)[0] for number in range(9)]
    assert said == [204] * 8 + [429]
    assert server.ask("DELETE", "/api/cameras/c0")[0] == 204
    assert server.ask("POST", "/api/cameras/c8", PNG)[0] == 204

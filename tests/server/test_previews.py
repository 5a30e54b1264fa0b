from app.server.reels import Frame, Reels
from tests.server.conftest import Server
from tests.server.test_events import waiting


def frame(node: str, image: bytes, format: int = 0) -> Frame:
    name = node.encode()
    return Frame.unpack(bytes([1, format]) + len(name).to_bytes(2, "big") + name + image)


def test_a_finished_run_can_be_looked_at_step_by_step(shared: Server) -> None:
    job = shared.run(waiting(steps=4))
    assert shared.finished(job)["status"] == "done"
    frames = shared.get(f"/api/jobs/{job}/previews")["frames"]
    assert list(frames) == ["wait"] and frames["wait"] >= 1
    assert shared.get(f"/api/jobs/{job}/previews/0/wait")[:2] == b"\xff\xd8"
    for path in (
        f"{job}/previews/{frames['wait']}/wait",
        f"{job}/previews/0/other",
        "no_job/previews/0/wait",
    ):
        status, body = shared.ask("GET", f"/api/jobs/{path}")
        assert status == 404 and body["error"]["remedy"]
    assert shared.get("/api/jobs/no_job/previews")["frames"] == {}


def test_a_frame_is_read_from_its_packet() -> None:
    found = frame("größe/inner", b"xyz", format=2)
    assert (found.node, found.image, found.content_type) == ("größe/inner", b"xyz", "image/png")


def test_the_oldest_jobs_make_room() -> None:
    reels = Reels(room=10)
    for job in ("one", "two", "three"):
        reels.add(job, frame("n", b"1234"))
    assert reels.lengths("one") == {} and reels.lengths("two") == reels.lengths("three") == {"n": 1}
    assert reels.size == 8


def test_a_long_job_is_thinned_out_but_keeps_its_last_frame() -> None:
    reels = Reels(room=10)
    for number in range(40):
        reels.add("job", frame("n", b"%02d" % number))
    kept = [reels.frame("job", "n", index) for index in range(reels.lengths("job")["n"])]
    numbers = [int(found.image) for found in kept if found]
    assert numbers == sorted(numbers) and numbers[-1] == 39 and len(numbers) >= 2
    assert reels.size == 2 * len(numbers) <= 10
    reels.add("huge", frame("n", b"x" * 11))
    assert reels.size <= 10

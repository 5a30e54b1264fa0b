"""A node over its time limit ends its job, and its process if it must; the queue goes on."""

from tests.documents import document, sum_of
from tests.server.conftest import Server


def waiting(pause: float, steps: int) -> dict[str, object]:
    wait = {"type": "wait", "values": {"pause": pause, "steps": steps}, "time_limit": 0.1}
    return document({"w": wait, "s": "show"}, "w.int > s.value")


def test_a_silent_node_is_stopped_with_its_process_and_the_queue_goes_on(server: Server) -> None:
    before = server.ready().worker_pid()
    silent, speaking, after = (
        server.run(entry) for entry in (waiting(60.0, 1), waiting(0.01, 1000), sum_of(3))
    )
    problem = server.finished(silent)["problem"]
    assert (problem["code"], problem["node"]) == ("time_limit", "w") and "0.1 s" in problem["message"]
    assert server.finished(speaking)["problem"]["code"] == "time_limit"
    assert server.finished(after)["status"] == "done"
    assert server.worker_pid() != before

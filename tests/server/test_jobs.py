import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

from tests.documents import document, sum_of
from tests.server.conftest import PATIENCE, ROOT, Server, wait_for


def slow(pause: float = 0.2, steps: int = 100) -> object:
    nodes = {"wait": ("wait", {"steps": steps, "pause": pause, "value": 5}), "show": "show"}
    return document(nodes, "wait.int > show.value")


def failing(how: str) -> object:
    return document({"bad": ("fail", {"how": how}), "show": "show"}, "bad.int > show.value")


def test_a_run_from_queue_to_picture(shared: Server) -> None:
    job = shared.finished(shared.run(sum_of(4), title="Seven"))
    assert (job["status"], job["title"], job["problem"]) == ("done", "Seven", None)
    details = shared.get(f"/api/jobs/{job['id']}")
    (asset,) = details["assets"]
    assert asset["width"] == 7 and asset["folder"] == "output" and asset["job"] == job["id"]
    status, data = shared.ask("GET", f"/api/files/output/{asset['name']}")
    assert status == 200 and data.endswith(b"7 ")
    assert details["document"]["graphs"]["main"]["nodes"]["number"]["values"] == {"value": 4}
    assert shared.get("/api/assets")["assets"][0]["id"] == asset["id"]
    assert shared.get("/api/jobs?limit=1")["jobs"][0]["id"] == job["id"]


def test_a_document_with_errors_is_refused_with_all_of_them(shared: Server) -> None:
    bad = document(
        {"n": ("number", {"value": 5000}), "a": "add", "s": "show"},
        "n.int > a.a",
        "a.int > s.value",
        "a.int > s.no",
    )
    status, body = shared.ask("POST", "/api/jobs", {"document": bad})
    assert status == 422
    assert {problem["code"] for problem in body["problems"]} == {"out_of_range", "unknown_input"}
    assert "allowed is 0 to 1000" in str(body["problems"])


def test_a_node_that_refuses_says_why_and_the_queue_goes_on(shared: Server) -> None:
    job = shared.finished(shared.run(failing("refuse")))
    assert job["status"] == "failed"
    problem = job["problem"]
    assert (problem["node"], problem["input"], problem["code"]) == ("bad", "value", "not_good")
    assert problem["message"] == "bad: the value is not good." and problem["remedy"] == "Take another one."
    assert shared.finished(shared.run(sum_of()))["status"] == "done"


def test_a_crash_of_a_node_shows_no_trace(shared: Server) -> None:
    problem = shared.finished(shared.run(failing("crash")))["problem"]
    assert problem["code"] == "node_crashed" and "IndexError" in problem["message"]
    assert "Traceback" not in str(problem) and ".py" not in str(problem)


def test_a_worker_that_dies_fails_its_job_and_the_next_one_runs(shared: Server) -> None:
    first, second = shared.run(failing("die")), shared.run(sum_of(9))
    job = shared.finished(first)
    assert job["status"] == "failed" and job["problem"]["code"] == "worker_died"
    assert "SIGKILL" in job["problem"]["message"] and "'bad'" in job["problem"]["message"]
    assert shared.finished(second)["status"] == "done"


def test_kill_dash_nine_from_outside(shared: Server) -> None:
    job, later = shared.running(slow()), shared.run(sum_of(8))
    os.kill(shared.worker_pid(), signal.SIGKILL)
    assert shared.finished(job)["problem"]["code"] == "worker_died"
    assert shared.finished(later)["status"] == "done"


def test_cancel_between_steps(shared: Server) -> None:
    job = shared.running(slow(pause=0.05, steps=1000))
    pid = shared.worker_pid()
    shared.ask("POST", f"/api/jobs/{job}/cancel")
    assert shared.finished(job)["status"] == "cancelled"
    assert shared.worker_pid() == pid, "a node that tells its steps needs no force"


def test_cancel_of_a_silent_node_by_force(shared: Server) -> None:
    job, later = shared.running(slow(pause=60)), shared.run(sum_of(6))
    pid = shared.worker_pid()
    shared.ask("POST", f"/api/jobs/{job}/cancel")
    assert shared.finished(job)["status"] == "cancelled"
    assert shared.finished(later)["status"] == "done"
    assert shared.worker_pid() != pid, "the worker was ended, not waited for"


def test_cancel_of_a_waiting_job(shared: Server) -> None:
    first, second = shared.run(slow(pause=0.05)), shared.run(sum_of())
    shared.ask("POST", f"/api/jobs/{second}/cancel")
    assert shared.job(second)["status"] == "cancelled"
    shared.ask("POST", f"/api/jobs/{first}/cancel")
    shared.finished(first)


def test_delete_forgets_a_finished_job_only(shared: Server) -> None:
    job = shared.running(slow(pause=0.05, steps=1000))
    assert shared.ask("DELETE", f"/api/jobs/{job}")[0] == 409
    shared.ask("POST", f"/api/jobs/{job}/cancel")
    shared.finished(job)
    assert shared.ask("DELETE", f"/api/jobs/{job}")[0] == 204
    assert shared.ask("GET", f"/api/jobs/{job}")[0] == 404


def test_targets_run_a_part(shared: Server) -> None:
    nodes = {"n": ("number", {"value": 3}), "one": "show", "two": ("show", {"text": "second"})}
    job = shared.run(document(nodes, "n.int > one.value", "n.int > two.value"), targets=["two"])
    shared.finished(job)
    assert [asset["node"] for asset in shared.get(f"/api/jobs/{job}")["assets"]] == ["two"]
    body = {"document": document(nodes), "targets": ["nobody"]}
    assert shared.ask("POST", "/api/jobs", body)[1]["error"]["code"] == "bad_targets"


def test_pause_reorder_retry_and_search(shared: Server) -> None:
    assert shared.ask("PUT", "/api/queue", {"paused": True})[0] == 200
    first, second, third = (shared.run(sum_of(n), title=f"Queue {n}") for n in (11, 12, 13))
    assert shared.get("/api/status")["queue"] == {"running": None, "queued": 3, "paused": True}
    assert shared.ask("POST", f"/api/jobs/{third}/move", {"before": first})[1]["order"] == [
        third,
        first,
        second,
    ]
    assert shared.ask("POST", f"/api/jobs/{third}/move", {"before": None})[1]["order"] == [
        first,
        second,
        third,
    ]
    assert shared.ask("POST", f"/api/jobs/{second}/move", {"before": first})[1]["order"] == [
        second,
        first,
        third,
    ]
    assert shared.ask("POST", f"/api/jobs/{second}/move", {"before": "none"})[0] == 409
    assert shared.ask("PUT", "/api/queue", {"paused": "maybe"})[0] == 400
    shared.ask("PUT", "/api/queue", {"paused": False})
    started = [shared.finished(job)["started"] for job in (second, first, third)]
    assert started == sorted(started)
    again = shared.ask("POST", f"/api/jobs/{first}/retry")[1]["job"]["id"]
    assert again != first and shared.finished(again)["title"] == "Queue 11"
    assert [job["id"] for job in shared.get("/api/jobs?search=queue%2011")["jobs"]] == [again, first]


def test_everything_survives_the_death_of_the_server(server: Server) -> None:
    server.ready()
    done = server.run(sum_of(1))
    server.finished(done)
    saved = server.ask("POST", "/api/workflows", {"title": "Mine", "document": sum_of()})[1]
    running, waiting = server.running(slow(pause=0.3, steps=4)), server.run(sum_of(2))
    orphan = server.worker_pid()
    server.stop(signal.SIGKILL)
    server.start().ready()
    assert server.job(done)["status"] == "done"
    assert server.get(f"/api/workflows/{saved['id']}")["title"] == "Mine"
    assert server.finished(running)["status"] == "done", "what was running is run again"
    assert server.finished(waiting)["status"] == "done"
    assert len(server.get("/api/assets")["assets"]) == 3
    wait_for(lambda: not alive(orphan))


def test_ctrl_c_ends_everything_quietly(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.plain.serve", str(tmp_path), "0"]
    pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, start_new_session=True, **pipes) as process:
        assert process.stdout
        url = process.stdout.readline().removeprefix("To see the GUI go to: ").strip()
        with urllib.request.urlopen(f"{url}/api/status", timeout=PATIENCE):
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does, while the worker still imports
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0 and errors == ""


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and that nobody has asked about yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_priority_goes_before_order_and_stays_with_a_retry(shared: Server) -> None:
    shared.ask("PUT", "/api/queue", {"paused": True})
    later = shared.run(sum_of(1), workflow="w1")
    sooner = shared.run(sum_of(2), priority=3)
    assert shared.ask("PUT", "/api/queue", {"paused": True})[1]["order"] == [sooner, later]
    assert shared.job(later)["workflow"] == "w1" and shared.job(sooner)["priority"] == 3
    status, answer = shared.ask("POST", "/api/jobs", {"document": sum_of(1), "priority": 1000})
    assert status == 400 and "-100 to 100" in answer["error"]["remedy"]
    shared.ask("PUT", "/api/queue", {"paused": False})
    for id in (sooner, later):
        assert shared.finished(id)["status"] == "done"
    assert shared.job(sooner)["finished"] <= shared.job(later)["started"]
    assert shared.ask("POST", f"/api/jobs/{sooner}/retry")[1]["job"]["priority"] == 3

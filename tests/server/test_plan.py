from tests.documents import document
from tests.server.conftest import Server
from tests.server.test_events import waiting


def test_a_plan_says_what_runs_and_what_is_there(shared: Server) -> None:
    work = waiting(steps=3)
    status, plan = shared.ask("POST", "/api/plan", {"document": work})
    assert (status, plan) == (200, {"runs": ["wait", "show"], "reused": [], "memory": None})
    shared.finished(shared.run(work))
    assert shared.ask("POST", "/api/plan", {"document": work})[1] == {
        "runs": [],
        "reused": ["show"],
        "memory": None,
    }


def test_a_document_that_cannot_run_has_an_empty_plan(shared: Server) -> None:
    broken = document({"show": "show"})
    assert shared.ask("POST", "/api/plan", {"document": broken}) == (
        200,
        {"runs": [], "reused": [], "memory": None},
    )


def test_a_busy_worker_does_not_plan(shared: Server) -> None:
    job = shared.running(waiting(steps=1000, pause=0.02))
    status, body = shared.ask("POST", "/api/plan", {"document": waiting()})
    assert status == 409 and body["error"]["code"] == "busy"
    shared.ask("POST", f"/api/jobs/{job}/cancel")
    shared.finished(job)

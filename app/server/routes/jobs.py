"""Queue a document, look at jobs, cancel and delete them, list what they made."""

from __future__ import annotations

from aiohttp import web

from app.graph.flatten import flatten
from app.graph.workflow import read
from app.server.keys import RUNNER, STATE
from app.server.refuse import Refused, missing, number, read_body, readable
from app.store.jobs import HIGHEST_PRIORITY, Job, NewJob

routes = web.RouteTableDef()
KINDS = ("images", "videos")
STATUSES = ("queued", "running", "done", "failed", "cancelled")


@routes.post("/api/jobs")
async def add(request: web.Request) -> web.Response:
    body = await read_body(request)
    state = request.app[STATE]
    workflow = read(body.get("document"))
    targets = body.get("targets", [])
    known = flatten(workflow)
    if not isinstance(targets, list) or not all(isinstance(id, str) and known.has(id) for id in targets):
        raise Refused(
            400,
            "bad_targets",
            "'targets' names nodes that are not there.",
            "List ids of the document's nodes.",
        )
    if not state.catalog_complete:
        raise Refused(
            503,
            "starting",
            "The worker is still reading the nodes.",
            "Wait until the status says ready, then run again.",
        )
    problems = await request.app[RUNNER].check(workflow, targets)
    if errors := [problem for problem in problems if problem.severity == "error"]:
        raise Refused(422, "problems", errors[0].message, errors[0].remedy, problems)
    title = title_of(body) or readable(workflow.title) or "Untitled"
    new = NewJob(title, workflow.to_json(), targets, priority_of(body), origin_of(body))
    job = request.app[RUNNER].enqueue(new)
    problems_json = [problem.to_json() for problem in problems]
    return web.json_response({"job": job.to_json(), "problems": problems_json}, status=201)


def title_of(body: dict[str, object]) -> str:
    title = body.get("title")
    if not isinstance(title, str | None):
        raise Refused(400, "bad_title", "'title' is no text.", "Send a text, or leave it out.")
    return readable(title or "")


def priority_of(body: dict[str, object]) -> int:
    """Return the job's priority: 0 unless the body says otherwise, higher runs first."""
    priority = body.get("priority", 0)
    if not isinstance(priority, int) or isinstance(priority, bool) or abs(priority) > HIGHEST_PRIORITY:
        message = f"'priority' is {str(priority)[:40]!r}."
        raise Refused(
            400,
            "bad_priority",
            message,
            f"Send a whole number from -{HIGHEST_PRIORITY} to {HIGHEST_PRIORITY}.",
        )
    return priority


def origin_of(body: dict[str, object]) -> str | None:
    """Return the id of the saved workflow that the document is of."""
    origin = body.get("workflow")
    if origin is not None and not isinstance(origin, str):
        raise Refused(400, "bad_workflow", "'workflow' is no text.", "Send the id of a saved workflow.")
    return None if origin is None else readable(origin)


@routes.post("/api/plan")
async def plan(request: web.Request) -> web.Response:
    """Say what a run would do: which nodes run, which results are there already, and what memory it takes."""
    document = read((await read_body(request)).get("document")).to_json()
    runner = request.app[RUNNER]
    answer = None
    if runner.current is None:
        answer = await runner.inquiry.ask({"type": "plan", "document": document, "targets": []})
    if answer is None:
        message, remedy = "The worker has no time to plan.", "Ask again when nothing runs."
        raise Refused(409, "busy", message, remedy)
    return web.json_response({name: answer[name] for name in ("runs", "reused", "memory")})


@routes.get("/api/jobs")
async def page(request: web.Request) -> web.Response:
    status = request.query.get("status") or None
    if status is not None and status not in STATUSES:
        raise Refused(400, "bad_query", f"status is {status[:40]!r}.", f"Allowed are {', '.join(STATUSES)}.")
    limit = number(request, "limit", 50, 500, 1)
    search = readable(request.query.get("search", ""))
    jobs = request.app[STATE].jobs.page(limit, request.query.get("before"), status, search)
    return web.json_response({"jobs": [job.to_json() for job in jobs]})


@routes.get("/api/jobs/{id}")
async def one(request: web.Request) -> web.Response:
    state, job = request.app[STATE], found(request)
    added = [record.body for record in state.log.of_job(job.id, "asset_added")]
    told = [record.body for record in state.log.of_job(job.id, "node_reported")]
    answer = {
        "job": job.to_json(),
        "document": state.jobs.document(job.id),
        # a second try of an interrupted job tells of the same files again
        "assets": list({body["asset"]["id"]: body["asset"] for body in added}.values()),
        "reports": [{"node": body["node"], "report": body["report"]} for body in told],
    }
    return web.json_response(answer)


@routes.post("/api/jobs/{id}/cancel")
async def cancel(request: web.Request) -> web.Response:
    job = found(request)
    request.app[RUNNER].cancel(job)
    return web.json_response({"job": request.app[STATE].jobs.get(job.id).to_json()})


@routes.post("/api/jobs/{id}/retry")
async def retry(request: web.Request) -> web.Response:
    state, old = request.app[STATE], found(request)
    document, targets = state.jobs.document(old.id), state.jobs.targets(old.id)
    new = NewJob(old.title, document, targets, old.priority, old.workflow)
    job = request.app[RUNNER].enqueue(new)
    return web.json_response({"job": job.to_json()}, status=201)


@routes.post("/api/jobs/{id}/move")
async def move(request: web.Request) -> web.Response:
    job, before = found(request), (await read_body(request)).get("before")
    waiting = request.app[STATE].jobs.order()
    if job.id not in waiting or (before is not None and before not in waiting):
        raise Refused(409, "not_waiting", "Only waiting jobs can change places.", "Reload the queue.")
    request.app[STATE].jobs.move(job.id, None if before is None else str(before))
    request.app[RUNNER].queue_changed()
    return web.json_response({"order": request.app[STATE].jobs.order()})


@routes.put("/api/queue")
async def queue(request: web.Request) -> web.Response:
    paused = (await read_body(request)).get("paused")
    if not isinstance(paused, bool):
        raise Refused(400, "bad_pause", "'paused' is not true or false.", "Send one of the two.")
    request.app[STATE].jobs.pause(paused)
    request.app[RUNNER].queue_changed()
    return web.json_response({"paused": paused, "order": request.app[STATE].jobs.order()})


@routes.post("/api/free")
async def free(request: web.Request) -> web.Response:
    """Forget loaded models and results in memory; nothing that is saved is lost."""
    request.app[RUNNER].free()
    return web.Response(status=204)


@routes.delete("/api/jobs/{id}")
async def delete(request: web.Request) -> web.Response:
    job = found(request)
    if job.status == "running":
        raise Refused(409, "running", f"Job {job.id} is running.", "Cancel it first.")
    request.app[STATE].jobs.delete(job.id)
    return web.Response(status=204)


@routes.get("/api/assets")
async def assets(request: web.Request) -> web.Response:
    limit = number(request, "limit", 60, 500, 1)
    before = number(request, "before", 0, 2**62)
    folder, kind = request.query.get("folder", "output"), request.query.get("kind", "")
    if kind not in ("", *KINDS):
        raise Refused(400, "bad_query", f"kind is {kind[:40]!r}.", f"Allowed are {', '.join(KINDS)}.")
    search = readable(request.query.get("search", ""))
    entries = request.app[STATE].assets.page(limit, before, folder, kind, search)
    return web.json_response({"assets": [asset.to_json() for asset in entries]})


def found(request: web.Request) -> Job:
    try:
        return request.app[STATE].jobs.get(request.match_info["id"])
    except KeyError:
        raise missing(f"job {request.match_info['id'][:40]!r}") from None

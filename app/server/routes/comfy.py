"""ComfyUI's routes for prompts: its clients queue them here and ask what became of them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from app.graph.catalog import Catalog
from app.graph.check import outputs
from app.graph.problem import Problem
from app.graph.resolve import ancestors, links_of
from app.graph.workflow import MalformedWorkflow, Workflow
from app.interop import documents, protocol
from app.interop.sent import coerced, faults_in
from app.server.keys import RUNNER, STATE
from app.server.refuse import Refused, number, read_body
from app.server.routes.comfy_paths import everywhere
from app.store.jobs import Job, NewJob

routes = web.RouteTableDef()
both = everywhere(routes)
PAGE = 100
SHAPE = 'A prompt is {"prompt": {ID: {"class_type": NAME, "inputs": {NAME: VALUE or [ID, SLOT]}}}}.'


@both("POST", "/prompt")
async def prompt(request: web.Request) -> web.Response:
    """Queue a prompt; outputs that cannot run are left out when others can."""
    body = await read_body(request)
    state = request.app[STATE]
    workflow = coerced(workflow_of(body.get("prompt"), state.catalog), state.catalog)
    workflow = documents.with_extra(workflow, extra_data(body))
    if not state.catalog_complete:
        raise Refused(
            503, "starting", "The worker is still reading the nodes.", "Try again in a few seconds."
        )
    submission = protocol.Submitted("", body["prompt"])  # type: ignore[arg-type]
    wanted = targets_of(
        body.get("partial_execution_targets"), workflow, outputs(workflow.graph, state.catalog)
    )
    good, errors, spoilt = await sort_outputs(request, submission.prompt, workflow, wanted)
    listed = protocol.node_errors(errors, submission, spoilt)
    if not good:
        raise refused_prompt(
            "prompt_outputs_failed_validation",
            "Prompt outputs failed validation",
            listed,
            "node_errors says what is wrong with each node, and what to do.",
        )
    first = next(iter(state.jobs.order()), None)
    id, rank = new_id(request, body.get("prompt_id")), place(body.get("number"))
    new = NewJob("Prompt", workflow.to_json(), good, id=id, rank=rank)
    job = request.app[RUNNER].enqueue(new)
    if body.get("front") and first:
        state.jobs.move(job.id, first)
        request.app[RUNNER].queue_changed()
    number_of = state.jobs.number(job.id)
    return web.json_response({"prompt_id": job.id, "number": number_of, "node_errors": listed})


def extra_data(body: Mapping[str, object]) -> Mapping[str, Any]:
    extra = body.get("extra_data", {})
    if not isinstance(extra, dict | None):
        raise refused_prompt("invalid_extra_data", "extra_data is no object", {}, "Send {} or leave it out.")
    return extra or {}


def place(wish: object) -> float | None:
    """Return the place in the queue that a client wants: the lowest number runs first."""
    if wish is None:
        return None
    if isinstance(wish, bool) or not isinstance(wish, int | float) or not math.isfinite(wish):
        raise refused_prompt("invalid_number", "number must be a finite number", {}, "The lowest runs first.")
    return float(wish)


def new_id(request: web.Request, wish: object) -> str | None:
    """Return the id that a client wants for its prompt; None lets us choose."""
    if wish is None or wish == "":
        return None
    if not isinstance(wish, str) or not re.fullmatch(r"[\w.-]{1,100}", wish):
        text = "prompt_id may hold letters, digits, '.', '_' and '-' only, 100 at most"
        raise refused_prompt("invalid_prompt_id", text, {}, "Leave it out to get one.")
    if request.app[STATE].jobs.number(wish):
        text = f"There is a prompt {wish} already"
        raise refused_prompt("prompt_id_taken", text, {}, "Send another prompt_id, or none.")
    return wish


def workflow_of(sent: object, catalog: Catalog) -> Workflow:
    """Read a prompt in API format; what is none is refused in ComfyUI's words."""
    if not isinstance(sent, dict) or not sent:
        raise refused_prompt("no_prompt", "No prompt provided", {}, SHAPE)
    for id, node in sent.items():
        if not isinstance(node, dict) or not isinstance(node.get("class_type"), str):
            raise refused_prompt("invalid_prompt", f"Node {id!r} has no class_type", {}, SHAPE)
        if not isinstance(node.get("inputs", {}), dict):
            raise refused_prompt("invalid_prompt", f"The inputs of node {id!r} are no object", {}, SHAPE)
    try:
        return documents.read_json({id: {"inputs": {}, **node} for id, node in sent.items()}, catalog)
    except MalformedWorkflow as malformed:
        raise refused_prompt(
            "invalid_prompt", malformed.problem.message, {}, malformed.problem.remedy
        ) from None


def targets_of(asked: object, workflow: Workflow, there: list[str]) -> list[str]:
    if asked is None:
        return there
    chosen = [id for id in there if isinstance(asked, list) and id in asked]
    if not chosen:
        text = "partial_execution_targets is a list of ids of output nodes; leave it out to run all."
        raise refused_prompt("prompt_no_outputs", "Prompt has no outputs", {}, text)
    return chosen


async def sort_outputs(
    request: web.Request, prompt: Mapping[str, Any], workflow: Workflow, wanted: list[str]
) -> tuple[list[str], list[Problem], dict[str, list[str]]]:
    """Return the outputs that can run, the errors, and which outputs each faulty node spoils."""
    state = request.app[STATE]
    found = [*faults_in(prompt, state.catalog), *await request.app[RUNNER].check(workflow, wanted)]
    errors = [problem for problem in found if problem.severity == "error"]
    faulty = {problem.node for problem in errors}
    links = links_of(workflow.graph, state.catalog)
    spoilt: dict[str, list[str]] = {}
    good = []
    for target in wanted:
        hit = ancestors(links, [target]) & faulty
        for node in hit:
            spoilt.setdefault(str(node), []).append(target)
        if not hit and None not in faulty:
            good.append(target)
    return good, errors, spoilt


def refused_prompt(kind: str, message: str, errors: dict[str, Any], details: str) -> Refused:
    error = {"type": kind, "message": message, "details": details, "extra_info": {}}
    return Refused(400, kind, message, details, error=error, node_errors=errors)


@both("GET", "/prompt")
async def remaining(request: web.Request) -> web.Response:
    return web.json_response({"exec_info": {"queue_remaining": left(request)}})


def left(request: web.Request) -> int:
    """Return the number of jobs that wait or run."""
    return request.app[STATE].jobs.queued() + bool(request.app[RUNNER].current)


@both("GET", "/queue")
async def queue(request: web.Request) -> web.Response:
    jobs, current = request.app[STATE].jobs, request.app[RUNNER].current
    waiting = [queue_entry(request, jobs.get(id)) for id in jobs.order()]
    running = [queue_entry(request, current)] if current else []
    return web.json_response({"queue_running": running, "queue_pending": waiting})


def queue_entry(request: web.Request, job: Job) -> list[Any]:
    sent = submitted(request, job)
    return [
        request.app[STATE].jobs.number(job.id),
        job.id,
        sent.prompt,
        {},
        request.app[STATE].jobs.targets(job.id),
    ]


def submitted(request: web.Request, job: Job) -> protocol.Submitted:
    state = request.app[STATE]
    return protocol.submitted(job.id, state.jobs.document(job.id), state.catalog)


@both("POST", "/queue")
async def change_queue(request: web.Request) -> web.Response:
    body = await read_body(request)
    jobs = request.app[STATE].jobs
    chosen = jobs.order() if body.get("clear") else body.get("delete", [])
    if not isinstance(chosen, list) or not all(isinstance(id, str) for id in chosen):
        raise Refused(400, "bad_delete", "'delete' is no list of prompt ids.", "GET /queue lists them.")
    waiting = set(jobs.order())
    for id in chosen:
        if id in waiting:
            waiting.remove(id)
            request.app[RUNNER].cancel(jobs.get(id))
    return web.Response()


@both("POST", "/interrupt")
async def interrupt(request: web.Request) -> web.Response:
    body = await read_body(request) if request.can_read_body else {}
    current, id = request.app[RUNNER].current, body.get("prompt_id")
    if not isinstance(id, str | None):
        message = "'prompt_id' is no text."
        raise Refused(
            400, "bad_prompt_id", message, "Send the id of a prompt, or nothing for the running one."
        )
    if current and id in (None, "", current.id):
        request.app[RUNNER].cancel(current)
    return web.Response()


@both("POST", "/free")
async def free(request: web.Request) -> web.Response:
    """Forget models and results; one cannot be freed without the other, so either wish frees both."""
    body = await read_body(request) if request.can_read_body else {}
    if body.get("unload_models") or body.get("free_memory"):
        request.app[RUNNER].free()
    return web.Response()


@both("GET", "/history")
async def history(request: web.Request) -> web.Response:
    """Return finished jobs in the order they were queued."""
    jobs = request.app[STATE].jobs
    finished = [
        job for job in jobs.page(number(request, "max_items", PAGE, 500, -1)) if job.finished is not None
    ]
    skipped = max(0, number(request, "offset", 0, 2**31, -1))
    return web.json_response({job.id: entry(request, job) for job in reversed(finished[skipped:])})


@both("GET", "/history/{id}")
async def history_of(request: web.Request) -> web.Response:
    try:
        job = request.app[STATE].jobs.get(request.match_info["id"])
    except KeyError:
        return web.json_response({})
    return web.json_response({job.id: entry(request, job)} if job.finished is not None else {})


def entry(request: web.Request, job: Job) -> dict[str, Any]:
    state = request.app[STATE]
    events = (record.to_json() for record in state.log.of_job(job.id))
    targets = state.jobs.targets(job.id)
    sent = submitted(request, job)
    return protocol.history_entry(sent, state.jobs.number(job.id), job.to_json(), events, targets)

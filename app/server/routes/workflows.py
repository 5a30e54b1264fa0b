"""Saved workflows with revisions, and the templates that ship with Patchloom."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aiohttp import web

from app.graph.workflow import read
from app.interop import documents
from app.server.keys import STATE
from app.server.refuse import Refused, missing, number, read_body, readable
from app.server.routes.files import HARMLESS
from app.store.workflows import Outdated, SavedWorkflow

routes = web.RouteTableDef()


@routes.get("/api/templates")
async def templates(request: web.Request) -> web.Response:
    files = sorted(request.app[STATE].settings.templates.glob("*.json"), key=order)
    return web.json_response({"templates": [summary(path) for path in files]})


@routes.get("/api/templates/{name}")
async def template(request: web.Request) -> web.Response:
    return web.json_response(text=example(request).read_text(encoding="utf-8"))


@routes.get("/api/templates/{name}/picture")
async def template_picture(request: web.Request) -> web.FileResponse:
    """Return what a run of the template makes, small."""
    picture = picture_of(example(request))
    if not picture.is_file():
        raise missing(f"picture of template {request.match_info['name'][:40]!r}")
    return web.FileResponse(picture, headers=HARMLESS)


@routes.post("/api/import")
async def import_file(request: web.Request) -> web.Response:
    """Read a file of ours or of ComfyUI's (JSON, PNG, WebP) as one of our documents."""
    workflow = documents.read(await request.read(), request.app[STATE].catalog)
    problems = [problem.to_json() for problem in documents.problems(workflow)]
    return web.json_response({"document": workflow.to_json(), "problems": problems})


@routes.get("/api/workflows")
async def listing(request: web.Request) -> web.Response:
    saved = request.app[STATE].workflows.all()
    return web.json_response({"workflows": [entry.to_json() for entry in saved]})


@routes.post("/api/workflows")
async def add(request: web.Request) -> web.Response:
    title, document = content(await read_body(request))
    return web.json_response(request.app[STATE].workflows.add(title, document).to_json(), status=201)


@routes.get("/api/workflows/{id}")
async def one(request: web.Request) -> web.Response:
    saved = found(request)
    revision = number(request, "revision", saved.revision, 2**31)
    try:
        document = request.app[STATE].workflows.document(saved.id, revision)
    except KeyError:
        raise missing(f"revision {revision} of this workflow") from None
    return web.json_response({**saved.to_json(), "document": document})


@routes.put("/api/workflows/{id}")
async def save(request: web.Request) -> web.Response:
    body, saved = await read_body(request), found(request)
    title, document = content(body)
    base = body.get("base_revision")
    if not isinstance(base, int):
        raise Refused(
            400, "no_base", "'base_revision' is not a whole number.", "Send the revision you started from."
        )
    try:
        workflows, keep = request.app[STATE].workflows, body.get("keep") is True
        return web.json_response(workflows.save(saved.id, title, document, base, keep=keep).to_json())
    except Outdated as outdated:
        raise Refused(
            409,
            "outdated",
            f"Somebody else saved this workflow: it is at revision {outdated.current}, not {base}.",
            "Take theirs, or save yours over it.",
            revision=outdated.current,
        ) from None


@routes.get("/api/workflows/{id}/revisions")
async def revisions(request: web.Request) -> web.Response:
    return web.json_response({"revisions": request.app[STATE].workflows.revisions(found(request).id)})


@routes.delete("/api/workflows/{id}")
async def delete(request: web.Request) -> web.Response:
    request.app[STATE].workflows.delete(found(request).id)
    return web.Response(status=204)


def found(request: web.Request) -> SavedWorkflow:
    try:
        return request.app[STATE].workflows.get(request.match_info["id"])
    except KeyError:
        raise missing(f"workflow {request.match_info['id'][:40]!r}") from None


def content(body: dict[str, object]) -> tuple[str, dict[str, object]]:
    """Return title and document of a request; a document that cannot be read is not saved."""
    document, title = body.get("document"), body.get("title", "")
    read(document)
    if not isinstance(title, str) or not isinstance(document, dict):
        raise Refused(400, "bad_title", "'title' is not a text.", "Send a title.")
    return readable(title) or "Untitled", document


def order(path: Path) -> tuple[bool, str]:
    """Put the first picture first."""
    return path.stem != "first_picture", path.stem


def example(request: web.Request) -> Path:
    """Return the file of the template that a request names; what is none is refused."""
    name = request.match_info["name"]
    for path in request.app[STATE].settings.templates.glob("*.json"):
        if path.stem == name:
            return path
    raise missing(f"template {name[:40]!r}")


def picture_of(template: Path) -> Path:
    return template.parent / "pictures" / f"{template.stem}.webp"


def summary(path: Path) -> dict[str, Any]:
    document = json.loads(path.read_text(encoding="utf-8"))
    tags = document.get("tags")
    return {
        "name": path.stem,
        "title": str(document.get("title") or path.stem),
        "description": str(document.get("description", "")),
        "tags": [str(tag) for tag in tags] if isinstance(tags, list) else [],
        "picture": picture_of(path).is_file(),
    }

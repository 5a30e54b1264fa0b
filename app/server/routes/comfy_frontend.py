"""ComfyUI's own browser frontend below /comfy/, when installed, and the routes that only it asks for.

`pip install comfyui-frontend-package` brings it; it is a program of its own that talks to us over HTTP.
"""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from aiohttp import web

from app.execution.files import write_whole
from app.interop import documents
from app.server.keys import STATE
from app.server.refuse import Refused, missing, number
from app.server.routes.comfy import submitted
from app.server.routes.comfy_paths import everywhere
from app.store.jobs import Job

routes = web.RouteTableDef()
both = everywhere(routes)
PACKAGE = "comfyui_frontend_package"
EMPTY_OBJECTS = ("/i18n", "/global_subgraphs")
EMPTY_LISTS = ("/extensions", "/embeddings")
STATUSES = {"queued": "pending", "running": "in_progress", "done": "completed"}


async def empty_object(request: web.Request) -> web.Response:
    return web.json_response({})


async def empty_list(request: web.Request) -> web.Response:
    return web.json_response([])


for path in EMPTY_OBJECTS:
    both("GET", path)(empty_object)
for path in EMPTY_LISTS:
    both("GET", path)(empty_list)


@both("GET", "/workflow_templates")
async def templates(request: web.Request) -> web.Response:
    """Offer our example workflows as those of an extension."""
    return web.json_response({"patchloom": sorted(examples(request))})


@both("GET", "/workflow_templates/patchloom/{name}.json")
async def template(request: web.Request) -> web.Response:
    """Return an example in ComfyUI's UI format."""
    path = examples(request).get(request.match_info["name"])
    if path is None:
        raise missing(f"template {request.match_info['name'][:40]!r}")
    catalog = request.app[STATE].catalog
    drawn = documents.to_ui(documents.read(path.read_bytes(), catalog), catalog, here=True)
    return web.json_response(drawn.document)


def examples(request: web.Request) -> dict[str, Path]:
    return {path.stem: path for path in request.app[STATE].settings.templates.glob("*.json")}


@both("GET", "/users")
async def users(request: web.Request) -> web.Response:
    return web.json_response({"storage": "server", "migrated": True})


def user_file(request: web.Request, name: str) -> Path:
    """Return where a file of the frontend lies, below user/comfy."""
    root = request.app[STATE].settings.user / "comfy"
    return request.app[STATE].settings.folders.inside(root, name)


def read_settings(request: web.Request) -> dict[str, Any]:
    path = user_file(request, "settings.json")
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


@both("GET", "/settings")
async def settings(request: web.Request) -> web.Response:
    return web.json_response(read_settings(request))


@both("GET", "/settings/{id}")
async def setting(request: web.Request) -> web.Response:
    return web.json_response(read_settings(request).get(request.match_info["id"]))


@both("POST", "/settings")
@both("POST", "/settings/{id}")
async def change_settings(request: web.Request) -> web.Response:
    """Change one setting, or all that the body names."""
    try:
        value = json.loads(await request.read())
    except ValueError:
        raise Refused(400, "not_json", "The body is not JSON.", "Send the setting's value.") from None
    id = request.match_info.get("id")
    if id is None and not isinstance(value, dict):
        raise Refused(400, "not_an_object", "The settings are not a JSON object.", "Send an object.")
    changed = {**read_settings(request), **({id: value} if id else value)}
    write_whole(user_file(request, "settings.json"), json.dumps(changed).encode())
    return web.Response()


@both("GET", "/userdata")
async def list_userdata(request: web.Request) -> web.Response:
    """List the files that the frontend saved below a folder, with their size and time."""
    folder = user_file(request, request.query.get("dir") or "workflows")
    found = [path for path in sorted(folder.rglob("*")) if path.is_file()] if folder.is_dir() else []
    entries = [
        {
            "path": path.relative_to(folder).as_posix(),
            "size": path.stat().st_size,
            "modified": path.stat().st_mtime,
        }
        for path in found
    ]
    full = request.query.get("full_info", "").lower() == "true"
    return web.json_response(entries if full else [entry["path"] for entry in entries])


@both("GET", "/userdata/{name}")
async def get_userdata(request: web.Request) -> web.FileResponse:
    path = user_file(request, request.match_info["name"])
    if not path.is_file():
        raise missing(f"file {request.match_info['name'][:80]!r}")
    return web.FileResponse(path)


@both("POST", "/userdata/{name}")
async def save_userdata(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    path = user_file(request, name)
    if path.exists() and request.query.get("overwrite") == "false":
        raise Refused(409, "exists", f"There is a file {name[:80]!r} already.", "Choose another name.")
    data = await request.read()
    write_whole(path, data)
    entry = {"path": name, "size": len(data), "modified": path.stat().st_mtime}
    return web.json_response(entry if request.query.get("full_info") == "true" else name)


@both("DELETE", "/userdata/{name}")
async def delete_userdata(request: web.Request) -> web.Response:
    user_file(request, request.match_info["name"]).unlink(missing_ok=True)
    return web.Response(status=204)


async def jobs(request: web.Request) -> web.Response:
    """List jobs as the newer queue panel reads them."""
    limit, offset = number(request, "limit", 100, 500, 1), number(request, "offset", 0, 2**31)
    known = request.app[STATE].jobs.page(offset + limit + 1)
    entries = [job_entry(request, job) for job in known[offset : offset + limit]]
    more = len(known) > offset + limit
    pages = {"offset": offset, "limit": limit, "total": len(known), "has_more": more}
    return web.json_response({"jobs": entries, "pagination": pages})


def job_entry(request: web.Request, job: Job) -> dict[str, Any]:
    times = {
        "create_time": job.created,
        "execution_start_time": job.started,
        "execution_end_time": job.finished,
    }
    milliseconds = {name: round(time * 1000) for name, time in times.items() if time is not None}
    count = len(request.app[STATE].log.of_job(job.id, "asset_added"))
    return {
        "id": job.id,
        "status": STATUSES.get(job.status, job.status),
        "outputs_count": count,
        **milliseconds,
    }


async def one_job(request: web.Request) -> web.Response:
    try:
        job = request.app[STATE].jobs.get(request.match_info["id"])
    except KeyError:
        raise missing("such job") from None
    prompt = submitted(request, job).prompt
    return web.json_response({**job_entry(request, job), "workflow": {"prompt": prompt}})


# Our own /api/jobs is another list, so these exist below /comfy only.
for prefix in ("/comfy", "/comfy/api"):
    routes.get(f"{prefix}/jobs")(jobs)
    routes.get(f"{prefix}/jobs/{{id}}")(one_job)


@routes.get("/comfy")
async def to_frontend(request: web.Request) -> web.Response:
    raise web.HTTPFound("/comfy/")


@routes.get("/comfy/{name:.*}")
async def frontend(request: web.Request) -> web.StreamResponse:
    """Serve the files of the installed package."""
    package = find_spec(PACKAGE)
    if package is None or not package.submodule_search_locations:
        hint = (
            f"ComfyUI's frontend is not installed. Run: .venv/bin/pip install {PACKAGE.replace('_', '-')}\n"
        )
        return web.Response(status=503, text=hint)
    root = Path(next(iter(package.submodule_search_locations)), "static").resolve()
    path = (root / (request.match_info["name"] or "index.html")).resolve()
    if not path.is_relative_to(root) or not path.is_file():
        raise missing("such page")
    return web.FileResponse(path)

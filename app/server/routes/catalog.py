"""The node catalogue, the check of a document, the choices of file widgets, and the server's status."""

from __future__ import annotations

from dataclasses import asdict

from aiohttp import web

from app.graph.problem import Problem
from app.graph.workflow import MalformedWorkflow, read
from app.server.keys import RUNNER, STATE
from app.server.openapi import description
from app.server.refuse import read_body

routes = web.RouteTableDef()


@routes.get("/api/nodes")
async def nodes(request: web.Request) -> web.Response:
    state = request.app[STATE]
    schema = [spec.to_json() for spec in state.catalog]
    return web.json_response(
        {
            "version": state.catalog.version,
            "complete": state.catalog_complete,
            "nodes": schema,
            "failed": [asdict(entry) for entry in state.catalog.failed],
        }
    )


@routes.get("/api/openapi.json")
async def openapi(request: web.Request) -> web.Response:
    return web.json_response(description(request.app[STATE].version))


@routes.get("/api/status")
async def status(request: web.Request) -> web.Response:
    return web.json_response(request.app[RUNNER].status())


@routes.post("/api/check")
async def check(request: web.Request) -> web.Response:
    body = await read_body(request)
    problems: list[Problem]
    try:
        problems = await request.app[RUNNER].check(read(body.get("document")))
    except MalformedWorkflow as malformed:
        problems = [malformed.problem]
    return web.json_response({"problems": [problem.to_json() for problem in problems]})


@routes.get("/api/choices/{kind}/{folder}")
async def choices(request: web.Request) -> web.Response:
    folders = request.app[STATE].settings.folders
    names = folders.choices(request.match_info["kind"], request.match_info["folder"])
    return web.json_response({"names": names})

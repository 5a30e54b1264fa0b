"""The previews of runs that are over, one by one."""

from __future__ import annotations

from aiohttp import web

from app.server.keys import HUB
from app.server.refuse import missing

routes = web.RouteTableDef()


@routes.get("/api/jobs/{id}/previews")
async def lengths(request: web.Request) -> web.Response:
    return web.json_response({"frames": request.app[HUB].reels.lengths(request.match_info["id"])})


@routes.get(r"/api/jobs/{id}/previews/{index:\d+}/{node:.+}")
async def frame(request: web.Request) -> web.Response:
    job, index, node = (request.match_info[name] for name in ("id", "index", "node"))
    found = request.app[HUB].reels.frame(job, node, int(index))
    if found is None:
        raise missing(f"preview {index} of {node[:40]!r}")
    return web.Response(
        body=found.image, content_type=found.content_type, headers={"Cache-Control": "no-store"}
    )

"""What lies in the model folders, what a file hashes to, and where models can be had."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

from aiohttp import web

from app.checkpoints.download import CATALOG, Offer, digest, read_catalog
from app.checkpoints.listing import ROOT, cards
from app.server.keys import STATE
from app.server.refuse import Refused

routes = web.RouteTableDef()


@routes.get("/api/models")
async def models(request: web.Request) -> web.Response:
    """Read headers beside the other requests: a disk may take its time."""
    folders = request.app[STATE].settings.folders.models
    found = await asyncio.to_thread(cards, folders)
    return web.json_response({"models": [asdict(entry) for entry in found]})


@routes.get("/api/hashes/{folder}/{name:.+}")
async def hash_of(request: web.Request) -> web.Response:
    """Read a whole file, when somebody asks: large ones take minutes."""
    path = request.app[STATE].settings.folders.model(request.match_info["folder"], request.match_info["name"])
    if path.is_dir():
        raise Refused(
            400, "a_folder", f"{path.name} is a folder of files.", "Ask for the hash of a file in it."
        )
    return web.json_response({"sha256": await asyncio.to_thread(digest, path)})


@routes.get("/api/offers")
async def offers(request: web.Request) -> web.Response:
    """List what `patchloom models get` can fetch."""
    roots = request.app[STATE].settings.folders.models[ROOT]
    catalogs = [read_catalog(root / CATALOG) for root in roots if (root / CATALOG).is_file()]
    found = [described(offer) for catalog in catalogs for offer in catalog.values()]
    return web.json_response({"offers": found})


def described(offer: Offer) -> dict[str, Any]:
    files = [
        {"to": source.to, "page": f"https://huggingface.co/{source.repository}", "sha256": source.sha256}
        for source in offer.files
    ]
    return {"name": offer.name, "about": offer.about, "licence": offer.licence, "files": files}

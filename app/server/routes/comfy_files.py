"""ComfyUI's routes for files and facts: pictures, uploads, node schemas, models, the machine."""

from __future__ import annotations

import asyncio
import json
import os
import platform
from pathlib import Path
from typing import Any

from aiohttp import web

from app.interop import schemas
from app.server import pictures
from app.server.keys import RUNNER, STATE
from app.server.refuse import Refused, missing
from app.server.routes import files
from app.server.routes.comfy_paths import everywhere

routes = web.RouteTableDef()
both = everywhere(routes)
# The inputs of ComfyUI's loaders that name a model file, and the folder each looks into.
MODEL_INPUTS = {
    "ckpt_name": "models",
    "unet_name": "models",
    "clip_name": "text_encoders",
    "CLIPVisionLoader.clip_name": "clip_vision",
    "clip_name1": "text_encoders",
    "clip_name2": "text_encoders",
    "clip_name3": "text_encoders",
    "vae_name": "vae",
    "lora_name": "loras",
    "control_net_name": "controlnet",
}
UPLOAD_INPUTS = {"image": "images", "file": "videos", "audio": "sounds"}


@both("GET", "/view")
async def view(request: web.Request) -> web.StreamResponse:
    """Return a picture; the query names it as ComfyUI's clients do."""
    query = request.query
    folder, name = query.get("type", "output"), below(query.get("subfolder"), query.get("filename"))
    if "preview" in query:
        path = files.existing(request, folder, name)
        body, kind = await asyncio.to_thread(pictures.preview, path, query["preview"])
        return web.Response(body=body, content_type=kind, headers=files.HARMLESS)
    if query.get("channel") in ("rgb", "a"):
        path = files.existing(request, folder, name)
        body = await asyncio.to_thread(pictures.channel, path, query["channel"])
        return web.Response(body=body, content_type="image/png", headers=files.HARMLESS)
    return files.picture(request, folder, name)


def below(subfolder: object, filename: object) -> str:
    """Return a file's name below its folder."""
    return "/".join(str(part) for part in (subfolder, filename) if part)


@both("POST", "/upload/image")
async def upload(request: web.Request) -> web.Response:
    name = await files.take_upload(request, field="image")
    return web.json_response({"name": name, "subfolder": "", "type": "input"})


@both("POST", "/upload/mask")
async def upload_mask(request: web.Request) -> web.Response:
    """Keep a copy of the picture named by `original_ref` with the alpha of the uploaded one."""
    sent = await files.form(request, "image", "original_ref")
    filename, mask = sent["image"]
    original = original_of(request, sent["original_ref"][1])
    data = await asyncio.to_thread(pictures.masked, original, mask)
    name = files.keep_picture(request, filename, data)
    return web.json_response({"name": name, "subfolder": "", "type": "input"})


def original_of(request: web.Request, sent: bytes) -> Path:
    """Return the file that a mask was painted on."""
    try:
        named = json.loads(sent)
        folder, name = str(named.get("type", "output")), below(named.get("subfolder"), named["filename"])
    except (ValueError, KeyError, AttributeError):
        remedy = 'Send {"filename": ..., "subfolder": ..., "type": ...} as the field original_ref.'
        raise Refused(400, "no_original", "The form does not say what the mask is for.", remedy) from None
    return files.existing(request, folder, name)


@both("GET", "/object_info")
async def object_info(request: web.Request) -> web.Response:
    await request.app[RUNNER].renew()
    return web.json_response(schemas_of(request))


@both("GET", "/object_info/{name}")
async def object_info_of(request: web.Request) -> web.Response:
    await request.app[RUNNER].renew()
    name = request.match_info["name"]
    found = schemas_of(request).get(name)
    return web.json_response({name: found} if found else {})


def schemas_of(request: web.Request) -> dict[str, Any]:
    folders = request.app[STATE].settings.folders
    names = {name: folders.choices("models", folder) for name, folder in MODEL_INPUTS.items()}
    uploads = {name: folders.choices(kind, "input") for name, kind in UPLOAD_INPUTS.items()}
    return schemas.object_info(request.app[STATE].catalog, names | uploads)


@both("GET", "/models")
async def model_folders(request: web.Request) -> web.Response:
    return web.json_response(list(request.app[STATE].settings.folders.models))


@both("GET", "/models/{folder}")
async def models_of(request: web.Request) -> web.Response:
    folders, kind = request.app[STATE].settings.folders, request.match_info["folder"]
    if kind not in folders.models:
        raise missing(f"model folder {kind[:40]!r}")
    return web.json_response(folders.choices("models", kind))


@both("GET", "/experiment/models")
async def model_folders_and_paths(request: web.Request) -> web.Response:
    """List the folders as the frontend's model library reads them; where they lie is nobody's business."""
    kinds = request.app[STATE].settings.folders.models
    return web.json_response([{"name": kind, "folders": [kind]} for kind in kinds])


@both("GET", "/experiment/models/{folder}")
async def models_with_size(request: web.Request) -> web.Response:
    folders, kind = request.app[STATE].settings.folders, request.match_info["folder"]
    if kind not in folders.models:
        raise missing(f"model folder {kind[:40]!r}")
    found = [(name, folders.model(kind, name).stat()) for name in folders.choices("models", kind)]
    entries = [
        {"name": name, "pathIndex": 0, "size": state.st_size, "modified": state.st_mtime}
        for name, state in found
    ]
    return web.json_response(entries)


@both("GET", "/system_stats")
async def system_stats(request: web.Request) -> web.Response:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    free_memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    system = {
        "os": os.name,
        "ram_total": memory,
        "ram_free": free_memory,
        "comfyui_version": f"patchloom {request.app[STATE].version}",
        "python_version": platform.python_version(),
        "pytorch_version": "",
        "embedded_python": False,
        "argv": [],
    }
    device = {
        "name": request.app[STATE].device,
        "type": "cpu",
        "index": 0,
        "vram_total": memory,
        "vram_free": free_memory,
    }
    device |= {"torch_vram_total": 0, "torch_vram_free": 0}
    return web.json_response({"system": system, "devices": [device]})


@both("GET", "/features")
async def features(request: web.Request) -> web.Response:
    return web.json_response({"supports_preview_metadata": True, "max_upload_size": files.UPLOAD_LIMIT})

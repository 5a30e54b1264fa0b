"""Result and input files, uploads, and the canvas itself."""

from __future__ import annotations

import hashlib
import re
from importlib.resources import files
from pathlib import Path

from aiohttp import BodyPartReader, web

from app.server.keys import STATE
from app.server.refuse import Refused, missing

routes = web.RouteTableDef()
UPLOAD_LIMIT = 64 * 2**20
CHUNK = 2**18
# How each picture format begins; the mark of WebP stands behind a length field of four bytes.
SIGNATURES = {
    ".png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    ".jpg": re.compile(rb"\xff\xd8\xff"),
    ".webp": re.compile(rb"RIFF[\s\S]{4}WEBP"),
}
BUILD_HINT = (
    "The canvas is not built. Run: make install (or: python hatch_build.py), then reload this page.\n"
)


@routes.get("/api/files/{folder}/{name:.+}")
async def file(request: web.Request) -> web.FileResponse:
    return picture(request, request.match_info["folder"], request.match_info["name"])


def picture(request: web.Request, folder: str, name: str) -> web.FileResponse:
    """Return a file of one of the folders; a page opened from it could run nothing."""
    folders = request.app[STATE].settings.folders
    path = folders.inside(folders.by_name(folder), name)
    if not path.is_file():
        raise missing(f"file {name[:80]!r}")
    headers = {
        "Cache-Control": "no-cache",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox",
    }
    return web.FileResponse(path, headers=headers)


@routes.post("/api/upload")
async def upload(request: web.Request) -> web.Response:
    return web.json_response({"folder": "input", "name": await take_upload(request, "file")}, status=201)


async def take_upload(request: web.Request, field: str) -> str:
    """Take the picture in a form's `field` into the input folder; what is none, or too large, is not kept."""
    if not request.content_type.startswith("multipart/"):
        remedy = f"Send multipart/form-data with the field '{field}'."
        raise Refused(400, "not_multipart", "The upload is not a form.", remedy)
    part = await find_part(request, field)
    data = await limited(part)
    suffix = next((suffix for suffix, begins in SIGNATURES.items() if begins.match(data)), None)
    if suffix is None:
        raise Refused(415, "not_a_picture", "This file is not a picture.", "Upload a PNG, JPEG or WebP file.")
    path = Path((part.filename or "picture").replace("\\", "/"))
    stem = re.sub(r"[^\w\-. ]", "_", path.stem).strip(". ")[:100]
    return keep(request.app[STATE].settings.folders.input, stem or "picture", suffix, data)


async def find_part(request: web.Request, field: str) -> BodyPartReader:
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        if isinstance(part, BodyPartReader) and part.name == field:
            return part
    message = f"The form has no field '{field}'."
    raise Refused(400, "no_file", message, f"Send the picture as the field '{field}'.")


async def limited(part: BodyPartReader) -> bytes:
    data = bytearray()
    while chunk := await part.read_chunk(CHUNK):
        data += chunk
        if len(data) > UPLOAD_LIMIT:
            raise Refused(413, "too_large", "The file is larger than 64 MiB.", "Upload a smaller picture.")
    return bytes(data)


def keep(folder: Path, stem: str, suffix: str, data: bytes) -> str:
    """Write the picture under a free name; the same picture again gets the name it has."""
    digest = hashlib.sha256(data).digest()
    for number in range(1, 10_000):
        path = folder / f"{stem}{'' if number == 1 else f'_{number}'}{suffix}"
        if not path.exists():
            path.write_bytes(data)
            return path.name
        if hashlib.sha256(path.read_bytes()).digest() == digest:
            return path.name
    raise Refused(
        409, "name_used_up", f"The name '{stem}' is used too often.", "Rename the file and upload it again."
    )


@routes.get("/")
async def index(request: web.Request) -> web.StreamResponse:
    page = bundle() / "index.html"
    if not page.is_file():
        return web.Response(status=503, text=BUILD_HINT)
    return web.FileResponse(page, headers={"Cache-Control": "no-cache"})


@routes.get("/{name:favicon\\.svg|assets/.+}")
async def bundled(request: web.Request) -> web.FileResponse:
    root = bundle()
    path = (root / request.match_info["name"]).resolve()
    if not path.is_relative_to(root.resolve()) or not path.is_file():
        raise missing("such page")
    return web.FileResponse(path, headers={"Cache-Control": "max-age=31536000, immutable"})


def bundle() -> Path:
    """Return the folder of the built canvas: the same in a wheel, an editable install and a checkout."""
    return Path(str(files("app") / "web_dist"))

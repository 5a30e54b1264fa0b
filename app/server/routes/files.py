"""Result and input files, uploads, and the canvas itself."""

from __future__ import annotations

import asyncio
import hashlib
import re
from importlib.resources import files
from pathlib import Path

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from app.server.keys import STATE
from app.server.pictures import LARGEST, SMALLEST, thumbnail
from app.server.refuse import Refused, missing, number

routes = web.RouteTableDef()
UPLOAD_LIMIT = 64 * 2**20
CHUNK = 2**18
# How each picture format begins; the mark of WebP stands behind a length field of four bytes.
SIGNATURES = {
    ".png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    ".jpg": re.compile(rb"\xff\xd8\xff"),
    ".webp": re.compile(rb"RIFF[\s\S]{4}WEBP"),
    ".avif": re.compile(rb"[\s\S]{4}ftypavi[fs]"),
    ".gif": re.compile(rb"GIF8[79]a"),
    ".mp4": re.compile(rb"[\s\S]{4}ftyp"),
    ".webm": re.compile(rb"\x1aE\xdf\xa3"),
    ".wav": re.compile(rb"RIFF[\s\S]{4}WAVE"),
    ".flac": re.compile(rb"fLaC"),
    ".ogg": re.compile(rb"OggS"),
    ".mp3": re.compile(rb"ID3|\xff[\xe2-\xfb]"),
}
KNOWN = "Upload a PNG, JPEG, WebP, AVIF, GIF, MP4, MOV, WebM, MKV, WAV, FLAC, Ogg or MP3 file."
HARMLESS = {
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox",
}
BUILD_HINT = (
    "The canvas is not built. Run: make install (or: python hatch_build.py), then reload this page.\n"
)


@routes.get("/api/files/{folder}/{name:.+}")
async def file(request: web.Request) -> web.FileResponse:
    return picture(request, request.match_info["folder"], request.match_info["name"])


@routes.get("/api/thumbnails/{folder}/{name:.+}")
async def small(request: web.Request) -> web.FileResponse:
    """Return a small WebP of a picture: `?size=` pixels for its longer side."""
    size = max(SMALLEST, number(request, "size", 256, LARGEST))
    path = existing(request, request.match_info["folder"], request.match_info["name"])
    kept = request.app[STATE].settings.thumbnails
    return web.FileResponse(await asyncio.to_thread(thumbnail, path, size, kept), headers=HARMLESS)


def picture(request: web.Request, folder: str, name: str) -> web.FileResponse:
    """Return a file of one of the folders; a page opened from it could run nothing."""
    return web.FileResponse(existing(request, folder, name), headers=HARMLESS)


def existing(request: web.Request, folder: str, name: str) -> Path:
    """Return where a file of one of the folders lies; refuses what is outside or not there."""
    folders = request.app[STATE].settings.folders
    path = folders.inside(folders.by_name(folder), name)
    if not path.is_file():
        raise missing(f"file {name[:80]!r}")
    return path


@routes.post("/api/upload")
async def upload(request: web.Request) -> web.Response:
    return web.json_response({"folder": "input", "name": await take_upload(request, "file")}, status=201)


async def take_upload(request: web.Request, field: str) -> str:
    """Take the picture in a form's `field` into the input folder; what is none, or too large, is not kept."""
    sent = await form(request, field)
    return keep_picture(request, *sent[field])


async def form(request: web.Request, *fields: str) -> dict[str, tuple[str, bytes]]:
    """Return file name and content of the fields of a form; all of them have to be there."""
    remedy = f"Send multipart/form-data with the field{'s' * (len(fields) > 1)} {' and '.join(fields)}."
    if not request.content_type.startswith("multipart/"):
        raise Refused(400, "not_multipart", "The upload is not a form.", remedy)
    found: dict[str, tuple[str, bytes]] = {}
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if isinstance(part, BodyPartReader) and part.name in fields:
                found[part.name] = part.filename or "picture", await limited(part)
    except (ValueError, HttpProcessingError):  # no boundary, a broken head, an encoding that is none
        raise Refused(400, "bad_form", "The form is broken and cannot be read.", remedy) from None
    if missed := [field for field in fields if field not in found]:
        raise Refused(400, "no_file", f"The form has no field '{missed[0]}'.", remedy)
    return found


def keep_picture(request: web.Request, filename: str, data: bytes) -> str:
    """Put an uploaded picture into the input folder and return its name there."""
    suffix = next((suffix for suffix, begins in SIGNATURES.items() if begins.match(data)), None)
    if suffix is None:
        raise Refused(415, "not_a_picture", "This file is not a picture, video or sound.", KNOWN)
    path = Path(filename.replace("\\", "/"))
    stem = re.sub(r"[^\w\-. ]", "_", path.stem).strip(". ")[:100]
    return keep(request.app[STATE].settings.folders.input, stem or "picture", suffix, data)


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
    for copy in range(1, 10_000):
        path = folder / f"{stem}{'' if copy == 1 else f'_{copy}'}{suffix}"
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

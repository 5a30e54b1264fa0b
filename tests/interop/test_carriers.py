"""Workflows inside pictures, and files that are damaged."""

from __future__ import annotations

import io
import json
import random
import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from app.graph.catalog import Catalog
from app.graph.workflow import MalformedWorkflow, read
from app.interop.carriers import carried_by, exif_texts
from app.interop.documents import opened, to_api, to_ui
from app.interop.documents import read as read_any
from tests.interop.drawings import Json, prompt, text_to_image

PICTURE = Image.new("RGB", (8, 8), "red")
ODD = text_to_image() | {"extra": {"words": "Grüße, 世界 🌈"}}


def png(fill: Callable[[PngInfo], None]) -> bytes:
    info, data = PngInfo(), io.BytesIO()
    fill(info)
    PICTURE.save(data, "png", pnginfo=info)
    return data.getvalue()


def webp(**texts: Json) -> bytes:
    """A WebP as ComfyUI writes it: EXIF tags 0x010f downwards, each `name:json`."""
    exif, data = Image.Exif(), io.BytesIO()
    for tag, (name, document) in zip((0x0110, 0x010F), texts.items(), strict=False):
        exif[tag] = f"{name}:{json.dumps(document)}"
    PICTURE.save(data, "webp", exif=exif.tobytes())
    return data.getvalue()


def as_comfyui(info: PngInfo) -> None:
    info.add_text("prompt", json.dumps(prompt()))
    info.add_text("workflow", json.dumps(ODD))


CARRIERS = {
    "tEXt": png(as_comfyui),
    "zTXt": png(lambda info: info.add_text("workflow", json.dumps(ODD), zip=True)),
    "iTXt": png(lambda info: info.add_itxt("workflow", json.dumps(ODD, ensure_ascii=False))),
    "zipped iTXt": png(lambda info: info.add_itxt("Workflow", json.dumps(ODD, ensure_ascii=False), zip=True)),
    "webp": webp(prompt=prompt(), workflow=ODD),
    "json": json.dumps(ODD).encode(),
    "json with a mark": json.dumps(ODD).encode("utf-8-sig"),
}


@pytest.mark.parametrize("data", CARRIERS.values(), ids=CARRIERS.keys())
def test_the_drawing_is_found_and_comes_back(data: bytes) -> None:
    workflow = read(json.loads(json.dumps(read_any(data).to_json())))
    assert to_ui(workflow, Catalog()).document == ODD


@pytest.mark.parametrize(
    "data", [webp(prompt=prompt()), png(lambda info: info.add_text("prompt", json.dumps(prompt())))]
)
def test_the_prompt_serves_where_there_is_no_drawing(data: bytes) -> None:
    workflow = read_any(data)
    source = opened(workflow)
    assert source is not None and source.format == "comfy-api"
    assert to_api(workflow, Catalog()).document == prompt()


def test_our_own_picture_is_ours() -> None:
    ours = {"format": "patchloom/1", "root": "main", "graphs": {"main": {"nodes": {"a": {"type": "euler"}}}}}

    def both(info: PngInfo) -> None:
        as_comfyui(info)
        info.add_text("patchloom", json.dumps(ours))

    assert read_any(png(both)).graph.nodes["a"].type == "euler"


@pytest.mark.parametrize("data", [png(lambda info: None), webp(), b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP"])
def test_a_picture_without_a_workflow(data: bytes) -> None:
    with pytest.raises(MalformedWorkflow, match="This picture carries no workflow"):
        read_any(data)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def test_a_text_that_grows_without_end_is_refused() -> None:
    bomb = zlib.compress(b" " * 2**27)
    with pytest.raises(MalformedWorkflow, match="larger than 64 MB"):
        carried_by(b"\x89PNG\r\n\x1a\n" + chunk(b"zTXt", b"workflow\0\0" + bomb))
    with pytest.raises(MalformedWorkflow, match="cannot be decompressed"):
        carried_by(b"\x89PNG\r\n\x1a\n" + chunk(b"zTXt", b"workflow\0\0" + b"nonsense"))


def test_exif_of_big_endian_order_and_of_none() -> None:
    text = b'workflow:{"nodes":[]}\0'
    tiff = b"MM\0*" + struct.pack(">IHHHII", 8, 1, 0x010F, 2, len(text), 22) + text
    assert list(exif_texts(tiff)) == [text[:-1]]
    assert (
        list(exif_texts(b""))
        == list(exif_texts(b"XX" + bytes(20)))
        == list(exif_texts(b"II*\0\xff\xff\xff\xff"))
        == []
    )


@pytest.mark.parametrize("name", CARRIERS)
def test_damage_gives_a_sentence_and_never_a_trace(name: str) -> None:
    data, random_ = CARRIERS[name], random.Random(name)
    for _ in range(120):
        broken = bytearray(data[: random_.randrange(len(data))] if random_.random() < 0.3 else data)
        for _ in range(random_.randrange(1, 12)):
            if broken:
                broken[random_.randrange(len(broken))] = random_.randrange(256)
        try:
            workflow = read_any(bytes(broken))
        except MalformedWorkflow:
            continue
        to_ui(workflow, Catalog()), to_api(workflow, Catalog())

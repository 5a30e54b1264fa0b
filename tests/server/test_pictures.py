"""Pictures on their way to a browser: thumbnails, previews, channels, and masks painted over an upload."""

import json
import uuid
from io import BytesIO
from typing import Any

from PIL import Image

from app.template_pictures import CAMERA
from tests.server.conftest import ROOT, Server


def png(size: tuple[int, int] = (300, 200), color: tuple[int, ...] = (250, 10, 10)) -> bytes:
    data = BytesIO()
    Image.new("RGBA" if len(color) == 4 else "RGB", size, color).save(data, "PNG")
    return data.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


def send(server: Server, path: str, **fields: bytes) -> tuple[int, Any]:
    mark = uuid.uuid4().hex
    body = b"".join(
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"; filename="red.png"\r\n\r\n'.encode()
        + data
        + b"\r\n"
        for name, data in fields.items()
    )
    headers = {"Content-Type": f"multipart/form-data; boundary={mark}"}
    return server.ask("POST", path, body + f"--{mark}--\r\n".encode(), headers)


def test_a_thumbnail_is_small_and_made_once(shared: Server) -> None:
    assert send(shared, "/api/upload", file=png())[1]["name"] == "red.png"
    status, data = shared.ask("GET", "/api/thumbnails/input/red.png?size=64")
    assert status == 200 and opened(data).format == "WEBP" and opened(data).size == (64, 43)
    kept = list((shared.base / "user" / "thumbnails").iterdir())
    assert shared.ask("GET", "/api/thumbnails/input/red.png?size=64")[1] == data
    assert list((shared.base / "user" / "thumbnails").iterdir()) == kept and len(kept) == 1
    assert opened(shared.ask("GET", "/api/thumbnails/input/red.png?size=1")[1]).size == (32, 21)


def test_what_is_no_picture_has_no_thumbnail(shared: Server) -> None:
    (shared.base / "input" / "words.png").write_bytes(b"no picture")
    status, answer = shared.ask("GET", "/api/thumbnails/input/words.png")
    assert status == 415 and "words.png" in answer["error"]["message"]
    assert shared.ask("GET", "/api/thumbnails/input/none.png")[0] == 404
    assert shared.ask("GET", "/api/thumbnails/input/..%2F..%2Fpyproject.toml")[0] == 400


def test_comfyuis_view_gives_previews_and_channels(shared: Server) -> None:
    send(shared, "/api/upload", file=png())
    view = "/view?filename=red.png&type=input"
    assert opened(shared.ask("GET", view + "&preview=webp;90")[1]).format == "WEBP"
    assert opened(shared.ask("GET", view + "&preview=jpeg")[1]).format == "JPEG"
    assert opened(shared.ask("GET", view + "&channel=rgb")[1]).mode == "RGB"
    assert opened(shared.ask("GET", view + "&channel=a")[1]).getpixel((0, 0)) == (0, 0, 0, 255)


def test_a_mask_is_laid_over_the_picture_it_was_painted_on(shared: Server) -> None:
    send(shared, "/api/upload", file=png())
    original = json.dumps({"filename": "red.png", "subfolder": "", "type": "input"}).encode()
    mask = png((300, 200), (0, 0, 0, 40))
    status, answer = send(shared, "/upload/mask", image=mask, original_ref=original)
    assert status == 200 and answer["name"] != "red.png"
    masked = opened((shared.base / "input" / answer["name"]).read_bytes())
    assert masked.getpixel((0, 0)) == (250, 10, 10, 40)
    assert send(shared, "/upload/mask", image=mask, original_ref=b"{}")[1]["error"]["code"] == "no_original"
    assert send(shared, "/upload/mask", image=mask)[0] == 400


def test_templates_tell_what_they_are_about(shared: Server) -> None:
    listed = {entry["name"]: entry for entry in shared.get("/api/templates")["templates"]}
    assert set(listed) == {path.stem for path in (ROOT / "workflows").glob("*.json")}
    assert listed["first_picture"]["tags"] == ["Start"] and listed["first_picture"]["picture"]
    assert not listed[CAMERA]["picture"]
    assert all(entry["tags"] and entry["description"] for entry in listed.values())


def test_a_template_has_a_picture_where_there_is_one(shared: Server) -> None:
    assert shared.get("/api/templates/first_picture/picture")[8:12] == b"WEBP"
    for name in (CAMERA, "none"):
        code, body = shared.ask("GET", f"/api/templates/{name}/picture")
        assert code == 404 and name in body["error"]["message"]

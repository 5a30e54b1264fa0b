"""What a model file hashes to, and where models can be had."""

import hashlib
from collections.abc import Iterator

import pytest

from tests.server.conftest import ROOT, Server


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    base = tmp_path_factory.mktemp("stocked")
    (base / "models" / "vae").mkdir(parents=True)
    (base / "models" / "vae" / "some.safetensors").write_bytes(b"weights")
    (base / "models" / "catalog.toml").symlink_to(ROOT / "models" / "catalog.toml")
    running = Server(base).start().ready()
    yield running
    running.stop()


def test_a_file_is_hashed_when_asked(stocked: Server) -> None:
    wanted = hashlib.sha256(b"weights").hexdigest()
    assert stocked.get("/api/hashes/vae/some.safetensors") == {"sha256": wanted}


@pytest.mark.parametrize("name", ["vae/other.safetensors", "vae/..%2F..%2F..%2Fetc%2Fpasswd", "nowhere/x"])
def test_nothing_but_model_files_is_hashed(stocked: Server, name: str) -> None:
    status, answer = stocked.ask("GET", f"/api/hashes/{name}")
    assert status == 400 and answer["error"]["remedy"]


def test_a_folder_has_no_hash(stocked: Server) -> None:
    status, answer = stocked.ask("GET", "/api/hashes/models/vae")
    assert status == 400 and answer["error"]["code"] == "a_folder"


def test_offers_say_where_each_file_goes_and_comes_from(stocked: Server) -> None:
    offers = {offer["name"]: offer for offer in stocked.get("/api/offers")["offers"]}
    file = offers["flux-schnell"]["files"][0]
    assert file["to"] == "checkpoints/flux1-schnell-fp8.safetensors"
    assert (
        file["page"] == "https://huggingface.co/Comfy-Org/flux1-schnell" and offers["flux-schnell"]["licence"]
    )

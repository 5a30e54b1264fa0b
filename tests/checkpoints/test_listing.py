"""What `patchloom models` and the canvas say of files, before anything is loaded."""

import json
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from app.checkpoints import command
from app.checkpoints.download import DownloadFailed, Offer, Source, digest, get, read_catalog
from app.checkpoints.listing import ModelCard, cards
from tests.checkpoints.test_layouts import in_layout
from tests.engine.weights.test_single_files import all_in_one, encoder, file, vae
from tests.tiny.gguf_files import write_gguf
from tests.tiny.layouts import transformer

ROOT = Path(__file__).parents[2]


@pytest.fixture
def models(tmp_path: Path) -> Path:
    for kind in ("diffusion_models", "text_encoders", "vae", "loras", "checkpoints"):
        (tmp_path / kind).mkdir()
    file(tmp_path / "diffusion_models", "a flux", in_layout(transformer("flux"), "flux", "original"))
    edited = in_layout(transformer("flux", in_channels=192, out_channels=64), "flux", "original")
    file(tmp_path / "diffusion_models", "edited", edited)
    write_gguf(
        tmp_path / "diffusion_models" / "small.gguf", in_layout(transformer("wan"), "wan", "original"), "Q8_0"
    )
    encoder(tmp_path / "text_encoders", "t5-xxl")
    vae(tmp_path / "vae")
    all_in_one(tmp_path / "checkpoints")
    save_file({"lora_unet_x.lora_up.weight": torch.zeros(2, 2)}, tmp_path / "loras" / "style.safetensors")
    (tmp_path / "loras" / "old.ckpt").write_bytes(b"PK\x03\x04")
    return tmp_path


def listed(models: Path) -> dict[str, ModelCard]:
    kinds = ("models", "diffusion_models", "text_encoders", "vae", "loras", "checkpoints")
    folders = {kind: (models if kind == "models" else models / kind,) for kind in kinds}
    return {f"{entry.folder}/{entry.name}": entry for entry in cards(folders)}


def test_every_file_is_described_once(models: Path) -> None:
    found = listed(models)
    flux = found["diffusion_models/a flux.safetensors"]
    assert (flux.kind, flux.families, flux.variant) == ("transformer", ("flux",), "schnell")
    assert (flux.layout, flux.precision, flux.problem) == ("original", "F32", "")
    assert flux.size > flux.parameters * 4 > 1e5
    assert found["diffusion_models/small.gguf"].precision in ("Q8_0", "F32")
    assert found["text_encoders/t5-xxl.safetensors"].kind == "text_encoder"
    assert found["vae/vae.safetensors"].variant == "16 channels"
    whole = found["checkpoints/whole.safetensors"]
    assert (whole.kind, set(whole.families)) == ("checkpoint", {"flux", "kl", "clip-l", "t5-xxl"})
    assert found["loras/style.safetensors"].kind == "lora"
    assert not [place for place in found if place.startswith("models/")], (
        "each file has a folder of its own kind"
    )


def test_what_cannot_be_used_says_why(models: Path) -> None:
    found = listed(models)
    assert "is a pickle file" in found["loras/old.ckpt"].problem
    assert "channels beside the latent" in found["diffusion_models/edited.safetensors"].problem


def test_a_lora_says_what_it_may_be_for_and_where_it_belongs(models: Path) -> None:
    sides = {"lora_A": torch.zeros(2, 4), "lora_B": torch.zeros(4, 2)}
    for stem, families in (
        ("transformer.blocks.0.attn1.to_q", {"wan", "wan-ti2v"}),
        ("diffusion_model.joint_blocks.0.x_block.attn.qkv", {"sd3"}),
        ("transformer.single_transformer_blocks.0.proj_mlp", {"flux", "chroma", "hunyuan-video"}),
    ):
        weights = {f"{stem}.{side}.weight": tensor for side, tensor in sides.items()}
        file(models / "diffusion_models", "lost", weights)
        found = listed(models)["diffusion_models/lost.safetensors"]
        assert found.kind == "lora" and families <= set(found.families)
        assert "qwen-image" not in found.families and "move it to loras" in found.problem
        assert listed(models)["loras/style.safetensors"].problem == ""


def test_a_changed_file_is_read_again(models: Path) -> None:
    assert listed(models)["loras/style.safetensors"].kind == "lora"
    save_file({"some.weight": torch.zeros(3, 3)}, models / "loras" / "style.safetensors")
    assert "does not know" in listed(models)["loras/style.safetensors"].problem


def test_the_embedded_model_is_a_folder() -> None:
    found = {entry.name: entry for entry in cards({"models": (ROOT / "models",)})}["mini"]
    assert (found.kind, found.families, found.layout) == ("model", ("flux-mini",), "diffusers")
    assert found.parameters > 1e6 and not found.problem


def options(*words: str) -> Namespace:
    parser = ArgumentParser()
    command.describe(parser)
    return parser.parse_args(words)


def test_the_command_lists_files(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = {"diffusion_models": (models / "diffusion_models",)}
    assert command.run(options(), folders, models)
    shown = capsys.readouterr().out
    assert "diffusion_models/a flux.safetensors\n    transformer, flux (schnell), original, F32, " in shown
    assert "    ! It needs channels beside the latent" in shown
    assert command.run(options("list", "--json"), folders, models)
    assert {entry["name"] for entry in json.loads(capsys.readouterr().out)} >= {
        "a flux.safetensors",
        "small.gguf",
    }


def test_listing_imports_no_torch() -> None:
    code = (
        "import sys, app.checkpoints.command; print('torch' in sys.modules, 'huggingface_hub' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_the_catalogue_is_whole() -> None:
    offers = read_catalog(ROOT / "models" / "catalog.toml")
    for offer in offers.values():
        assert offer.about and offer.licence and offer.files
        for source in offer.files:
            assert source.repository.count("/") == 1
            assert source.to.split("/")[0] in (
                "checkpoints",
                "diffusion_models",
                "text_encoders",
                "vae",
                "loras",
            )
            assert source.sha256 == "" or len(source.sha256) == 64


class Shop:
    """Has one file to fetch, and counts how often it was asked."""

    def __init__(self, content: bytes) -> None:
        self.content, self.asked = content, 0

    def __call__(self, repository: str, name: str, folder: Path) -> Path:
        self.asked += 1
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "file").write_bytes(self.content)
        return folder / "file"


def offer(to: str = "vae/some.safetensors", sha256: str = "") -> Offer:
    return Offer("some", "a model", "MIT", (Source("a/b", "some.safetensors", to, sha256),))


def test_a_download_is_checked_and_not_repeated(tmp_path: Path) -> None:
    shop, said = Shop(b"weights"), list[str]()
    (tmp_path / "right").write_bytes(b"weights")
    right = digest(tmp_path / "right")
    get(offer(sha256=right), tmp_path, said.append, shop)
    assert (tmp_path / "vae" / "some.safetensors").read_bytes() == b"weights" and said[-1].endswith(
        "verified"
    )
    get(offer(sha256=right), tmp_path, said.append, shop)
    assert shop.asked == 1 and "is there already" in said[-1]


def test_a_wrong_download_is_not_kept_as_a_model(tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match="the catalogue says 0000"):
        get(offer(sha256="0" * 64), tmp_path, print, Shop(b"other"))
    assert not (tmp_path / "vae" / "some.safetensors").exists()


def test_an_unchecked_file_is_called_unverified(tmp_path: Path) -> None:
    said: list[str] = []
    get(offer(), tmp_path, said.append, Shop(b"weights"))
    assert "unverified, SHA-256 " in said[-1]


def test_a_catalogue_cannot_write_elsewhere(tmp_path: Path) -> None:
    shop = Shop(b"weights")
    with pytest.raises(DownloadFailed, match="leads out of"):
        get(offer(to="../outside.safetensors"), tmp_path, print, shop)
    assert shop.asked == 0


def test_only_what_is_named_is_fetched(capsys: pytest.CaptureFixture[str]) -> None:
    shop, models = Shop(b""), ROOT / "models"
    assert not command.run(options("get"), {}, models, shop)
    assert not command.run(options("get", "nothing"), {}, models, shop)
    assert command.run(options("offers"), {}, models, shop)
    assert shop.asked == 0 and "flux-schnell" in capsys.readouterr().out


def test_what_ships_with_patchloom_is_known() -> None:
    shipped = cards({"models": (ROOT / "models",)})
    assert {"model", "judge", "controlnet"} <= {entry.kind for entry in shipped}
    assert not any(entry.problem for entry in shipped)

from pathlib import Path

import pytest

from app.config import Settings
from app.model_paths import BadModelPaths, read_model_paths


def write(folder: Path, text: str) -> Path:
    file = folder / "extra_model_paths.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_paths_are_relative_to_base_path_or_to_the_file(tmp_path: Path) -> None:
    for name in ("comfy/models/checkpoints", "comfy/models/unet", "loras", "more"):
        (tmp_path / name).mkdir(parents=True)
    file = write(
        tmp_path,
        "comfyui:\n  base_path: comfy\n  checkpoints: models/checkpoints/\n  unet: models/unet\n"
        "  vae: models/vae\n  custom_nodes: custom_nodes\nother:\n  loras: |\n    loras\n    more\n",
    )
    assert read_model_paths(file) == {
        "checkpoints": (tmp_path / "comfy/models/checkpoints",),
        "diffusion_models": (tmp_path / "comfy/models/unet",),
        "loras": (tmp_path / "loras", tmp_path / "more"),
    }


def test_models_of_all_folders_are_offered(tmp_path: Path) -> None:
    (tmp_path / "base/models/loras").mkdir(parents=True)
    (tmp_path / "loras").mkdir()
    (tmp_path / "base/models/loras/ours.safetensors").touch()
    (tmp_path / "loras/theirs.safetensors").touch()
    settings = Settings(
        tmp_path / "base", extra_models=read_model_paths(write(tmp_path, "a:\n  loras: loras\n"))
    )
    folders = settings.folders
    assert folders.choices("models", "loras") == ["ours.safetensors", "theirs.safetensors"]
    assert folders.model("loras", "theirs.safetensors") == tmp_path / "loras/theirs.safetensors"


@pytest.mark.parametrize("text", ["- a\n- b\n", "a: b\n", "{", "\x00"])
def test_a_file_that_is_none_says_so(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadModelPaths, match=r"extra_model_paths\.yaml: "):
        read_model_paths(write(tmp_path, text))


def test_an_absent_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadModelPaths, match="cannot be read"):
        read_model_paths(tmp_path / "none.yaml")

"""The modules that packs import: each does what its name promises, in the configured folders only."""

import importlib
import sys
from collections.abc import Iterator
from operator import ne
from pathlib import Path
from types import ModuleType
from typing import Any

import PIL.Image
import pytest
import torch
from safetensors.torch import save_file

from app.graph.problem import Refusal
from tests.interop.trusted import open_shop


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("base")
    (folder / "models" / "loras" / "deep").mkdir(parents=True)
    save_file({"weight": torch.ones(2)}, folder / "models" / "loras" / "deep" / "a.safetensors")
    with open_shop(folder, ("tests.plain.nodes",)):
        yield folder


@pytest.fixture
def paths(base: Path) -> ModuleType:
    return sys.modules["folder_paths"]


def module(name: str) -> Any:
    return importlib.import_module(name)


def test_folders_and_models(base: Path, paths: Any) -> None:
    assert paths.get_output_directory() == str(base / "output")
    assert paths.get_directory_by_type("temp") == str(base / "user" / "temp")
    assert (
        paths.get_filename_list("loras") == ["deep/a.safetensors"] and paths.get_filename_list("none") == []
    )
    assert paths.get_full_path("loras", "deep/a.safetensors") == str(base / "models/loras/deep/a.safetensors")
    assert paths.get_full_path("loras", "b.safetensors") is None
    with pytest.raises(FileNotFoundError, match=r"no model 'b.safetensors' in 'loras'"):
        paths.get_full_path_or_raise("loras", "b.safetensors")
    paths.add_model_folder_path("mine", str(base / "models" / "loras"))
    assert paths.get_filename_list("mine") == ["deep/a.safetensors"]
    assert paths.filter_files_content_types(["a.png", "b.mp4", "c.txt"], ["image"]) == ["a.png"]


def test_names_stay_in_their_folder(base: Path, paths: Any) -> None:
    assert paths.get_annotated_filepath("a.png") == str(base / "input" / "a.png")
    assert paths.get_annotated_filepath("a.png [output]") == str(base / "output" / "a.png")
    assert not paths.exists_annotated_filepath("a.png")
    for name in ("../../secret", "/etc/passwd"):
        with pytest.raises(Refusal):
            paths.get_annotated_filepath(name)
        with pytest.raises(Refusal):
            paths.get_save_image_path(name, paths.get_output_directory())


def test_saved_pictures_get_the_next_free_number(base: Path, paths: Any) -> None:
    folder, name, number, subfolder, prefix = paths.get_save_image_path("x/%width%", str(base / "output"), 64)
    assert (Path(folder), name, number, subfolder) == (base / "output" / "x", "64", 1, "x")
    assert prefix == "x/64"
    (Path(folder) / "64_00007_.png").touch()
    assert paths.get_save_image_path("x/%width%", str(base / "output"), 64)[2] == 8


def test_saving_cuts_off_and_loading_finds_it_again(base: Path, paths: Any) -> None:
    nodes = module("nodes")
    prompt = {"1": {"class_type": "SaveImage"}}
    shown = nodes.SaveImage().save_images(torch.full((1, 2, 3, 3), 0.25), "grey", prompt, {"workflow": {}})
    (entry,) = shown["ui"]["images"]
    with PIL.Image.open(base / "output" / entry["filename"]) as picture:
        assert picture.getpixel((0, 0)) == (63, 63, 63)
        assert (
            picture.info["prompt"] == '{"1": {"class_type": "SaveImage"}}'
            and picture.info["workflow"] == "{}"
        )
    image, mask = nodes.LoadImage().load_image(f"{entry['filename']} [output]")
    assert image.shape == (1, 2, 3, 3) and mask.shape == (1, 2, 3) and not mask.any()
    assert issubclass(nodes.PreviewImage, nodes.SaveImage) and nodes.NODE_CLASS_MAPPINGS["VAEDecode"]


def test_our_own_nodes_stay_importable_beside_the_module_of_that_name(base: Path) -> None:
    assert module("nodes.logic.integer").integer(7) == 7
    assert module("nodes").MAX_RESOLUTION == 16384


@pytest.mark.parametrize("method", ["nearest-exact", "bilinear", "area", "bicubic", "bislerp", "lanczos"])
def test_resizing(base: Path, method: str) -> None:
    utils = module("comfy.utils")
    wide = torch.zeros(2, 3, 4, 8)
    wide[..., :2] = 1
    resized = utils.common_upscale(wide, 4, 4, method, "center")
    assert resized.shape == (2, 3, 4, 4) and resized.abs().max() < 1e-5, "the sides are cut off"
    assert utils.common_upscale(wide, 3, 5, method, "disabled").shape == (2, 3, 5, 3)


def test_tensors_and_files(base: Path) -> None:
    utils = module("comfy.utils")
    assert utils.repeat_to_batch_size(torch.arange(3), 5).tolist() == [0, 1, 2, 0, 1]
    assert utils.repeat_to_batch_size(torch.arange(3), 2).tolist() == [0, 1]
    weights = utils.load_torch_file(str(base / "models" / "loras" / "deep" / "a.safetensors"))
    assert weights["weight"].tolist() == [1, 1]
    with pytest.raises(Refusal, match="may run code"):
        utils.load_torch_file("a.ckpt")


def test_devices_words_and_a_server_that_leads_nowhere(base: Path) -> None:
    devices = module("comfy.model_management")
    assert devices.get_torch_device().type in ("cpu", "cuda") and devices.intermediate_device().type == "cpu"
    assert 0 < devices.get_free_memory() <= devices.get_total_memory()
    assert not devices.processing_interrupted()
    devices.throw_exception_if_processing_interrupted()
    devices.soft_empty_cache()
    assert "euler" in module("comfy.samplers").KSampler.SAMPLERS
    assert module("comfy.cli_args").args.whatever is None
    server = module("server").PromptServer.instance
    handler = server.routes.get("/my/route")(print)
    server.send_sync("event", {})
    assert handler is print


def test_types_compare_as_they_do_in_comfyui(base: Path) -> None:
    kinds = module("comfy.comfy_types").IO
    pairs = [(kinds.ANY, "IMAGE"), (kinds.NUMBER, "INT"), (kinds.IMAGE, "MASK"), (kinds.IMAGE, 5)]
    assert [ne(one, other) for one, other in pairs] == [False, False, True, True]
    assert kinds.IMAGE == "IMAGE" and {kinds.IMAGE: 1}["IMAGE"] == 1


def test_inner_modules_can_be_imported_and_say_what_is_missing_when_used(base: Path) -> None:
    sd, patcher = module("comfy.sd"), module("comfy.model_patcher")
    assert not isinstance(3, patcher.ModelPatcher)

    class Derived(sd.VAE):  # type: ignore[misc]
        pass

    assert Derived.__bases__ == (object,)
    with pytest.raises(
        NotImplementedError, match=r"needs ComfyUI's comfy.sd.load_checkpoint, which Patchloom"
    ):
        sd.load_checkpoint("a.safetensors")
    with pytest.raises(NotImplementedError, match=r"comfy.supported_models.models"):
        list(module("comfy.supported_models").models)
    with pytest.raises(ModuleNotFoundError):
        module("comfortable")

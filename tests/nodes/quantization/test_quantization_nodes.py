"""Quantize model and Save model: what they say of themselves, and where files go."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from app.checkpoints.fitting import fit
from app.engine.model import Model
from app.engine.weights.loading import load_folder
from app.engine.weights.model_files import stored
from app.engine.weights.packed_linear import PackedLinear
from app.engine.weights.quantising import quantized
from app.engine.weights.single_files import open_transformer
from app.execution.files import Folders
from app.graph.problem import Refusal
from nodes.loaders.load_model import LoadedModel
from nodes.quantization.quantize_model import quantize_model
from nodes.quantization.save_model import save_model
from tests.tiny.recorder import ROOT, Recorder


def packed(model: Model) -> list[PackedLinear]:
    return [part for part in model.module.modules() if isinstance(part, PackedLinear)]


def test_it_says_which_kernel_runs_what_is_saved_and_why_it_is_not_faster(mini: LoadedModel) -> None:
    watcher = Recorder()
    quantize_model(watcher, mini.model, "nf4")  # type: ignore[arg-type]
    quantize_model(watcher, mini.model, "int8_dynamic", "norm, proj_mlp")  # type: ignore[arg-type]
    small, dynamic = watcher.reports
    assert small["summary"] == "NF4: 1.8 MB, 7.4 MB saved" and small["packed_layers"] == 52
    assert small["kernel"] == "decodes the weight, then multiplies"
    assert str(small["note"]).startswith("Saves memory, not time")
    assert dynamic["stored"] == "W8A8" and "torch._int_mm" in str(dynamic["kernel"])
    assert dynamic["packed_layers"] == 40
    assert not packed(mini.model), "the model that came in is untouched"


def test_a_saved_model_opens_as_what_it_was(mini: LoadedModel, tmp_path: Path) -> None:
    watcher = Recorder(inputs=tmp_path)
    small = quantize_model(watcher, mini.model, "int4")  # type: ignore[arg-type]
    assert save_model(watcher, small, "../My model: 4 bits") is small  # type: ignore[arg-type]
    said = watcher.reports[-1]
    assert said["file"] == "My model_ 4 bits.safetensors" and said["layers"] == "52 I4"
    again = open_transformer(tmp_path / str(said["file"]))
    assert (again.family.name, again.size) == ("flux-mini", mini.model.size)
    assert fit("diffusion_models", str(said["file"]), tmp_path / str(said["file"])) == {"flux-mini"}
    assert len(packed(again)) == 52


def test_a_new_model_never_takes_the_place_of_another(tmp_path: Path) -> None:
    folders = Folders(tmp_path, tmp_path, tmp_path, {"diffusion_models": (tmp_path / "new",)})
    for name in ("a.safetensors", "a_2.safetensors", "a_3.safetensors"):
        path = folders.new_model("diffusion_models", "a.safetensors")
        assert path == tmp_path / "new" / name
        path.touch()
    with pytest.raises(Refusal, match="below its folder"):
        folders.new_model("diffusion_models", "../out.safetensors")
    with pytest.raises(Refusal, match="There is no model folder 'elsewhere'"):
        folders.new_model("elsewhere", "a.safetensors")


def test_a_folder_in_diffusers_layout_may_be_quantised(mini: LoadedModel, tmp_path: Path) -> None:
    source, folder = ROOT / "models" / "mini", tmp_path / "transformer"
    for part in source.iterdir():
        if part.name != "transformer":
            (tmp_path / part.name).symlink_to(part)
    folder.mkdir()
    config = json.loads((source / "transformer" / "config.json").read_text(encoding="utf-8"))
    config["quantization_config"] = {"quant_method": "bitsandbytes", "load_in_4bit": True}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    small = quantized(mini.model, "nf4")
    save_file(stored(small.module), folder / "diffusion_pytorch_model.safetensors")
    loaded = load_folder(tmp_path)
    ours, theirs = small.module.state_dict(), loaded.model.module.state_dict()
    assert len(packed(loaded.model)) == 52 and all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert loaded.model.size == mini.model.size

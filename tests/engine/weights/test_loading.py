"""Model folders: the embedded one opens, and spoilt copies of it are refused with a reason."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from app.engine.weights.loading import load_folder
from app.graph.problem import Refusal

MINI = Path(__file__).parents[3] / "models" / "mini"
WEIGHTS = "transformer/diffusion_pytorch_model.safetensors"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(MINI, tmp_path / "mini", ignore=shutil.ignore_patterns("training")))


def edit_index(folder: Path, **changes: Any) -> None:
    path = folder / "model_index.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def edit_weights(folder: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    tensors = load_file(folder / WEIGHTS)
    change(tensors)
    save_file(tensors, folder / WEIGHTS)


def test_the_embedded_model_opens() -> None:
    model, text_encoder, vae = load_folder(MINI)
    stated = json.loads((MINI / "model_index.json").read_text())["_patchloom_size"]
    assert list(model.native_size) == stated
    assert model.family.name == text_encoder.family.name == vae.family.name == "flux-mini"
    assert not any(parameter.requires_grad for parameter in model.module.parameters())
    assert model.nbytes == sum(parameter.nbytes for parameter in model.module.parameters()) > 1e6
    assert text_encoder.nbytes > 0 and vae.nbytes > 0


def test_a_missing_tensor_is_named(copy: Path) -> None:
    edit_weights(copy, lambda tensors: tensors.pop("proj_out.bias"))
    with pytest.raises(Refusal, match=r"transformer lacks 1 of the tensors: proj_out\.bias"):
        load_folder(copy)


def test_a_foreign_tensor_is_named(copy: Path) -> None:
    edit_weights(copy, lambda tensors: tensors.update({f"extra{i}": torch.zeros(1) for i in range(7)}))
    with pytest.raises(Refusal, match=r"does not know 7 of the tensors: extra0, .*extra4, \.\.\."):
        load_folder(copy)


def test_a_tensor_of_another_shape_is_refused(copy: Path) -> None:
    edit_weights(copy, lambda tensors: tensors.update({"proj_out.bias": torch.zeros(3)}))
    with pytest.raises(Refusal, match="transformer cannot be loaded"):
        load_folder(copy)


def test_a_cut_off_part_is_refused(copy: Path) -> None:
    path = copy / WEIGHTS
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(Refusal, match="is cut off"):
        load_folder(copy)


def test_a_header_that_lies_about_its_tensors_is_refused(copy: Path) -> None:
    text = json.dumps({"x": {"dtype": "F32", "shape": [5], "data_offsets": [0, 8]}}).encode()
    (copy / WEIGHTS).write_bytes(len(text).to_bytes(8, "little") + text + bytes(8))
    with pytest.raises(Refusal, match="transformer cannot be loaded"):
        load_folder(copy)


def test_what_is_no_model_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"has no model_index\.json"):
        load_folder(tmp_path)
    (tmp_path / "some.safetensors").write_bytes(b"")
    with pytest.raises(Refusal):
        load_folder(tmp_path / "some.safetensors")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"_patchloom_family": "nobodys"}, "holds a nobodys model"),
        ({"transformer": ["diffusers", "DiTTransformer2DModel"], "_patchloom_family": None}, "does not know"),
        ({"vae": ["subprocess", "Popen"]}, "names no usable vae"),
        ({"vae": ["diffusers", "DDIMScheduler"]}, "no such class"),
        ({"tokenizer": ["transformers", "pipeline"]}, "no such class"),
    ],
)
def test_an_index_that_asks_for_something_else(copy: Path, changes: dict[str, Any], message: str) -> None:
    edit_index(copy, **changes)
    with pytest.raises(Refusal, match=message):
        load_folder(copy)


def test_a_family_whose_text_encoders_are_unknown_says_so(copy: Path) -> None:
    from dataclasses import replace

    from app.engine.families.sd3 import SD3
    from app.engine.weights.loading import Folder

    with pytest.raises(Refusal, match="cannot read the text encoders of sd3 yet"):
        Folder(copy, {}).text_encoder(replace(SD3, prompting=None))

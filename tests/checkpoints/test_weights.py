"""Weight files made up to be wrong: each refusal names the file, says what is wrong, and what to do."""

import json
import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from app.checkpoints.weights import check_weights, read_header, read_json
from app.graph.problem import Refusal


def header(data: int, text: bytes | None = None) -> bytes:
    entry = {"x": {"dtype": "F32", "shape": [data // 4], "data_offsets": [0, data]}}
    text = text if text is not None else json.dumps(entry).encode()
    return struct.pack("<Q", len(text)) + text


BAD_FILES = {
    "empty": (b"", "truncated", "is empty"),
    "web page": (b"\n <!DOCTYPE html><html>Log in", "not_safetensors", "web page"),
    "lfs pointer": (b"version https://git-lfs.github.com/spec/v1\n", "not_safetensors", "Git LFS pointer"),
    "zip pickle": (b"PK\x03\x04" + bytes(100), "pickle", "pickle file with another name"),
    "pickle": (b"\x80\x02}q\x00." + bytes(100), "pickle", "pickle file with another name"),
    "garbage": (bytes(range(255, 0, -1)), "not_safetensors", "header cannot be read"),
    "short garbage": (b"abc", "not_safetensors", "header cannot be read"),
    "header not JSON": (header(0, b"nonsense"), "not_safetensors", "header cannot be read"),
    "header not an object": (header(0, b"[1, 2]"), "not_safetensors", "header cannot be read"),
    "header of something else": (header(0, b'{"x": {"a": 1}}'), "not_safetensors", "header cannot be read"),
    "cut in the header": (header(400)[:30], "truncated", "header alone should take"),
    "cut in the data": (header(400) + bytes(100), "truncated", "the file has"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_refused(name: str, tmp_path: Path) -> None:
    content, code, message = BAD_FILES[name]
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(Refusal, match=message) as refusal:
        read_header(path)
    assert refusal.value.code == code and str(path) in refusal.value.message and refusal.value.remedy


def test_a_cut_file_says_both_sizes(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file({"x": torch.zeros(100)}, path)
    whole = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(Refusal, match=f"speaks of {whole} bytes, the file has {whole - 50}"):
        read_header(path)


def test_a_whole_file_lists_its_tensors(tmp_path: Path) -> None:
    save_file({"x": torch.zeros(2, 3)}, tmp_path / "model.safetensors", metadata={"format": "pt"})
    assert read_header(tmp_path / "model.safetensors")["x"]["shape"] == [2, 3]
    assert check_weights(tmp_path) == (tmp_path / "model.safetensors",)


@pytest.mark.parametrize("name", ["model.ckpt", "model.pt", "pytorch_model.bin"])
def test_pickle_is_refused_by_name(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"anything")
    with pytest.raises(Refusal, match="is a pickle file"):
        read_header(tmp_path / name)
    with pytest.raises(Refusal, match=f"only pickle files: {name}"):
        check_weights(tmp_path)


def test_parts_that_an_index_names_must_all_be_there(tmp_path: Path) -> None:
    index = {"weight_map": {"x": "a.safetensors", "y": "b.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    save_file({"x": torch.zeros(1)}, tmp_path / "a.safetensors")
    with pytest.raises(Refusal, match=r"b\.safetensors is missing"):
        check_weights(tmp_path)
    save_file({"y": torch.zeros(1)}, tmp_path / "b.safetensors")
    assert [path.name for path in check_weights(tmp_path)] == ["a.safetensors", "b.safetensors"]


def test_folders_without_one_clear_file(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="holds no safetensors file"):
        check_weights(tmp_path)
    with pytest.raises(Refusal, match="is missing, so the model is not whole"):
        check_weights(tmp_path / "nowhere")
    for name in ("a.safetensors", "b.safetensors"):
        save_file({"x": torch.zeros(1)}, tmp_path / name)
    with pytest.raises(Refusal, match=r"several weight files: a\.safetensors, b\.safetensors"):
        check_weights(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"), [(None, "is missing"), (b"{", "cannot be read"), (b"[]", "no JSON object")]
)
def test_settings_that_cannot_be_read(content: bytes | None, message: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(Refusal, match=message):
        read_json(tmp_path / "config.json")

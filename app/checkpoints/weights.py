"""Looks at weight files before anything reads them: only whole safetensors files get through."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path
from typing import Any

from app.graph.problem import Refusal

PICKLE_SUFFIXES = {".bin", ".ckpt", ".pkl", ".pt", ".pth"}
PICKLE_STARTS = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
SHARD = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})(?P<suffix>\.\w+)")
LARGEST_HEADER = 100_000_000  # bytes; the limit of the safetensors library
FETCH_AGAIN = "Fetch the file again from where it came from."
ONLY_SAFETENSORS = (
    "Get the safetensors version; pickle files can run code when they are opened, so none is read."
)


def check_weights(folder: Path) -> tuple[Path, ...]:
    """Return the weight files of one model part, after a look at each; refuses what is damaged or unsafe."""
    files = weight_files(folder)
    for file in files:
        read_header(file)
    return files


def weight_files(folder: Path) -> tuple[Path, ...]:
    """Return the safetensors files in a folder: all parts that an index names, or the one there is."""
    if not folder.is_dir():
        raise Refusal(f"{folder} is missing, so the model is not whole.", FETCH_AGAIN, code="no_weights")
    found = sorted(folder.glob("*.safetensors"))
    indices = sorted(folder.glob("*.safetensors.index.json"))
    if indices:
        names = sorted(set(read_json(indices[0]).get("weight_map", {}).values()))
        return tuple(folder / Path(name).name for name in names)
    if len(found) == 1:
        return (found[0],)
    if found:
        standard = {"model.safetensors", "diffusion_pytorch_model.safetensors"}
        if plain := [file for file in found if file.name in standard]:
            return (plain[0],)
        raise Refusal(
            f"{folder} holds several weight files: {', '.join(file.name for file in found)}.",
            "Keep one of them, or add the index file that belongs to them.",
            code="no_weights",
        )
    if pickles := [file.name for file in sorted(folder.iterdir()) if file.suffix in PICKLE_SUFFIXES]:
        message = f"{folder} holds only pickle files: {', '.join(pickles)}."
        raise Refusal(message, ONLY_SAFETENSORS, code="pickle")
    raise Refusal(f"{folder} holds no safetensors file.", FETCH_AGAIN, code="no_weights")


def shards(path: Path) -> tuple[Path, ...]:
    """Return all files of a model that lies in numbered ones, given any of them; else the file alone."""
    if (match := SHARD.fullmatch(path.name)) is None:
        return (path,)
    stem, count, suffix = match["stem"], match["count"], match["suffix"]
    return tuple(
        path.with_name(f"{stem}-{number:05}-of-{count}{suffix}") for number in range(1, int(count) + 1)
    )


def is_later_shard(path: Path) -> bool:
    """Whether a file is one of several that the first of them stands for."""
    match = SHARD.fullmatch(path.name)
    return match is not None and int(match["number"]) > 1


def read_header(path: Path) -> dict[str, Any]:
    """Return what a safetensors file says of its tensors: name -> dtype, shape, data_offsets."""
    if path.suffix in PICKLE_SUFFIXES:
        raise Refusal(f"{path} is a pickle file.", ONLY_SAFETENSORS, code="pickle")
    if not path.is_file():
        raise Refusal(f"{path} is missing.", FETCH_AGAIN, code="no_weights")
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(200)
        length = struct.unpack("<Q", start[:8])[0] if size >= 8 else 0
        file.seek(8)
        text = file.read(length) if length <= min(size - 8, LARGEST_HEADER) else b""
    header = parse_header(text)
    if header is None:
        raise not_safetensors(path, start, size, length)
    refuse_truncated(path, header, size, 8 + length)
    return header


def data_start(path: Path) -> int:
    """Return where the tensors of a safetensors file begin (bytes)."""
    with path.open("rb") as file:
        return 8 + int(struct.unpack("<Q", file.read(8))[0])


def read_metadata(path: Path) -> dict[str, str]:
    """Return the texts in the header of a safetensors file."""
    with path.open("rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        found: dict[str, str] = json.loads(file.read(length)).get("__metadata__", {})
    return found


def parse_header(text: bytes) -> dict[str, Any] | None:
    """Return the tensors that a header lists, or None where it is none."""
    try:
        header = json.loads(text)
        header.pop("__metadata__", None)
        return header if all(len(entry["data_offsets"]) == 2 for entry in header.values()) else None
    except (ValueError, AttributeError, KeyError, TypeError):
        return None


def refuse_truncated(path: Path, header: dict[str, Any], size: int, data: int) -> None:
    said = data + max((entry["data_offsets"][1] for entry in header.values()), default=0)
    if said > size:
        raise Refusal(
            f"{path} is cut off: its header speaks of {said:,} bytes, the file has {size:,}.",
            f"The download stopped early. {FETCH_AGAIN}",
            code="truncated",
        )


def not_safetensors(path: Path, start: bytes, size: int, length: int) -> Refusal:
    """Say what a file is that calls itself safetensors and is not."""
    text = start.lstrip().lower()
    if size == 0:
        return Refusal(f"{path} is empty.", FETCH_AGAIN, code="truncated")
    if text.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        return Refusal(
            f"{path} is a web page, not a model.",
            "The download gave a page instead, often because one must log in or accept a licence first. "
            + FETCH_AGAIN,
            code="not_safetensors",
        )
    if text.startswith(b"version https://git-lfs"):
        return Refusal(
            f"{path} is a Git LFS pointer, not the model itself.",
            "Run `git lfs pull` where you cloned it, or fetch the file from its page.",
            code="not_safetensors",
        )
    if start.startswith(PICKLE_STARTS):
        return Refusal(f"{path} is a pickle file with another name.", ONLY_SAFETENSORS, code="pickle")
    if 0 < size - 8 < length <= LARGEST_HEADER:
        return Refusal(
            f"{path} is cut off: its header alone should take {length:,} bytes, the file has {size:,}.",
            f"The download stopped early. {FETCH_AGAIN}",
            code="truncated",
        )
    return Refusal(
        f"{path} is not a safetensors file: its header cannot be read.", FETCH_AGAIN, code="not_safetensors"
    )


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object in a settings file of a model."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Refusal(f"{path} is missing.", FETCH_AGAIN, code="no_config") from None
    except (OSError, ValueError) as error:
        raise Refusal(f"{path} cannot be read: {error}.", FETCH_AGAIN, code="bad_config") from error
    if not isinstance(data, dict):
        raise Refusal(f"{path} holds no JSON object.", FETCH_AGAIN, code="bad_config")
    return data

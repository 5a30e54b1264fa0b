"""Fetches models that the catalogue names, when the user asks: with progress, resumed, and checked."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

CATALOG = "catalog.toml"
CHUNK = 2**20

Fetch = Callable[[str, str, Path], Path]
"""(repository, file in it, folder) -> the file, fetched whole."""


class DownloadFailed(Exception):
    """A download did not end well; the message says what to do."""


@dataclass(frozen=True)
class Source:
    """One file that can be fetched.

    Attributes:
        repository: On huggingface.co.
        file: Path in it.
        to: Where it goes, below the models folder.
        sha256: What it must hash to; empty where nobody has checked one.
    """

    repository: str
    file: str
    to: str
    sha256: str = ""


@dataclass(frozen=True)
class Offer:
    """One entry of the catalogue: the files that make a model usable."""

    name: str
    about: str
    licence: str
    files: tuple[Source, ...]


def read_catalog(path: Path) -> dict[str, Offer]:
    """Return the offers by name."""
    entries = tomllib.loads(path.read_text(encoding="utf-8"))
    return {
        name: Offer(name, entry["about"], entry["licence"], tuple(Source(**file) for file in entry["files"]))
        for name, entry in entries.items()
    }


def get(offer: Offer, models: Path, say: Callable[[str], None], fetch: Fetch) -> None:
    """Fetch the files of an offer that are not there yet, and check each."""
    for source in offer.files:
        target = (models / source.to).resolve()
        if not target.is_relative_to(models.resolve()):
            raise DownloadFailed(f"{source.to} leads out of {models}; mend the catalogue.")
        if target.is_file():
            say(f"{source.to} is there already: {checked(target, source)}")
            continue
        say(f"{source.to} from huggingface.co/{source.repository}, licence {offer.licence}")
        target.parent.mkdir(parents=True, exist_ok=True)
        part = fetch(
            source.repository, source.file, models / ".downloads" / source.repository.replace("/", "--")
        )
        said = checked(part, source)
        part.replace(target)
        say(f"{source.to}: {said}")


def checked(path: Path, source: Source) -> str:
    """Say whether a file is what the catalogue promises; raises where it is not."""
    found = digest(path)
    if not source.sha256:
        return f"unverified, SHA-256 {found}"
    if found != source.sha256:
        raise DownloadFailed(
            f"{path} has SHA-256 {found}, the catalogue says {source.sha256}. Delete it and fetch it again."
        )
    return "verified"


def digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            found.update(chunk)
    return found.hexdigest()


def from_hub(repository: str, file: str, folder: Path) -> Path:
    """Fetch one file from Hugging Face: it shows its progress and goes on where an earlier try stopped."""
    from httpx2 import HTTPError
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError

    url = hf_hub_url(repository, file)
    try:
        told = get_hf_file_metadata(url)
        return append(folder / f"{told.etag}.part", url, told.location, told.size, Path(file).name)
    except GatedRepoError as error:
        raise DownloadFailed(
            f"{repository} asks for an account: accept its licence on huggingface.co/{repository}, "
            "run `hf auth login`, and try again."
        ) from error
    except (HfHubHTTPError, HTTPError, OSError) as error:
        raise DownloadFailed(
            f"{file} cannot be fetched from {repository}: {error}. Try again: it goes on where it stopped."
        ) from error


def append(part: Path, url: str, location: str, size: int | None, shown: str) -> Path:
    """Fetch what is still missing of a file; the name of the part says which version of it."""
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

    elsewhere = urlsplit(location).netloc != urlsplit(url).netloc  # the token is for the hub alone
    headers = build_hf_headers(token=False if elsewhere else None)
    part.parent.mkdir(parents=True, exist_ok=True)
    with part.open("ab") as opened:
        there = part.stat().st_size
        http_get(
            location, opened, resume_size=there, headers=headers, expected_size=size, displayed_filename=shown
        )
    return part

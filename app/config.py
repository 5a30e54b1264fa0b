"""Settings of one start of Patchloom, from flags and environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from app.execution.files import Folders

CHECKOUT = Path(__file__).resolve().parent.parent
LOOPBACK = ("127.0.0.1", "::1", "localhost")
# ComfyUI's folder kinds, each below models/; the kind `models` is the root itself.
MODEL_KINDS = (
    *("checkpoints", "diffusion_models", "text_encoders", "vae", "vae_approx", "loras", "controlnet"),
    *("embeddings", "clip_vision", "style_models", "upscale_models"),
)


def default_base() -> Path:
    """Return the checkout when run from one, else the current folder."""
    return CHECKOUT if (CHECKOUT / "workflows").is_dir() else Path.cwd()


def shipped_workflows() -> Path:
    """Return the examples that come along: within the package, or beside it in a checkout."""
    packaged = Path(__file__).parent / "workflows"
    return packaged if packaged.is_dir() else CHECKOUT / "workflows"


def half_of_memory() -> int:
    """Return half of the machine's memory (bytes), the room for results that are kept."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


@dataclass(frozen=True)
class Settings:
    """Where things lie and who may connect.

    Attributes:
        base: Folder that holds models/, input/, output/, user/ and workflows/.
        listen: Address to listen on; any but loopback needs a token.
        port: TCP port; 0 takes a free one.
        output: Folder for results; None means base/output.
        input: Folder for uploads; None means base/input.
        extra_models: Further model folders by kind.
        token: What clients must present when `listen` is not loopback; None makes one up.
        cache_bytes: Memory for results of finished nodes (bytes).
        memory_budget: Memory (bytes) that models and computing may take on the device; None for what it has.
        cache_results: Number of results that are kept in memory at most; None for any.
        disk_bytes: Disk for results that outlive the process (bytes).
        savepoint_steps: Sampling steps between two savings of a run, against its death; 0 for none.
        savepoint_after: Duration (s) up to which a run is short enough to be simply done again.
        packages: Python packages whose node files are offered; all of them are code that runs.
        packs: ComfyUI node packs, or folders of them, that the user trusts; theirs is code that runs, too.
    """

    base: Path
    listen: str = "127.0.0.1"
    port: int = 8188
    output: Path | None = None
    input: Path | None = None
    extra_models: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    token: str | None = None
    cache_bytes: int = 2**32
    memory_budget: int | None = None
    cache_results: int | None = None
    disk_bytes: int = 2**32
    savepoint_steps: int = 5
    savepoint_after: float = 2.0
    packages: tuple[str, ...] = ("nodes",)
    packs: tuple[Path, ...] = ()

    @property
    def loopback(self) -> bool:
        return self.listen in LOOPBACK

    @property
    def user(self) -> Path:
        return self.base / "user"

    @property
    def database(self) -> Path:
        return self.user / "patchloom.db"

    @property
    def stored_catalog(self) -> Path:
        return self.user / "catalog.json"

    @property
    def disk_cache(self) -> Path:
        return self.user / "results"

    @property
    def savepoints(self) -> Path:
        return self.user / "savepoints"

    @property
    def thumbnails(self) -> Path:
        return self.user / "thumbnails"

    @property
    def templates(self) -> Path:
        """The base folder's own workflows; those that come along where it has none."""
        own = self.base / "workflows"
        return own if any(own.glob("*.json")) else shipped_workflows()

    @cached_property
    def folders(self) -> Folders:
        models = self.base / "models"
        own = {"models": (models,), **{kind: (models / kind,) for kind in MODEL_KINDS}}
        kinds = {**own, **self.extra_models}
        return Folders(
            output=self.output or self.base / "output",
            temp=self.user / "temp",
            input=self.input or self.base / "input",
            models={kind: (*own.get(kind, ()), *self.extra_models.get(kind, ())) for kind in kinds},
        )

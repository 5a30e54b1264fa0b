"""`comfy.cli_args`: ComfyUI's options, of which none is set."""

from __future__ import annotations


class Args:
    """Has every option that a pack may ask for, each switched off."""

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


args = Args()

# ruff: noqa: N999 - the names are those of ComfyUI's interface
"""Pictures, lists and widgets: a pack whose folder name is no Python name."""

from .nodes import NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS

__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS"]

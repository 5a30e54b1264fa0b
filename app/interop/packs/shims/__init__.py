"""Modules that packs import from ComfyUI, written anew: what a pack needs of them, and no more."""

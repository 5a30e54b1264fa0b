# ruff: noqa: N802 - the names are those of ComfyUI's interface
from pathlib import Path

import folder_paths
import torch
from comfy.utils import ProgressBar, common_upscale

from nodes import MAX_RESOLUTION, PreviewImage, SaveImage


class Flat:
    """One colour all over."""

    DESCRIPTION = "A picture of one grey."
    CATEGORY = "image/make"
    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "make"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "level": (
                    "FLOAT",
                    {"default": 0.5, "min": 0.0, "max": 1.0, "step": 0.05, "tooltip": "Its brightness."},
                ),
                "width": ("INT", {"default": 8, "min": 1, "max": MAX_RESOLUTION}),
                "height": ("INT", {"default": 8, "min": 1, "max": MAX_RESOLUTION}),
            }
        }

    def make(self, level, width, height):
        return (torch.full((1, height, width, 3), level),)


class Widgets:
    CATEGORY = "show"
    RETURN_TYPES = ("STRING", "INT", "FLOAT")
    RETURN_NAMES = ("all", "seed", "all")
    FUNCTION = "say"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "text": ("STRING", {"multiline": True, "default": "hello"}),
                "line": ("STRING", {}),
                "word": (["first", "second"],),
                "newer": ("COMBO", {"options": ["a", "b"], "default": "b"}),
                "flag": ("BOOLEAN", {"default": True}),
                "seed": (
                    "INT",
                    {"default": 0, "min": 0, "max": 0xFFFFFFFFFFFFFFFF, "control_after_generate": True},
                ),
                "part": ("FLOAT", {"default": 0.25, "min": 0, "max": 1, "step": 0.05, "display": "slider"}),
            },
            "optional": {"wired": ("STRING", {"forceInput": True}), "odd": ("THING", {"some": "option"})},
        }

    def say(self, *, text, line, word, newer, flag, seed, part, wired="nothing", odd=None):
        said = f"{text}|{line}|{word}|{newer}|{flag}|{seed}|{part}|{wired}|{odd}"
        return said, seed, part


class MakeList:
    CATEGORY = "lists"
    RETURN_TYPES = ("*",)
    OUTPUT_IS_LIST = (True,)
    INPUT_IS_LIST = (True,)
    FUNCTION = "gather"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value1": ("*",)}}

    def gather(self, **values):
        return ([entry for name in sorted(values) for entry in values[name]],)


class Say:
    CATEGORY = "show"
    RETURN_TYPES = ("STRING",)
    OUTPUT_NODE = True
    FUNCTION = "say"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("*",)}}

    def say(self, value):
        shown = f"{tuple(value.shape)} {value.mean():.3f}" if isinstance(value, torch.Tensor) else repr(value)
        return {"ui": {"text": [shown]}, "result": (shown,)}


class Mean:
    CATEGORY = "image"
    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "mean"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"image1": ("IMAGE",)}}

    def mean(self, image1, **more):
        return (torch.stack([image1, *more.values()]).mean(dim=0),)


class Preview(PreviewImage):
    CATEGORY = "show"


class Keep(SaveImage):
    CATEGORY = "show"


class File:
    """Chooses among the files that are there now."""

    CATEGORY = "show"
    RETURN_TYPES = ("STRING",)
    FUNCTION = "choose"

    @classmethod
    def INPUT_TYPES(cls):
        folder = folder_paths.get_input_directory()
        return {"required": {"name": (sorted(path.name for path in Path(folder).iterdir()), {})}}

    def choose(self, name):
        return (Path(folder_paths.get_annotated_filepath(name)).read_text(),)


class Shapes:
    """Pictures, masks and latents in odd forms."""

    CATEGORY = "image"
    RETURN_TYPES = ("IMAGE", "MASK", "LATENT", "SIGMAS")
    FUNCTION = "make"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {}}

    def make(self):
        latent = {"samples": torch.zeros(1, 4, 8, 8), "batch_index": [3]}
        return torch.full((1, 4, 4, 4), 0.5), torch.ones(4, 4), latent, torch.tensor([1.0, 0.5, 0.0])


class Half:
    """Changes latents, pictures and masks as packs do."""

    CATEGORY = "image"
    RETURN_TYPES = ("LATENT", "IMAGE", "MASK")
    FUNCTION = "half"

    @classmethod
    def INPUT_TYPES(cls):
        return {"optional": {"latent": ("LATENT",), "image": ("IMAGE",), "mask": ("MASK",)}}

    def half(self, latent=None, image=None, mask=None):
        changed = None if latent is None else {**latent, "samples": latent["samples"] / 2}
        return changed, None if image is None else image / 2, None if mask is None else mask / 2


class Steps:
    CATEGORY = "show"
    RETURN_TYPES = ("INT",)
    FUNCTION = "count"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"steps": ("INT", {"default": 3})}, "hidden": {"id": "UNIQUE_ID"}}

    def count(self, steps, id):
        bar = ProgressBar(steps, node_id=id)
        for _ in range(steps):
            bar.update(1)
        return (steps,)


class Resize:
    CATEGORY = "image"
    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "resize"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "image": ("IMAGE",),
                "method": (["bilinear", "lanczos"],),
                "crop": (["disabled", "center"],),
            }
        }

    def resize(self, image, method, crop):
        return (common_upscale(image.movedim(-1, 1), 6, 4, method, crop).movedim(1, -1),)


class Crash:
    CATEGORY = "trouble"
    RETURN_TYPES = ("INT",)
    FUNCTION = "crash"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"how": (["raise", "quit"],)}}

    def crash(self, how):
        if how == "quit":
            raise SystemExit(3)
        raise ValueError("the wheels came off")


class Hidden:
    CATEGORY = "show"
    RETURN_TYPES = ("STRING",)
    FUNCTION = "tell"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {},
            "hidden": {"prompt": "PROMPT", "png": "EXTRA_PNGINFO", "id": "UNIQUE_ID", "dyn": "DYNPROMPT"},
        }

    def tell(self, prompt, png, id, dyn):
        mine = prompt[id]["class_type"]
        return (f"{id} {mine} {sorted(png or {})} {dyn.get_node(id)['class_type']} {dyn.has_node('nobody')}",)


class switch:  # noqa: N801
    """A class type that reads like one of our own ids."""

    CATEGORY = "logic"
    RETURN_TYPES = ("INT",)
    FUNCTION = "go"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {"default": 41})}}

    def go(self, value):
        return (value + 1,)


KINDS = (
    Flat,
    Widgets,
    MakeList,
    Say,
    Mean,
    Preview,
    Keep,
    File,
    Shapes,
    Half,
    Steps,
    Resize,
    Crash,
    Hidden,
    switch,
)
NODE_CLASS_MAPPINGS = {"switch": switch} | {f"Plain{kind.__name__}": kind for kind in KINDS}
NODE_DISPLAY_NAME_MAPPINGS = {"PlainFlat": "Flat picture"}

"""The smallest ComfyUI graph around a class type: what feeds it, the node itself, what looks at it."""

from __future__ import annotations

from typing import Any

from app.interop.control_rules import APPLIED
from app.interop.names import RULES
from app.interop.rules import Rule

Json = dict[str, Any]
SIZE = {"width": 64, "height": 64, "batch_size": 1}
MODEL = ("CheckpointLoaderSimple", {"ckpt_name": "mini"}, 0)
# ComfyUI type -> (class type, inputs, output) of a node that makes one; "@TYPE" is one of these again
MAKERS: dict[str, tuple[str, Json, int]] = {
    "MODEL": MODEL,
    "CLIP": (*MODEL[:2], 1),
    "VAE": (*MODEL[:2], 2),
    "IMAGE": ("EmptyImage", {**SIZE, "color": 0x804020}, 0),
    "MASK": ("SolidMask", {"value": 1.0, "width": 64, "height": 64}, 0),
    "VIDEO": ("CreateVideo", {"images": "@IMAGE", "fps": 8.0}, 0),
    "AUDIO": ("LoadAudio", {"audio": "a.mp4"}, 0),
    "STRING": ("PrimitiveStringMultiline", {"value": "12"}, 0),
    "FLOAT": ("PrimitiveFloat", {"value": 3.5}, 0),
    "INT": ("PrimitiveInt", {"value": 3}, 0),
    "BOOLEAN": ("StringContains", {"string": "cat", "substring": "a", "case_sensitive": True}, 0),
    "CONDITIONING": ("CLIPTextEncode", {"text": "a red circle", "clip": "@CLIP"}, 0),
    "LATENT": ("VAEEncode", {"pixels": "@IMAGE", "vae": "@VAE"}, 0),
    "SIGMAS": ("ManualSigmas", {"sigmas": "1, 0.5, 0"}, 0),
    "SAMPLER": ("KSamplerSelect", {"sampler_name": "euler"}, 0),
    "GUIDER": ("BasicGuider", {"model": "@MODEL", "conditioning": "@CONDITIONING"}, 0),
    "CONTROL_NET": (
        "ControlNetLoader",
        {"control_net_name": "mini_boxes/diffusion_pytorch_model.safetensors"},
        0,
    ),
    "CLIP_VISION": ("CLIPVisionLoader", {"clip_name": "clip.safetensors"}, 0),
    "CLIP_VISION_OUTPUT": (
        "CLIPVisionEncode",
        {"clip_vision": "@CLIP_VISION", "image": "@IMAGE", "crop": "center"},
        0,
    ),
    "NOISE": ("RandomNoise", {"noise_seed": 7}, 0),
}
FILES = {
    "image": "a.png",
    "file": "a.mp4",
    "control_net_name": "mini_boxes/diffusion_pytorch_model.safetensors",
    "audio": "a.mp4",
    "ckpt_name": "mini",
}
VALUES: dict[str, Json] = {  # where the defaults would show nothing, or cannot run
    "KSampler": {"steps": 1, "cfg": 1.5},
    "KSamplerAdvanced": {"steps": 1, "cfg": 1.5},
    "BasicScheduler": {"steps": 2},
    "ManualSigmas": {"sigmas": "1, 0.5, 0"},
    "ExtendIntermediateSigmas": {"end_at_sigma": 0.2},
    "EmptyImage": SIZE,
    "SolidMask": {"width": 64, "height": 64},
    "ImageScale": {"width": 32, "height": 32},
    "ImageScaleToTotalPixels": {"megapixels": 0.01},
    "ImageScaleToMaxDimension": {"largest_size": 32},
    "ResizeImageMaskNode": {"resize_type.width": 32, "resize_type.height": 16},
    "ResizeAndPadImage": {"target_width": 48, "target_height": 32},
    "ImageCrop": {"width": 32, "height": 32},
    "CropMask": {"width": 32, "height": 32},
    "StringReplace": {"string": "a cat", "find": "cat", "replace": "dog"},
    "ComfyMathExpression": {"expression": "a * 2 + 1"},
    "JsonExtractString": {"json_string": '{"key": "value"}', "key": "key"},
    "RegexExtract": {"string": "a12b", "regex_pattern": "[0-9]+"},
    "StringFormat": {"f_string": "{a}!"},
    "CreateVideo": {"fps": 8.0},
    "ComfySwitchNode": {"switch": "@BOOLEAN"},
    "GrowMask": {"expand": 2},
    "LatentCrop": {"width": 32, "height": 32},
    "LatentUpscale": {"width": 96, "height": 96},
    "LatentCut": {"amount": 4},
    "LatentMultiply": {"multiplier": 1.5},
    "LatentInterpolate": {"ratio": 0.5},
    "LatentComposite": {"x": 16, "feather": 16},
    "ImagePadForOutpaint": {"left": 8, "feathering": 4},
}
FED = {"ComfyMathExpression": {"values.a": "INT"}, "StringFormat": {"values.a": "STRING"}}
KIND = {"*": "STRING", "IMAGE,MASK": "IMAGE"}
SAMPLED = {"model": "@MODEL", "positive": "@CONDITIONING", "negative": "@CONDITIONING"}


class Sheet:
    """A graph in the API format that grows by what is asked of it."""

    def __init__(self) -> None:
        self.nodes: Json = {}
        self.made: dict[str, list[Any]] = {}

    def add(self, class_type: str, inputs: Json) -> str:
        wired = {
            name: self.wire(value[1:]) if isinstance(value, str) and value.startswith("@") else value
            for name, value in inputs.items()
        }
        id = str(len(self.nodes) + 1)
        self.nodes[id] = {"class_type": class_type, "inputs": wired}
        return id

    def wire(self, kind: str) -> list[Any]:
        """Return a wire that carries a value of a type; one node serves all who ask for it."""
        if kind not in self.made:
            class_type, inputs, slot = MAKERS[kind]
            same = [id for id, node in self.nodes.items() if node["class_type"] == class_type == MODEL[0]]
            self.made[kind] = [same[0] if same else self.add(class_type, inputs), slot]
        return self.made[kind]


def graph(class_type: str) -> Json:
    """Return the smallest graph in which a class type does something that can be seen."""
    sheet, rule = Sheet(), RULES[class_type]
    inputs: Json = {name: f"@{kind}" for name, kind in fed(rule).items()}
    values = {**rule.widgets, **files_of(rule), **VALUES.get(class_type, {})}
    typed = rule.typed_in(lambda name, place: values.get(name))
    id = sheet.add(class_type, {**inputs, **typed, **values})
    if class_type in APPLIED:
        sheet.add("PreviewAny", {"source": [sampled(sheet, sheet.wire("LATENT"), id), 0]})
        return sheet.nodes
    for slot, out in enumerate(rule.outputs):
        if out.ours is not None:
            look(sheet, [id, slot], out.type)
    return sheet.nodes


def fed(rule: Rule) -> dict[str, str]:
    """Name the types that feed the ports which must be fed, and some that may."""
    wanted = {name: kind for name, kind in rule.ports.items() if name not in rule.optional}
    wanted |= FED.get(rule.class_type, {})
    wanted |= {name: kind for name, kind in rule.ports.items() if kind in ("IMAGE", "MASK")}
    most = {"images.image2"} | {f"images.image{at}" for at in range(3, 60)}
    return {name: KIND.get(kind, kind) for name, kind in wanted.items() if name not in most}


def files_of(rule: Rule) -> Json:
    return {name: FILES[name] for name in rule.widgets if name in FILES}


def sampled(sheet: Sheet, latent: list[Any], prompts: str | None = None) -> str:
    """Add a sampler; `prompts` is a node that gives its positive and negative side."""
    settings = {"seed": 0, "steps": 1, "cfg": 1.5, "sampler_name": "euler", "scheduler": "simple"}
    own = {"positive": [prompts, 0], "negative": [prompts, 1]} if prompts else {}
    return sheet.add("KSampler", {**SAMPLED, **own, "latent_image": latent, **settings, "denoise": 1.0})


def look(sheet: Sheet, wire: list[Any], kind: str) -> None:
    """Add what makes an output run."""
    match kind:
        case "IMAGE":
            sheet.add("PreviewImage", {"images": wire})
        case "MASK":
            sheet.add("MaskPreview", {"mask": wire})
        case "LATENT":
            sheet.add("PreviewAny", {"source": [sampled(sheet, wire), 0]})
        case _:
            sheet.add("PreviewAny", {"source": wire})

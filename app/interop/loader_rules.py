"""The lines of the table for model files."""

from __future__ import annotations

from app.interop.flat import FlatNode
from app.interop.reach import Reach
from app.interop.rules import Out, Part, Rule, Same, Word
from app.interop.ways import Loosely

CLIP = (Out("CLIP", "CLIP", "text_encoder"),)
MODEL = (Out("MODEL", "MODEL", "model"),)
CHECKPOINT = (*MODEL, *CLIP, Out("VAE", "VAE", "vae"))
# ComfyUI's type of a text encoder -> our family. One that is not named here is told by the file itself,
# as Wan's is, which several families read.
FAMILIES = {
    "flux": "flux",
    "sd3": "sd3",
    "qwen_image": "qwen-image",
    "pixart": "pixart",
    "chroma": "chroma",
    "ltxv": "ltx-video",
    "hunyuan_video": "hunyuan-video",
    "hunyuan_video_15": "hunyuan-video-1.5",
    "cogvideox": "cogvideox",
    "flux2": "flux2",
}
FAMILY = Loosely("type", FAMILIES, "auto")
PRECISION = Word(
    "weight_dtype",
    {
        "default": "auto",
        "fp8_e4m3fn": "float8_e4m3",
        "fp8_e4m3fn_fast": "float8_e4m3",
        "fp8_e5m2": "float8_e5m2",
    },
)
ATTENTION = Word("attention", {"comfy kitchen attention": "auto"})
DEVICE = {"device": (("default",), "is not chosen by a node here")}
SUFFIXES = (".safetensors", ".ckpt", ".gguf", ".sft")


def is_file(node: FlatNode, reach: Reach) -> bool:
    """Whether a checkpoint is one file; a folder in diffusers layout has no suffix."""
    name = reach.value(node, "ckpt_name")
    return isinstance(name, str) and name.endswith(SUFFIXES)


def checkpoint(class_type: str) -> Rule:
    one_file = Part("load_checkpoint", {"name": Same("ckpt_name")})
    folder = Part("load_model", {"name": Same("ckpt_name")}, instead=one_file, when=is_file)
    return Rule(class_type, (folder,), widgets={"ckpt_name": ""}, outputs=CHECKPOINT)


LOADER_RULES = (
    checkpoint("CheckpointLoaderSimple"),
    Rule(
        "UNETLoader",
        (Part("load_transformer", {"name": Same("unet_name"), "precision": PRECISION}),),
        {},
        {"unet_name": "", "weight_dtype": "default"},
        MODEL,
    ),
    Rule(
        "CLIPLoader",
        (Part("load_text_encoder", {"name": Same("clip_name"), "family": FAMILY}),),
        {},
        {"clip_name": "", "type": "stable_diffusion", "device": "default"},
        CLIP,
        notes=DEVICE,
    ),
    Rule(
        "DualCLIPLoader",
        (
            Part(
                "load_dual_text_encoder",
                {"name_1": Same("clip_name1"), "name_2": Same("clip_name2"), "family": FAMILY},
            ),
        ),
        {},
        {"clip_name1": "", "clip_name2": "", "type": "sdxl", "device": "default"},
        CLIP,
        notes=DEVICE,
    ),
    Rule(
        "TripleCLIPLoader",
        (Part("load_triple_text_encoder", {f"name_{n}": Same(f"clip_name{n}") for n in (1, 2, 3)}),),
        {},
        {f"clip_name{n}": "" for n in (1, 2, 3)},
        CLIP,
    ),
    Rule(  # the next three belong to the node pack ComfyUI-GGUF
        "UnetLoaderGGUF",
        (Part("load_transformer", {"name": Same("unet_name")}),),
        {},
        {"unet_name": ""},
        MODEL,
    ),
    Rule(
        "CLIPLoaderGGUF",
        (Part("load_text_encoder", {"name": Same("clip_name"), "family": FAMILY}),),
        {},
        {"clip_name": "", "type": "stable_diffusion"},
        CLIP,
    ),
    Rule(
        "DualCLIPLoaderGGUF",
        (
            Part(
                "load_dual_text_encoder",
                {"name_1": Same("clip_name1"), "name_2": Same("clip_name2"), "family": FAMILY},
            ),
        ),
        {},
        {"clip_name1": "", "clip_name2": "", "type": "sdxl"},
        CLIP,
    ),
    Rule(
        "ModelAttentionBackend",
        (Part("attention_backend", {"model": Same("model"), "backend": ATTENTION}),),
        {"model": "MODEL"},
        {"attention": "comfy kitchen attention"},
        (Out("model", "MODEL", "model"),),
    ),
    Rule(
        "LoraLoaderModelOnly",
        (
            Part(
                "load_lora",
                {
                    "model": Same("model"),
                    "name": Same("lora_name"),
                    "strength": Same("strength_model"),
                },
            ),
        ),
        {"model": "MODEL"},
        {"lora_name": "", "strength_model": 1.0},
        MODEL,
    ),
    Rule(
        "LoraLoader",
        (
            Part(
                "load_lora_with_text",
                {
                    "model": Same("model"),
                    "text_encoder": Same("clip"),
                    "name": Same("lora_name"),
                    "strength": Same("strength_model"),
                    "text_strength": Same("strength_clip"),
                },
            ),
        ),
        {"model": "MODEL", "clip": "CLIP"},
        {"lora_name": "", "strength_model": 1.0, "strength_clip": 1.0},
        (*MODEL, *CLIP),
    ),
    Rule(
        "VAELoader",
        (Part("load_vae", {"name": Same("vae_name")}),),
        {},
        {"vae_name": ""},
        (Out("VAE", "VAE", "vae"),),
    ),
)

"""CogVideoX 1.0 and 1.5 as diffusers stores them; the authors' own files are pickles."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from app.checkpoints.architecture import DIFFUSERS, Architecture, Layout, count
from app.checkpoints.archive import Shapes

HEAD = 64  # of every published model; shapes do not tell
SMALL = 1920  # width of the model of 2 billion numbers, which adds positions at its entrance
PATCH = 2
PROJECTION = "patch_embed.proj.weight"
LEARNT, OFFSET = "patch_embed.pos_embedding", "ofs_embedding.linear_1.weight"


def config(shapes: Shapes) -> dict[str, Any]:
    width, *_ = shapes[PROJECTION]
    channels, made = channels_of(shapes)
    newer = of_two_frames(shapes)
    return {
        "num_attention_heads": width // HEAD,
        "attention_head_dim": HEAD,
        "in_channels": channels,
        "out_channels": made,
        "time_embed_dim": shapes["time_embedding.linear_1.weight"][0],
        "ofs_embed_dim": shapes[OFFSET][0] if OFFSET in shapes else None,
        "text_embed_dim": shapes["patch_embed.text_proj.weight"][1],
        "num_layers": count(shapes, "transformer_blocks"),
        "patch_size_t": 2 if newer else None,
        "patch_bias": "patch_embed.proj.bias" in shapes,
        "use_rotary_positional_embeddings": width != SMALL,
        "use_learned_positional_embeddings": LEARNT in shapes,
    }


def of_two_frames(shapes: Shapes) -> bool:
    """Whether a token has two latent frames, so that its entrance is a matrix instead of a convolution."""
    return len(shapes[PROJECTION]) == 2


def channels_of(shapes: Shapes) -> tuple[int, int]:
    """Return the channels that a model takes and those that it makes."""
    cells = PATCH**3 if of_two_frames(shapes) else PATCH**2
    entrance, made = shapes[PROJECTION][1], shapes["proj_out.weight"][0] // cells
    return entrance // cells if of_two_frames(shapes) else entrance, made


def variant(shapes: Shapes) -> str:
    given, made = channels_of(shapes)
    if given == made:
        return "2B" if shapes[PROJECTION][0] == SMALL else "5B"
    return "image to video" if given == 2 * made else f"{given - made} channels beside the latent"


LAYOUT = Layout(
    DIFFUSERS,
    (
        "patch_embed.text_proj.weight",
        PROJECTION,
        "transformer_blocks.0.norm1.linear.weight",
        "transformer_blocks.0.attn1.norm_q.weight",
        "norm_final.weight",
    ),
    sized=lambda shapes: not of_two_frames(shapes),
)
COGVIDEOX = Architecture(
    kind="transformer",
    name="cogvideox",
    model="CogVideoXTransformer3DModel",
    layouts=(LAYOUT,),
    config=config,
    variant=variant,
    unsupported={"17 channels beside the latent": "a video with a hole"},
)
COGVIDEOX_15 = replace(COGVIDEOX, name="cogvideox-1.5", layouts=(replace(LAYOUT, sized=of_two_frames),))

"""DiT and SiT as their authors and diffusers store them; no header tells the one from the other."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from app.checkpoints.architecture import DIFFUSERS, Architecture, Layout, count
from app.checkpoints.archive import Shapes
from app.checkpoints.rules import Rule, rule

XL_HEAD, HEAD = (
    72,
    64,
)  # width of a head in the largest published models and in the others; shapes do not tell
PATCH = 2
EMBEDDINGS = "transformer_blocks.0.norm1.emb"  # every block has a copy of them
DEEPEST = 28
QKV = rule("blocks.*.attn.qkv", *(f"blocks.*.attn.to_{name}" for name in "qkv"))
BLOCK = "transformer_blocks.*"
RENAMED = (
    rule("pos_embed.proj", "x_embedder.proj"),
    rule(f"{EMBEDDINGS}.timestep_embedder.linear_1", "t_embedder.mlp.0"),
    rule(f"{EMBEDDINGS}.timestep_embedder.linear_2", "t_embedder.mlp.2"),
    rule(f"{EMBEDDINGS}.class_embedder.embedding_table", "y_embedder.embedding_table"),
    rule(f"{BLOCK}.norm1.linear", "blocks.*.adaLN_modulation.1"),
    *(rule(f"{BLOCK}.attn1.to_{name}", f"blocks.*.attn.to_{name}") for name in "qkv"),
    rule(f"{BLOCK}.attn1.to_out.0", "blocks.*.attn.proj"),
    rule(f"{BLOCK}.ff.net.0.proj", "blocks.*.mlp.fc1"),
    rule(f"{BLOCK}.ff.net.2", "blocks.*.mlp.fc2"),
    rule("proj_out_1", "final_layer.adaLN_modulation.1"),
    rule("proj_out_2", "final_layer.linear"),
)


def original(names: Collection[str]) -> tuple[Rule, ...]:
    return (QKV,)


def renamed(names: Collection[str]) -> tuple[Rule, ...]:
    return RENAMED


def heads(width: int) -> int:
    """Return how many heads the published models of this width have."""
    return width // (XL_HEAD if width % XL_HEAD == 0 else HEAD)


def classes(shapes: Shapes) -> int:
    """Return the classes in the table; its last row is for none."""
    return shapes["y_embedder.embedding_table.weight"][0] - 1


def config(shapes: Shapes) -> dict[str, Any]:
    width, channels, patch, _ = shapes["x_embedder.proj.weight"]
    return {
        "in_channels": channels,
        "out_channels": shapes["final_layer.linear.weight"][0] // patch**2,
        "patch_size": patch,
        "hidden_size": width,
        "num_attention_heads": heads(width),
        "num_layers": count(shapes, "blocks"),
        "num_classes": classes(shapes),
    }


def variant(shapes: Shapes) -> str:
    """Name it as its authors do where a token is not two latent cells wide."""
    patch = shapes["x_embedder.proj.weight"][-1]
    return "" if patch == PATCH else f"/{patch}"


DIT = Architecture(
    kind="transformer",
    name="dit",
    model="ClassDiTTransformer2DModel",
    layouts=(
        Layout(
            "original",
            (
                "x_embedder.proj.weight",
                "y_embedder.embedding_table.weight",
                "blocks.0.mlp.fc1.weight",
                "blocks.0.attn.qkv.weight",
            ),
            lacks=("blocks.0.cross_attn.proj.weight", "blocks.0.attn.q_norm.weight"),
            rules=original,
            ignored=("pos_embed",),
        ),
        Layout(
            DIFFUSERS,
            (
                "pos_embed.proj.weight",
                f"{EMBEDDINGS}.class_embedder.embedding_table.weight",
                "proj_out_1.weight",
            ),
            rules=renamed,
            ignored=tuple(f"transformer_blocks.{block}.norm1.emb." for block in range(1, DEEPEST)),
        ),
    ),
    config=config,
    variant=variant,
    unsupported={f"/{patch}": f"tokens of {patch} x {patch} latent cells" for patch in (4, 8)},
    twins=("sit",),
)

"""Names and sizes of the largest class-conditional models, as the code of their authors makes them."""

import json
import math
import os
import struct
from pathlib import Path

Shapes = dict[str, tuple[int, ...]]


def linear(name: str, out: int, given: int) -> Shapes:
    return {f"{name}.weight": (out, given), f"{name}.bias": (out,)}


def entrance(width: int, channels: int, patch: int, tokens: int, frequencies: int = 256) -> Shapes:
    """Name what stands before the blocks of a DiT."""
    return {
        "pos_embed": (1, tokens, width),
        "x_embedder.proj.weight": (width, channels, patch, patch),
        "x_embedder.proj.bias": (width,),
        **linear("t_embedder.mlp.0", width, frequencies),
        **linear("t_embedder.mlp.2", width, width),
        "y_embedder.embedding_table.weight": (1001, width),
    }


def exit_of(width: int, values: int) -> Shapes:
    return {
        **linear("final_layer.linear", values, width),
        **linear("final_layer.adaLN_modulation.1", 2 * width, width),
    }


def attention(block: str, width: int) -> Shapes:
    return {**linear(f"{block}.attn.qkv", 3 * width, width), **linear(f"{block}.attn.proj", width, width)}


def lightning(block: str, width: int, inner: int) -> Shapes:
    """Name a block with root mean square norms and a gated MLP."""
    return {
        f"{block}.norm1.weight": (width,),
        f"{block}.norm2.weight": (width,),
        **attention(block, width),
        **linear(f"{block}.mlp.w12", 2 * inner, width),
        **linear(f"{block}.mlp.w3", width, inner),
        **linear(f"{block}.adaLN_modulation.1", 6 * width, width),
    }


def dit_xl() -> Shapes:
    found = {**entrance(1152, 4, 2, 256), **exit_of(1152, 32)}
    for block in (f"blocks.{index}" for index in range(28)):
        found |= attention(block, 1152)
        found |= {**linear(f"{block}.mlp.fc1", 4608, 1152), **linear(f"{block}.mlp.fc2", 1152, 4608)}
        found |= linear(f"{block}.adaLN_modulation.1", 6912, 1152)
    return found


def lightning_dit_xl() -> Shapes:
    found = {**entrance(1152, 32, 1, 256), **exit_of(1152, 32), "final_layer.norm_final.weight": (1152,)}
    found |= {"feat_rope.freqs_cos": (256, 72), "feat_rope.freqs_sin": (256, 72)}
    for index in range(28):
        found |= lightning(f"blocks.{index}", 1152, 3072)
    return found


def dit_dh_xl() -> Shapes:
    found = {**entrance(1152, 768, 1, 256, 512), **exit_of(2048, 768), "t_embedder.W": (256,)}
    found |= {"final_layer.norm_final.weight": (2048,), **linear("s_projector", 2048, 1152)}
    for name, width in (("s_embedder", 1152), ("x_embedder", 2048)):
        found |= {f"{name}.proj.weight": (width, 768, 1, 1), f"{name}.proj.bias": (width,)}
    for name, width in (("enc", 72), ("dec", 128)):
        found |= {f"{name}_feat_rope.freqs_{wave}": (256, width) for wave in ("cos", "sin")}
    for index in range(30):
        found |= lightning(f"blocks.{index}", *((1152, 3072) if index < 28 else (2048, 5461)))
    return found


def fitv2_xl() -> Shapes:
    found = {**entrance(1152, 16, 1, 256), **exit_of(1152, 16)}
    found = {name: shape[:2] if name == "x_embedder.proj.weight" else shape for name, shape in found.items()}
    del found["pos_embed"]
    found |= linear("global_adaLN_modulation.1", 6912, 1152)
    for block in (f"blocks.{index}" for index in range(36)):
        found |= {**attention(block, 1152), **linear(f"{block}.mlp.fc2", 1152, 3072)}
        found |= {**linear(f"{block}.mlp.fc1_g", 3072, 1152), **linear(f"{block}.mlp.fc1_x", 3072, 1152)}
        found |= linear(f"{block}.adaLN_modulation.1", 288, 1152)
        found |= linear(f"{block}.adaLN_modulation.2", 6912, 288)
    return found


def ddt_xl() -> Shapes:
    found = {
        **entrance(1152, 16, 1, 256),
        "s_embedder.proj.weight": (1152, 16),
        "s_embedder.proj.bias": (1152,),
    }
    del found["pos_embed"]
    found |= {"x_embedder.proj.weight": (1152, 16), **linear("final_layer.linear", 16, 1152)}
    found |= linear("final_layer.adaLN_modulation.0", 2304, 1152)
    for block in (f"blocks.{index}" for index in range(28)):
        found |= {f"{block}.norm1.weight": (1152,), f"{block}.norm2.weight": (1152,)}
        found |= {f"{block}.attn.qkv.weight": (3456, 1152), **linear(f"{block}.attn.proj", 1152, 1152)}
        found |= {f"{block}.attn.q_norm.weight": (72,), f"{block}.attn.k_norm.weight": (72,)}
        found |= {f"{block}.mlp.w{one}.weight": (3072, 1152) for one in (1, 3)}
        found |= {f"{block}.mlp.w2.weight": (1152, 3072)}
        found |= linear(f"{block}.adaLN_modulation.0", 6912, 1152)
    return found


def header_of(path: Path, shapes: Shapes) -> Path:
    """Write the names and sizes of weights, and a hole where the gigabytes of numbers would be."""
    header, end = {}, 0
    for name, shape in shapes.items():
        start, end = end, end + 4 * math.prod(shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text)
    os.truncate(path, 8 + len(text) + end)
    return path


PUBLISHED = {
    "dit": (dit_xl(), 16),
    "lightning-dit": (lightning_dit_xl(), 16),
    "dit-dh": (dit_dh_xl(), (16, 16)),
    "fitv2": (fitv2_xl(), 16),
    "ddt": (ddt_xl(), 16),
}

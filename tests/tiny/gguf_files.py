"""Tiny GGUF files, written by the gguf package."""

from collections.abc import Mapping
from pathlib import Path

import gguf
import numpy as np
from torch import Tensor


def write_gguf(path: Path, weights: Mapping[str, Tensor], kind: str) -> Path:
    """Write matrices as `kind` where their rows are whole blocks, and everything else as F32."""
    number = gguf.GGMLQuantizationType[kind]
    block, _ = gguf.GGML_QUANT_SIZES[number]
    writer = gguf.GGUFWriter(path, "tiny")
    for name, tensor in weights.items():
        values = tensor.float().numpy()
        suits = tensor.ndim == 2 and tensor.shape[1] % block == 0
        data = gguf.quants.quantize(values, number) if suits else values
        writer.add_tensor(name, np.ascontiguousarray(data), raw_dtype=number if suits else None)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path

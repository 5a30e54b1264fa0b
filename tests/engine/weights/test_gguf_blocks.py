"""Blocks of every GGUF type against the gguf package, which follows the reference bit by bit."""

import gguf
import numpy as np
import pytest
import torch

from app.engine.weights.gguf_blocks import DECODERS, decode_blocks


@pytest.mark.parametrize("kind", DECODERS)
def test_any_block_decodes_as_the_reference_does(kind: str) -> None:
    number, size = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[kind]]
    raw = np.random.default_rng(0).integers(0, 256, (6, 3 * size), dtype=np.uint8)
    raw.reshape(-1, size)[:, -2 if kind == "Q6_K" else 0] = 17  # scales that are finite
    raw.reshape(-1, size)[:, -1 if kind == "Q6_K" else 1] = 33
    raw.reshape(-1, size)[:, 3 if kind not in {"Q8_0", "Q6_K"} else 5] &= 63
    expected = gguf.quants.dequantize(raw, gguf.GGMLQuantizationType[kind])
    decoded = decode_blocks(torch.from_numpy(raw), kind)
    assert decoded.shape == (6, 3 * number)
    assert torch.equal(decoded, torch.from_numpy(expected))

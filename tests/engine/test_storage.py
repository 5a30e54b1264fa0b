import torch

from app.engine.conditioning import Conditioning
from app.engine.media import Image, Latent
from app.execution.disk import pack, unpack
from app.execution.result import NodeResult
from nodes.conditioning.encode_text import encode_text


def test_values_come_back_bit_for_bit() -> None:
    latent = Latent(torch.randn(2, 8, 4, 4).transpose(2, 3), "flux")
    assert torch.equal(Latent.from_bytes(latent.to_bytes()).samples, latent.samples)
    assert Latent.from_bytes(latent.to_bytes()).family == "flux"
    image = Image(torch.rand(1, 4, 6, 3))
    assert torch.equal(Image.from_bytes(image.to_bytes()).pixels, image.pixels)
    half = Conditioning(torch.randn(1, 3, 8, dtype=torch.bfloat16), None, "wan", embedded_guidance=2.5)
    again = Conditioning.from_bytes(half.to_bytes())
    assert torch.equal(again.tokens, half.tokens) and again.pooled is None and again.embedded_guidance == 2.5


def test_a_text_encoding_survives_the_disk() -> None:
    made = Conditioning(torch.randn(1, 3, 8), torch.randn(1, 8), "flux")
    spec = encode_text.__node_spec__  # type: ignore[attr-defined]
    data = pack(NodeResult({"conditioning": [made]}), spec)
    assert data is not None
    (read,) = unpack(data, spec).outputs["conditioning"]
    assert torch.equal(read.tokens, made.tokens) and torch.equal(read.pooled, made.pooled)

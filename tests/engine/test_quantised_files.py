"""fp8, int8 and GGUF files: kept small, decoded to exactly what they say, and refused where unreadable."""

from pathlib import Path

import gguf
import pytest
import torch
from torch import Tensor, nn

from app.checkpoints.contents import find_part
from app.engine.model import Model
from app.engine.weights.building import build
from app.engine.weights.packed import pack
from app.engine.weights.packed_linear import PackedLinear
from app.engine.weights.single_files import open_transformer
from app.engine.weights.storage_report import storage_report
from app.graph.problem import Refusal
from tests.checkpoints.test_layouts import in_layout
from tests.engine.weights.test_single_files import file
from tests.tiny.gguf_files import write_gguf
from tests.tiny.layouts import Weights, architecture, stored, text_encoder, transformer
from tests.tiny.runs import close, run
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here

FLOAT8 = {"F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2}
PACKED = "double_blocks.0.img_attn.qkv"


def flux() -> Weights:
    return in_layout(transformer("flux"), "flux", "original")


def quantised(weights: Weights, dtype: torch.dtype) -> Weights:
    return {name: tensor.to(dtype) if tensor.ndim == 2 else tensor for name, tensor in weights.items()}


def layers(model: Model) -> list[PackedLinear]:
    return [part for part in model.module.modules() if isinstance(part, PackedLinear)]


def decoded(weights: Weights, folder: Path) -> Model:
    plain = {name: tensor.float() for name, tensor in weights.items()}
    return open_transformer(file(folder, "plain", plain))


def equal(one: Model, other: Model) -> bool:
    """Same weights bit for bit; same result up to how they are aligned in memory."""
    parts, others = dict(one.module.named_modules()), dict(other.module.named_modules())
    linear = [name for name, part in parts.items() if isinstance(part, nn.Linear)]
    same = all(torch.equal(parts[name].weight, others[name].weight) for name in linear)  # type: ignore[arg-type]
    return same and close(run(one), run(other))


@pytest.mark.parametrize("kind", FLOAT8)
def test_plain_fp8_stays_fp8(kind: str, tmp_path: Path) -> None:
    weights = quantised(flux(), FLOAT8[kind])
    small = open_transformer(file(tmp_path, "small", weights))
    assert {layer.kind for layer in layers(small)} == {kind} and small.dtype == torch.float32
    assert equal(small, decoded(weights, tmp_path))
    said = storage_report(small.module, small.dtype)
    assert said["bytes"] == small.nbytes and said["stored"] == kind
    assert small.nbytes < decoded(weights, tmp_path).nbytes / 2


@pytest.mark.parametrize("names", [("scale_weight", "scale_input"), ("weight_scale", "input_scale")])
def test_scaled_fp8_of_comfyui(names: tuple[str, str], tmp_path: Path) -> None:
    weights, plain = quantised(flux(), torch.float8_e4m3fn), {}
    for count, (name, tensor) in enumerate(list(weights.items())):
        if tensor.dtype == torch.float8_e4m3fn:
            scale, stem = 0.5 + count / 100, name.removesuffix(".weight")
            weights[f"{stem}.{names[0]}"] = torch.tensor(scale)
            weights[f"{stem}.{names[1]}"] = torch.tensor(1.0)
            plain[name] = tensor.float() * torch.tensor(scale)
        else:
            plain[name] = tensor
    weights["scaled_fp8"] = torch.zeros(2, dtype=torch.float8_e4m3fn)
    small = open_transformer(file(tmp_path, "scaled", weights))
    assert equal(small, decoded(plain, tmp_path))


def test_a_scale_for_each_row_is_cut_with_the_rows(tmp_path: Path) -> None:
    weights = flux()
    packed = pack(weights[f"{PACKED}.weight"], "F8_E4M3")
    plain = weights | {f"{PACKED}.weight": packed.decode(torch.float32)}
    assert packed.scale is not None
    small = weights | {f"{PACKED}.weight": packed.raw, f"{PACKED}.weight_scale": packed.scale}
    assert equal(open_transformer(file(tmp_path, "rows", small)), decoded(plain, tmp_path))


@pytest.mark.parametrize("kind", ["Q8_0", "Q5_0", "Q5_1", "Q4_0", "BF16", "F16"])
def test_gguf_loads_as_it_is(kind: str, tmp_path: Path) -> None:
    number = gguf.GGMLQuantizationType[kind]
    block, _ = gguf.GGML_QUANT_SIZES[number]
    weights = flux()
    small = open_transformer(write_gguf(tmp_path / "flux.gguf", weights, kind))

    def rounded(tensor: Tensor) -> Tensor:
        if tensor.ndim != 2 or tensor.shape[1] % block:
            return tensor
        raw = gguf.quants.quantize(tensor.numpy(), number)
        return torch.from_numpy(gguf.quants.dequantize(raw, number).copy())

    plain = {name: rounded(tensor) for name, tensor in weights.items()}
    assert equal(small, decoded(plain, tmp_path))
    assert {layer.kind for layer in layers(small)} == ({kind} if kind.startswith("Q") else set())


@pytest.mark.parametrize("precision", ["float8_e4m3", "float8_e5m2", "int8", "int8_dynamic", "nf4", "int4"])
def test_a_plain_file_is_packed_on_request(precision: str, tmp_path: Path) -> None:
    path = file(tmp_path, "flux", flux())
    plain, small = open_transformer(path), open_transformer(path, precision)  # type: ignore[arg-type]
    assert layers(small) and small.nbytes < plain.nbytes / 2
    difference = (run(small) - run(plain)).std() / run(plain).std()
    assert 0 < difference < (0.03 if precision.startswith("int8") else 0.1 if "8" in precision else 0.3)


def test_packed_files_decode_on_request(tmp_path: Path) -> None:
    path = file(tmp_path, "small", quantised(flux(), torch.float8_e4m3fn))
    assert not layers(open_transformer(path, "float32"))
    assert equal(open_transformer(path, "float32"), open_transformer(path))


@pytest.mark.parametrize("kind", ["F8_E4M3", "F8_E5M2", "I8", "I4", "NF4"])
def test_packing_is_as_exact_as_its_bits(kind: str) -> None:
    weight = torch.randn(8, 64, generator=torch.Generator().manual_seed(0))
    worst = (
        (pack(weight, kind).decode(torch.float32) - weight).abs() / weight.abs().amax(1, keepdim=True)
    ).max()
    widest = {"F8_E4M3": 2**-4, "F8_E5M2": 2**-3, "I8": 1 / 254, "I4": 1 / 14, "NF4": 0.304 / 2}
    assert worst <= widest[kind] + 1e-6
    assert not pack(torch.zeros(2, 4), kind).decode(torch.float32).any()


def test_what_cannot_be_decoded_is_refused(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "flux.gguf", flux(), "Q8_0")
    whole = path.read_bytes()
    path.write_bytes(whole[:-64])
    with pytest.raises(Refusal, match="is cut off"):
        open_transformer(path)
    for spoilt in (whole[:40], b"GGML" + whole[4:], b""):
        path.write_bytes(spoilt)
        with pytest.raises(Refusal, match="not a whole GGUF file"):
            open_transformer(path)


def test_a_gguf_of_another_kind_is_named(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "other.gguf", {"blk.0.attn_q.weight": torch.zeros(2, 32)}, "Q8_0")
    with pytest.raises(Refusal, match="does not know"):
        open_transformer(path)


@pytest.mark.parametrize("name", ["t5-xxl", "umt5-xxl", "clip-l", "qwen2.5-vl", "gemma2"])
def test_a_text_encoder_in_fp8_says_what_its_decoded_weights_say(name: str, tmp_path: Path) -> None:
    module, ties = text_encoder(name), architecture(name, "text_encoder").ties
    small = quantised(stored(module, ties), torch.float8_e4m3fn)
    plain = {key: tensor.float() for key, tensor in small.items()}
    ids = torch.tensor([[3, 7, 11, 1]])
    answers = [
        build(find_part(file(tmp_path, title, weights), "text_encoder"))(input_ids=ids).last_hidden_state
        for title, weights in (("small", small), ("plain", plain))
    ]
    assert torch.allclose(*answers, atol=1e-5) and answers[0].std() > 0

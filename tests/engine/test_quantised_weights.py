"""Weights of ComfyUI and bitsandbytes: read to exactly what they stand for, and refused in words."""

from pathlib import Path

import pytest
import torch
from torch import nn

from app.checkpoints.archive import open_archive
from app.checkpoints.contents import find_part
from app.checkpoints.formats import quantisation
from app.engine.weights.packed_linear import Int8Linear, PackedLinear
from app.engine.weights.quantised_tensors import whole
from app.engine.weights.rotation import rotated
from app.engine.weights.single_files import open_transformer
from app.engine.weights.storage_report import storage_report
from app.graph.problem import Refusal
from tests.engine.test_quantised_files import PACKED, decoded, flux, layers
from tests.engine.weights.test_single_files import file
from tests.tiny.layouts import Weights
from tests.tiny.quantised_files import WRITERS, Written, int8, text
from tests.tiny.runs import close, run
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here

GROUPED = 64  # columns that all of the formats share out evenly


def written(kind: str) -> tuple[Weights, Weights]:
    """Return a Flux in a format, and the numbers that its weights stand for."""
    small, plain = Weights(), Weights()
    for name, tensor in flux().items():
        if tensor.ndim != 2 or tensor.shape[1] % GROUPED:
            small[name] = plain[name] = tensor
            continue
        found = WRITERS[kind](tensor)
        small |= {f"{name.removesuffix('.weight')}.{leaf}": part for leaf, part in found.tensors.items()}
        plain[name] = found.numbers
    return small, plain


@pytest.mark.parametrize("kind", WRITERS)
def test_a_format_loads_to_what_it_stands_for(kind: str, tmp_path: Path) -> None:
    small, plain = written(kind)
    path = file(tmp_path, "small", {f"model.diffusion_model.{name}": part for name, part in small.items()})
    model, exact = open_transformer(path), decoded(plain, tmp_path)
    ours, theirs = (dict(one.module.named_modules()) for one in (model, exact))
    names = [name for name, part in ours.items() if isinstance(part, nn.Linear)]
    assert all(torch.equal(ours[name].weight, theirs[name].weight) for name in names)  # type: ignore[arg-type]
    assert {layer.kind for layer in layers(model)} == {kind.split(maxsplit=1)[0].replace("W8A8", "I8")}
    assert model.nbytes < exact.nbytes / 2
    if kind == "W8A8":
        assert all(isinstance(layer, Int8Linear) for layer in layers(model))
        assert 0 < (run(model) - run(exact)).std() / run(exact).std() < 0.03
    else:
        assert close(run(model), run(exact))
        assert "not time" in str(storage_report(model.module, model.dtype)["note"])


def test_a_blockwise_weight_whose_rows_end_inside_a_block_is_decoded_at_once(tmp_path: Path) -> None:
    found = WRITERS["NF4"](flux()[f"{PACKED}.weight"].reshape(-1, 64)[:48].reshape(32, 96))
    tensors = {f"x.{leaf}": part for leaf, part in found.tensors.items()}
    entry = open_archive(file(tmp_path, "odd", tensors)).entries["x.weight"]
    assert (entry.dtype, entry.shape) == ("NF4", (32, 96))
    numbers = whole(found.tensors["weight"], entry)
    assert isinstance(numbers, torch.Tensor) and torch.equal(numbers, found.numbers)


def rotated_int8(weight: torch.Tensor) -> Written:
    found = int8(rotated(weight, 16), convrot=True, convrot_groupsize=16)
    return Written(found.tensors, rotated(found.numbers, 16))


def test_a_rotated_weight_is_turned_back(tmp_path: Path) -> None:
    weights = flux()
    found = rotated_int8(weights.pop(f"{PACKED}.weight"))
    small = weights | {f"{PACKED}.{leaf}": part for leaf, part in found.tensors.items()}
    plain = weights | {f"{PACKED}.weight": found.numbers}
    model, exact = open_transformer(file(tmp_path, "rotated", small)), decoded(plain, tmp_path)
    first = layers(model)[0]
    theirs = exact.module.get_submodule("transformer_blocks.0.attn.to_q")
    assert torch.allclose(first.weight, theirs.weight, atol=1e-6)  # type: ignore[arg-type]
    assert 0 < (run(model) - run(exact)).std() / run(exact).std() < 0.02


@pytest.mark.parametrize(
    ("kind", "leaf"),
    [
        ("NF4", "weight.absmax"),
        ("NF4", "weight.quant_map"),
        ("NF4 nested", "weight.nested_absmax"),
        ("NVFP4", "weight_scale"),
        ("NVFP4", "weight_scale_2"),
        ("MXFP8", "weight_scale"),
        ("W8A8", "weight_scale"),
    ],
)
def test_a_missing_scale_is_named(kind: str, leaf: str, tmp_path: Path) -> None:
    small, _ = written(kind)
    del small[f"{PACKED}.{leaf}"]
    with pytest.raises(Refusal, match=rf"lacks {PACKED}\.{leaf}, without which"):
        open_transformer(file(tmp_path, "lacking", small))


def test_whole_numbers_without_any_scale_are_refused(tmp_path: Path) -> None:
    weights = flux()
    weights[f"{PACKED}.weight"] = weights[f"{PACKED}.weight"].to(torch.int8)
    with pytest.raises(Refusal, match=r"lacks .*weight_scale"):
        open_transformer(file(tmp_path, "bare", weights))


def test_an_unknown_format_a_wrong_table_and_a_wrong_scale_are_refused(tmp_path: Path) -> None:
    small, _ = written("W8A8")
    small[f"{PACKED}.comfy_quant"] = text(format="svdquant")
    with pytest.raises(Refusal, match=r"as svdquant, which Patchloom cannot read"):
        open_transformer(file(tmp_path, "unknown", small))
    small[f"{PACKED}.comfy_quant"] = torch.zeros(4, dtype=torch.uint8)
    with pytest.raises(Refusal, match="describes its quantisation unreadably"):
        open_transformer(file(tmp_path, "unreadable", small))
    small, _ = written("NF4")
    small[f"{PACKED}.weight.quant_map"] = torch.linspace(-1, 1, 16)
    with pytest.raises(Refusal, match="a table of its own"):
        open_transformer(file(tmp_path, "table", small))
    small, _ = written("NVFP4")
    small[f"{PACKED}.weight_scale"] = small[f"{PACKED}.weight_scale"][:128]
    with pytest.raises(Refusal, match=r"has 512 scales for a weight of shape \(192, 64\), not 1024"):
        open_transformer(file(tmp_path, "scales", small))
    weights = flux()
    weights[f"{PACKED}.weight"] = weights[f"{PACKED}.weight"].to(torch.float8_e4m3fn)
    weights[f"{PACKED}.weight_scale"] = torch.ones(3, 4)
    with pytest.raises(Refusal, match=r"weight of 192 rows has a scale of shape \(3, 4\)"):
        open_transformer(file(tmp_path, "blocks", weights))


def test_the_header_alone_says_what_is_small_and_how_it_will_be_computed(tmp_path: Path) -> None:
    said = {}
    for kind in ("NF4", "W8A8"):
        small, _ = written(kind)
        part = find_part(file(tmp_path, kind, small), "transformer")
        assert part.precision == {"NF4": "NF4", "W8A8": "I8"}[kind]
        said[kind] = quantisation(part.archive.entries[name] for name in part.names)
    assert "NF4 of" in said["NF4"] and "decoded before each product" in said["NF4"]
    assert "W8A8 of" in said["W8A8"] and "multiplied as whole numbers" in said["W8A8"]
    plain = find_part(file(tmp_path, "plain", flux()), "transformer")
    assert quantisation(plain.archive.entries.values()) == ""


def test_a_layer_keeps_its_format_where_it_moves(tmp_path: Path) -> None:
    small, _ = written("NVFP4")
    layer = layers(open_transformer(file(tmp_path, "small", small)))[0]
    moved = layer.packed.to(torch.device("meta"))
    assert moved.raw.is_meta and moved.scale is not None and moved.scale.is_meta
    assert isinstance(layer, PackedLinear) and layer.packed.kind == "NVFP4"

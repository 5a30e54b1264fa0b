"""The loader nodes, on tiny files in ComfyUI's folders."""

from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import nn

from app.graph.node import Blocked
from app.graph.problem import Refusal
from nodes.conditioning.encode_text import encode_text
from nodes.loaders.load_checkpoint import load_checkpoint
from nodes.loaders.load_dual_text_encoder import load_dual_text_encoder
from nodes.loaders.load_text_encoder import load_text_encoder
from nodes.loaders.load_transformer import load_transformer
from nodes.loaders.load_triple_text_encoder import load_triple_text_encoder
from nodes.loaders.load_vae import load_vae
from tests.checkpoints.test_layouts import in_layout
from tests.engine.weights.test_single_files import all_in_one, encoder, file, vae
from tests.tiny.gguf_files import write_gguf
from tests.tiny.layouts import architecture, original, stored, text_encoder, transformer
from tests.tiny.recorder import Recorder


@dataclass
class Shelf(Recorder):
    """Finds models in `root`, whatever folder a node asks for."""

    root: Path = Path()

    def model_path(self, folder: str, name: str) -> Path:
        return self.root / name


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(root=tmp_path)


def test_a_checkpoint(shelf: Shelf) -> None:
    whole = all_in_one(shelf.root)
    loaded = load_checkpoint(shelf, whole.name)
    assert loaded.model.family.name == "flux"
    assert encode_text(loaded.text_encoder, "a cat").family == "flux"


def test_what_a_checkpoint_lacks_is_said_where_it_is_needed(shelf: Shelf) -> None:
    whole = all_in_one(shelf.root, encoders=False)
    blocked = load_checkpoint(shelf, whole.name).text_encoder
    assert isinstance(blocked, Blocked) and "add a Load text encoder node" in blocked.message


@pytest.mark.parametrize(("precision", "dtype"), [("auto", torch.float32), ("bfloat16", torch.bfloat16)])
def test_a_transformer(precision: str, dtype: torch.dtype, shelf: Shelf) -> None:
    path = file(shelf.root, "flux", in_layout(transformer("flux"), "flux", "original"))
    model = load_transformer(shelf, path.name, precision)  # type: ignore[arg-type]
    assert (model.family.name, model.dtype) == ("flux", dtype)


def test_text_encoders(shelf: Shelf) -> None:
    names = [encoder(shelf.root, name).name for name in ("clip-l", "t5-xxl", "clip-g")]
    assert load_text_encoder(shelf, names[1]).family.name == "pixart"
    assert load_dual_text_encoder(shelf, *names[:2]).family.name == "flux"
    assert load_triple_text_encoder(shelf, *names).family.name == "sd3"
    with pytest.raises(Refusal, match="wan reads prompts with umt5-xxl; given are t5-xxl"):
        load_text_encoder(shelf, names[1], "wan")


def test_quantised_text_encoders_say_what_runs(shelf: Shelf) -> None:
    """T5 in fp8 and in GGUF's Q8_0: kept packed, decoded at each use, reported as for a transformer."""
    known = architecture("t5-xxl", "text_encoder")
    module = text_encoder("t5-xxl", d_model=32, d_ff=32)
    weights = stored(module, known.ties)
    encoder(shelf.root, "clip-l")
    small = {
        name: tensor.to(torch.float8_e4m3fn) if tensor.ndim == 2 and "block" in name else tensor
        for name, tensor in weights.items()
    }
    names = original(
        weights, next(layout for layout in known.layouts if layout.name == "llama.cpp").rules(())
    )
    file(shelf.root, "t5-fp8", small)
    write_gguf(shelf.root / "t5.gguf", names, "Q8_0")
    for name, kind in (("t5-fp8.safetensors", "F8_E4M3"), ("t5.gguf", "Q8_0")):
        encoders = load_dual_text_encoder(shelf, "clip-l.safetensors", name)
        said = shelf.reports[-1]
        assert (said["technique"], said["stored"]) == ("load_dual_text_encoder", kind)
        assert said["kernel"] == "decodes the weight, then multiplies" and "not time" in said["note"]
        linears = [part for part in encoders.modules["t5-xxl"].modules() if isinstance(part, nn.Linear)]
        assert said["packed_layers"] >= 12 and 0 < said["bytes_saved"] < 4 * sum(
            x.weight.numel() for x in linears
        )
        assert said["t5-xxl"].startswith(f"{kind}: ") and said["clip-l"].startswith("float32, ")
        assert encode_text(encoders, "a cat").tokens.isfinite().all()


def test_an_autoencoder(shelf: Shelf) -> None:
    assert load_vae(shelf, vae(shelf.root).name, "lumina2").family.name == "lumina2"

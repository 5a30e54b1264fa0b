"""The loader nodes, on tiny files in ComfyUI's folders."""

from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

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
from tests.tiny.layouts import transformer
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


def test_an_autoencoder(shelf: Shelf) -> None:
    assert load_vae(shelf, vae(shelf.root).name, "lumina2").family.name == "lumina2"

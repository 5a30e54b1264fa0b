"""Vision encoders: recognised, loaded bit by bit, and told apart while wiring."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from app.checkpoints.fitting import fitting
from app.engine.media import Image
from app.engine.prompts.clip_vision import MEAN, SPREAD, open_clip_vision
from app.engine.weights.single_files import open_vae
from app.graph import catalog
from app.graph.check import check
from app.graph.problem import Problem, Refusal
from app.graph.workflow import read
from nodes.conditioning.encode_clip_vision import encode_clip_vision
from tests.checkpoints.test_layouts import same, written
from tests.tiny.layouts import random, stored
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here


def vision(width: int = 64) -> nn.Module:
    from transformers import CLIPVisionConfig, CLIPVisionModel

    sizes: Any = {
        "hidden_size": width,
        "intermediate_size": 20,
        "num_hidden_layers": 3,
        "num_attention_heads": 16,
    }
    config = CLIPVisionConfig(**sizes, image_size=28, patch_size=14, hidden_act="gelu")
    return random(CLIPVisionModel(config))


@pytest.mark.parametrize("prefix", ["", "vision_model."])
def test_a_vision_encoder_sees_pictures(prefix: str, tmp_path: Path) -> None:
    module = vision()
    weights = {prefix + name: tensor for name, tensor in stored(module).items()}
    weights |= {"visual_projection.weight": torch.ones(4, 64)} if prefix else {}
    path = written(tmp_path / "clip.safetensors", weights)
    opened = open_clip_vision(path)
    assert same(opened.module, module)
    picture = Image(torch.rand(2, 56, 40, 3, generator=torch.Generator().manual_seed(0)))
    tokens = encode_clip_vision(opened, picture).tokens
    assert tokens.shape == (2, 5, 64), "one for the whole picture, and four squares"
    middle = Image(picture.pixels[:, 8:48])
    assert torch.allclose(encode_clip_vision(opened, middle).tokens, tokens, atol=1e-5), "the middle counts"
    assert not torch.allclose(encode_clip_vision(opened, picture, crop=False).tokens, tokens, atol=1e-3)
    flat = Image(torch.full((1, 28, 28, 3), 0.48145466))
    shown = (flat.pixels * 255).round() / 255
    mean, spread = torch.tensor(MEAN), torch.tensor(SPREAD)
    given = ((shown - mean) / spread).movedim(-1, 1)
    expected = module(pixel_values=given, output_hidden_states=True).hidden_states[-2]
    assert torch.allclose(encode_clip_vision(opened, flat).tokens, expected, atol=1e-6)
    with pytest.raises(Refusal, match="holds a vision encoder of clip-vision, not an autoencoder"):
        open_vae(path)


def test_the_vision_encoder_of_wan_fits_wan_alone(tmp_path: Path) -> None:
    for width, families in ((1280, {"wan"}), (1024, set())):
        weights = {f"vision_model.{name}": tensor for name, tensor in stored(vision(64)).items()}
        weights["vision_model.embeddings.class_embedding"] = torch.zeros(width)
        written(tmp_path / "clip.safetensors", weights)
        found = fitting({"clip_vision": (tmp_path,)})("clip_vision", "clip.safetensors")
        assert found == frozenset(families)


@pytest.mark.parametrize("prefix", ["", "vision_model."])
def test_siglip_sees_a_whole_picture(prefix: str, tmp_path: Path) -> None:
    """Its tokens as diffusers' pipeline for HunyuanVideo 1.5 takes them."""
    from transformers import SiglipImageProcessor, SiglipVisionConfig, SiglipVisionModel

    sizes: Any = {"hidden_size": 64, "intermediate_size": 20, "num_hidden_layers": 2}
    config = SiglipVisionConfig(**sizes, num_attention_heads=16, image_size=28, patch_size=14)
    module = random(SiglipVisionModel(config))
    path = written(tmp_path / "x.safetensors", {prefix + name: x for name, x in stored(module).items()})
    opened = open_clip_vision(path)
    weights = module.state_dict()
    assert all(torch.equal(x, weights[name]) for name, x in opened.module.state_dict().items())
    levels = torch.randint(0, 256, (28, 28, 3), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    given = SiglipImageProcessor(size={"height": 28, "width": 28})(levels.numpy(), return_tensors="pt")
    expected = module(**given).last_hidden_state
    tokens = encode_clip_vision(opened, Image(levels[None] / 255), crop=False).tokens
    assert tokens.shape == (1, 4, 64) and torch.allclose(tokens, expected, atol=1e-5)


def test_a_vision_encoder_beside_another_model_is_a_problem() -> None:
    """Told while wiring: what Wan reads of a picture says nothing to LTX-Video."""
    nodes: dict[str, Any] = {
        "vision": {"type": "load_clip_vision", "values": {"name": "h"}},
        "picture": {"type": "solid_image"},
        "seen": {"type": "encode_clip_vision"},
        "vae": {"type": "load_vae", "values": {"name": "x"}},
        "encoder": {"type": "load_text_encoder", "values": {"name": "t5"}},
        "prompt": {"type": "encode_text", "values": {"prompt": "a cat"}},
        "animate": {"type": "image_to_video"},
    }
    wires = (
        ("vision", "clip_vision", "seen", "clip_vision"),
        ("picture", "image", "seen", "image"),
        ("picture", "image", "animate", "start_image"),
        ("seen", "vision_tokens", "animate", "start_vision"),
        ("vae", "vae", "animate", "vae"),
        ("encoder", "text_encoder", "prompt", "text_encoder"),
        *(("prompt", "conditioning", "animate", side) for side in ("positive", "negative")),
    )
    edges = [{"from": [a, output], "to": [b, entry]} for a, output, b, entry in wires]
    graphs = {"main": {"nodes": nodes, "edges": edges}}
    document = read({"format": "patchloom/1", "root": "main", "graphs": graphs})

    def told(model: str) -> list[Problem]:
        fits = {"clip_vision": {"wan"}, "vae": {model}, "text_encoders": {model}}
        found = check(document, catalog.find(), families=lambda folder, name: frozenset(fits[folder]))
        return [problem for problem in found if problem.code == "family_mismatch"]

    assert told("wan") == []
    (problem,) = told("ltx-video")
    assert problem.node == "animate" and "wan" in problem.message and "ltx-video" in problem.message

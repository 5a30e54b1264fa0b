"""ComfyUI's graphs for videos from pictures, from tiny files in its folders to a video on the disk."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import PIL.Image
import pytest
from torch import Tensor

from app.engine.imaging.videos import open_video
from app.execution.cache import ResultCache
from app.execution.context import Caller
from app.execution.executor import Executor
from app.execution.files import Folders
from app.graph.catalog import Catalog
from app.graph.check import check
from app.interop.documents import read_json
from tests.checkpoints.test_layouts import in_layout
from tests.checkpoints.test_ltx import ltx
from tests.checkpoints.test_vision_encoders import vision
from tests.engine.weights.test_single_files import encoder, file
from tests.tiny.layouts import autoencoder, random, stored, transformer
from tests.tiny.video_vaes import MODULES
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here

KINDS = ("checkpoints", "diffusion_models", "text_encoders", "vae", "clip_vision")
SIZE = {"width": 64, "height": 32, "batch_size": 1}
SAMPLED: dict[str, Any] = {"seed": 3, "steps": 2, "cfg": 2.0, "sampler_name": "euler", "scheduler": "simple"}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("video")
    for kind in (*KINDS, "input"):
        (root / kind).mkdir()
    PIL.Image.new("RGB", (48, 48), (200, 100, 50)).save(root / "input" / "start.png")
    sees: dict[str, Any] = {"in_channels": 36, "image_dim": 64, "added_kv_proj_dim": 128}
    small: dict[str, Any] = {"in_channels": 48, "out_channels": 48}
    for name, changes in (("wan", sees), ("wan5b", small)):
        file(root / "diffusion_models", name, in_layout(transformer("wan", **changes), "wan", "original"))
    encoder(root / "text_encoders", "umt5-xxl")
    encoder(root / "text_encoders", "t5-xxl")
    file(root / "vae", "wan", in_layout(autoencoder("wan"), "wan", "original", "vae"))
    five = in_layout(random(MODULES["wan-ti2v"]()), "wan2.2", "original", "vae")
    file(root / "vae", "wan5b", five)
    file(root / "clip_vision", "h", {f"vision_model.{name}": x for name, x in stored(vision()).items()})
    parts: Mapping[str, Mapping[str, Tensor]] = {
        "model.diffusion_model.": in_layout(
            transformer("ltx-video", in_channels=128, out_channels=128), "ltx-video", "original"
        ),
        "vae.": in_layout(ltx("0.9.5", 128), "ltx-video", "original 0.9.5", "vae"),
    }
    whole = {prefix + name: tensor for prefix, part in parts.items() for name, tensor in part.items()}
    file(root / "checkpoints", "ltx", whole)
    return root


@pytest.fixture
def executor(nodes: Catalog, base: Path, tmp_path: Path) -> Iterator[Executor]:
    models = {kind: (base / kind,) for kind in KINDS}
    folders = Folders(tmp_path / "output", tmp_path / "temp", base / "input", models)
    yield Executor(nodes, ResultCache(2**30), folders)


def node(class_type: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs}


def prompts(kind: str, name: str) -> dict[str, Any]:
    return {
        "clip": node("CLIPLoader", clip_name=f"{name}.safetensors", type=kind, device="default"),
        "positive": node("CLIPTextEncode", text="a cat walks", clip=["clip", 0]),
        "negative": node("CLIPTextEncode", text="", clip=["clip", 0]),
        "start": node("LoadImage", image="start.png"),
    }


def ended(vae: list[Any], samples: list[Any]) -> dict[str, Any]:
    return {
        "decode": node("VAEDecode", samples=samples, vae=vae),
        "video": node("CreateVideo", images=["decode", 0], fps=8.0),
        "save": node("SaveVideo", video=["video", 0], filename_prefix="clip", format="mp4", codec="h264"),
    }


def saved(graph: dict[str, Any], nodes: Catalog, executor: Executor) -> Tensor:
    """Return the frames of the video that a graph leaves on the disk."""
    workflow = read_json(graph)
    assert not [problem for problem in check(workflow, nodes) if problem.severity == "error"]
    end = executor.run(workflow, Caller(lambda event: None))
    assert end.status == "done", end.problem
    (path,) = executor.folders.output.rglob("*.mp4")
    return open_video(path).frames


def test_wan_animates_a_picture_that_clip_sees(nodes: Catalog, executor: Executor) -> None:
    graph = {
        **prompts("wan", "umt5-xxl"),
        "model": node("UNETLoader", unet_name="wan.safetensors", weight_dtype="default"),
        "vae": node("VAELoader", vae_name="wan.safetensors"),
        "vision": node("CLIPVisionLoader", clip_name="h.safetensors"),
        "seen": node("CLIPVisionEncode", clip_vision=["vision", 0], image=["start", 0], crop="none"),
        "animate": node(
            "WanImageToVideo",
            positive=["positive", 0],
            negative=["negative", 0],
            vae=["vae", 0],
            clip_vision_output=["seen", 0],
            start_image=["start", 0],
            length=9,
            **SIZE,
        ),
        "sample": node(
            "KSampler",
            model=["model", 0],
            positive=["animate", 0],
            negative=["animate", 1],
            latent_image=["animate", 2],
            denoise=1.0,
            **SAMPLED,
        ),
        **ended(["vae", 0], ["sample", 0]),
    }
    assert saved(graph, nodes, executor).shape == (9, 32, 64, 3)


def test_the_small_wan_holds_the_first_frame(nodes: Catalog, executor: Executor) -> None:
    """The text encoder is told `wan`, and both of its families read what it says."""
    graph = {
        **prompts("wan", "umt5-xxl"),
        "model": node("UNETLoader", unet_name="wan5b.safetensors", weight_dtype="default"),
        "shift": node("ModelSamplingSD3", model=["model", 0], shift=8.0),
        "vae": node("VAELoader", vae_name="wan5b.safetensors"),
        "latent": node("Wan22ImageToVideoLatent", vae=["vae", 0], start_image=["start", 0], length=5, **SIZE),
        "sample": node(
            "KSampler",
            model=["shift", 0],
            positive=["positive", 0],
            negative=["negative", 0],
            latent_image=["latent", 0],
            denoise=1.0,
            **SAMPLED,
        ),
        **ended(["vae", 0], ["sample", 0]),
    }
    assert saved(graph, nodes, executor).shape == (5, 32, 64, 3)


def test_ltx_begins_with_a_picture(nodes: Catalog, executor: Executor) -> None:
    graph = {
        **prompts("ltxv", "t5-xxl"),
        "file": node("CheckpointLoaderSimple", ckpt_name="ltx.safetensors"),
        "animate": node(
            "LTXVImgToVideo",
            positive=["positive", 0],
            negative=["negative", 0],
            vae=["file", 2],
            image=["start", 0],
            length=9,
            strength=1.0,
            **SIZE,
        ),
        "paced": node("LTXVConditioning", positive=["animate", 0], negative=["animate", 1], frame_rate=24.0),
        "sigmas": node(
            "LTXVScheduler",
            latent=["animate", 2],
            steps=2,
            max_shift=2.05,
            base_shift=0.95,
            stretch=True,
            terminal=0.1,
        ),
        "sampler": node("KSamplerSelect", sampler_name="euler"),
        "sample": node(
            "SamplerCustom",
            model=["file", 0],
            add_noise=True,
            noise_seed=3,
            cfg=3.0,
            positive=["paced", 0],
            negative=["paced", 1],
            sampler=["sampler", 0],
            sigmas=["sigmas", 0],
            latent_image=["animate", 2],
        ),
        **ended(["file", 2], ["sample", 0]),
    }
    assert saved(graph, nodes, executor).shape == (9, 32, 64, 3)

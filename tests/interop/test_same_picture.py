"""A graph from ComfyUI, mapped and run on the embedded model, gives the picture of ComfyUI's own formulas."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import PIL.Image
import pytest
import torch
from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.installation import open_run
from app.engine.media import Latent
from app.engine.prediction import ModelInput
from app.execution.cache import ResultCache
from app.execution.context import Caller
from app.execution.executor import Executor
from app.execution.files import Folders
from app.graph import catalog
from app.interop.documents import read_json
from nodes.loaders.load_model import LoadedModel
from tests.nodes.conftest import read_mini
from tests.nodes.samplers import comfyui, comfyui_noise
from tests.tiny.recorder import ROOT
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here

PROMPT, SEED, STEPS, CFG = "a large red circle on a blue background", 5, 8, 3.0
SHAPE = (1, 8, 16, 16)
CATALOG = catalog.find()


def graph(**more: Any) -> dict[str, Any]:
    """A plain text-to-image graph whose sampler is node 3."""
    return {
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "mini"}},
        "5": {"class_type": "EmptySD3LatentImage", "inputs": {"width": 128, "height": 128, "batch_size": 1}},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": PROMPT, "clip": ["4", 1]}},
        "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["4", 1]}},
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
        "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "x", "images": ["8", 0]}},
        **more,
    }


def ksampler(sampler: str, scheduler: str, model: str = "4") -> dict[str, Any]:
    sides = {"positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0], "model": [model, 0]}
    values = {"seed": SEED, "steps": STEPS, "cfg": CFG, "denoise": 1.0}
    return {
        "class_type": "KSampler",
        "inputs": {**sides, **values, "sampler_name": sampler, "scheduler": scheduler},
    }


def advanced(latent: list[object], *, first: bool) -> dict[str, Any]:
    sides = {"positive": ["6", 0], "negative": ["7", 0], "latent_image": latent, "model": ["4", 0]}
    part = {"start_at_step": 0, "end_at_step": 3} if first else {"start_at_step": 3, "end_at_step": 10_000}
    switches = {
        "add_noise": "enable" if first else "disable",
        "return_with_leftover_noise": "enable" if first else "disable",
    }
    values = {"noise_seed": SEED, "steps": STEPS, "cfg": CFG, "sampler_name": "euler", "scheduler": "simple"}
    return {"class_type": "KSamplerAdvanced", "inputs": {**sides, **values, **part, **switches}}


def made(document: dict[str, Any], base: Path) -> Tensor:
    """Run a ComfyUI graph as any other document, and read its picture."""
    models = dict.fromkeys(("models", "checkpoints"), (ROOT / "models",))
    folders = Folders(base / "output", base / "temp", base / "input", models)
    workflow = read_json(document, CATALOG)
    end = Executor(CATALOG, ResultCache(2**30), folders).run(workflow, Caller(lambda event: None))
    assert end.status == "done", end.problem
    (path,) = (base / "output").iterdir()
    with PIL.Image.open(path) as picture:
        data = torch.frombuffer(bytearray(picture.convert("RGB").tobytes()), dtype=torch.uint8)
        return data.reshape(picture.height, picture.width, 3).float() / 255


@torch.no_grad()
def expected(mini: LoadedModel, method: Callable[..., Tensor], levels: list[float]) -> Tensor:
    cond, uncond = (mini.text_encoder.encode([text]) for text in (PROMPT, ""))
    with open_run(mini.model) as run:

        def ask(x: Tensor, sigma: float, text: Conditioning) -> Tensor:
            return run(ModelInput(x, sigma, text), index=0, total=1, evaluation=0, branch="cond")

        def denoise(x: Tensor, sigma: float) -> Tensor:
            without = ask(x, sigma, uncond)
            return without + (ask(x, sigma, cond) - without) * CFG

        latent = method(denoise, levels[0] * comfyui.noise_for(SHAPE, SEED), levels)
    return mini.vae.decode(Latent(latent, mini.model.family.name)).pixels[0]


def psnr(one: Tensor, other: Tensor) -> float:
    return (-10 * (one - other).pow(2).mean().log10()).item()


@pytest.mark.parametrize(
    ("sampler", "scheduler", "method", "shift"),
    [
        ("euler", "simple", comfyui.euler, 1.0),
        ("dpmpp_2m", "beta", comfyui.dpmpp_2m, 1.0),
        ("dpm_2", "normal", comfyui.dpm_2, 3.0),
        ("res_multistep", "sgm_uniform", comfyui.res_multistep, 3.0),
        ("uni_pc", "simple", comfyui.uni_pc, 8.0),
        ("euler_ancestral", "simple", partial(comfyui_noise.euler_ancestral, seed=SEED, shift=3.0), 3.0),
        ("dpmpp_2m_sde", "beta", partial(comfyui_noise.dpmpp_2m_sde, seed=SEED, shift=1.0), 1.0),
    ],
)
def test_ksampler(
    sampler: str, scheduler: str, method: Callable[..., Tensor], shift: float, tmp_path: Path
) -> None:
    document = graph(**{"3": ksampler(sampler, scheduler)})
    if shift != 1:
        shifted = {"class_type": "ModelSamplingSD3", "inputs": {"model": ["4", 0], "shift": shift}}
        document |= {"10": shifted, "3": ksampler(sampler, scheduler, model="10")}
    table = comfyui.discrete_flow(shift)
    levels = comfyui.denoised_part(scheduler, table, STEPS, 1.0, discard=sampler in ("dpm_2", "uni_pc"))
    assert psnr(made(document, tmp_path), expected(read_mini(), method, levels)) > 50, "8 bits allow 59"


def test_two_advanced_ksamplers(tmp_path: Path) -> None:
    stages = {"2": advanced(["5", 0], first=True), "3": advanced(["2", 0], first=False)}
    levels = comfyui.sigmas("simple", comfyui.discrete_flow(1.0), STEPS)
    picture = expected(read_mini(), comfyui.euler, levels)
    assert psnr(made(graph(**stages), tmp_path), picture) > 50

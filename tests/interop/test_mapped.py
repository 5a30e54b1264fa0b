"""Every class type of the table: a small graph with it is understood, runs here, and comes back as it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from app.engine.imaging.videos import video_bytes
from app.engine.media import Video
from app.execution.cache import ResultCache
from app.execution.context import Caller
from app.execution.executor import Executor
from app.execution.files import Folders
from app.graph.catalog import Catalog
from app.graph.check import check
from app.graph.widgets import ModelFile
from app.graph.workflow import Workflow
from app.interop.control_rules import APPLIED, FILLING
from app.interop.documents import problems, read_json, to_api, to_ui
from app.interop.names import RULES
from tests.interop.minimal import Json, graph

ROOT = Path(__file__).parents[2]
TWINS = {  # class types that are one node here: written anew they become the first of them
    "EmptyLatentImage": "EmptySD3LatentImage",
    "EmptyFlux2LatentImage": "EmptySD3LatentImage",
    "ResizeImageMaskNode": "ImageScale",
    "SaveImageAdvanced": "SaveImage",
    "BetaSamplingScheduler": "BasicScheduler",
    "CLIPTextEncodeFlux": "FluxGuidance",
    "ImageBatch": "BatchImagesNode",
    "PrimitiveString": "PrimitiveStringMultiline",
    "SamplerCustomAdvanced": "SamplerCustom",
    "KSamplerAdvanced": "KSampler",
    "SaveWEBM": "SaveVideo",
    "EmptyHunyuanVideo15Latent": "EmptyHunyuanLatentVideo",
    "EmptyLTXVLatentVideo": "EmptyHunyuanLatentVideo",
    "TrimVideoLatent": "LatentCut",
    "WanFirstLastFrameToVideo": "WanImageToVideo",
    "HunyuanVideo15ImageToVideo": "WanImageToVideo",
    "WanFunInpaintToVideo": "WanFirstLastFrameToVideo",
    "LTXVImgToVideo": "WanImageToVideo",
    "UnetLoaderGGUF": "UNETLoader",
    "CLIPLoaderGGUF": "CLIPLoader",
    "DualCLIPLoaderGGUF": "DualCLIPLoader",
    **dict.fromkeys(APPLIED, "patchloom.apply_control"),
    "ModelSamplingAuraFlow": "ModelSamplingSD3",
}
WITH_FILES = {"CheckpointLoaderSimple", "ControlNetLoader"}  # whose files come with Patchloom
FOR_EDITING = {"TextEncodeQwenImageEdit", "TextEncodeQwenImageEditPlus"}
FOR_VIDEO = {
    *("EmptyHunyuanLatentVideo", "EmptyHunyuanVideo15Latent", "EmptyLTXVLatentVideo"),
    *("WanImageToVideo", "WanFirstLastFrameToVideo", "LTXVImgToVideo", "Wan22ImageToVideoLatent"),
    *("WanFunInpaintToVideo", "HunyuanVideo15ImageToVideo", "TrimVideoLatent"),
}
FOR_VISION = {"CLIPVisionEncode"}  # needs a file that no test has


@pytest.fixture(scope="module")
def executor(nodes: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Executor]:
    base = tmp_path_factory.mktemp("mapped")
    (base / "input").mkdir()
    Image.new("RGBA", (64, 48), (200, 100, 50, 128)).save(base / "input" / "a.png")
    sound = torch.sin(torch.arange(8000) / 10)[None]
    clip = Video(torch.full((4, 32, 32, 3), 90, dtype=torch.uint8), 8.0, sound, 8000)
    (base / "input" / "a.mp4").write_bytes(video_bytes(clip, "mp4", 50, "{}"))
    folders = Folders(
        base / "output",
        base / "temp",
        base / "input",
        {
            "models": (ROOT / "models",),
            "controlnet": (ROOT / "models" / "controlnet",),
        },
    )
    yield Executor(nodes, ResultCache(2**30), folders)


def mapped(document: Json, nodes: Catalog) -> Workflow:
    workflow = read_json(document)
    strangers = [id for id, node in workflow.graph.nodes.items() if nodes.get(node.type) is None]
    assert not strangers, problems(workflow)
    return workflow


def needs_a_file(class_type: str, nodes: Catalog) -> bool:
    """Whether a node opens a model file that no test has."""
    specs = [nodes.get(type) for part in RULES[class_type].parts for type in part.types()]
    return class_type not in WITH_FILES and any(
        isinstance(entry.widget, ModelFile) for spec in specs if spec for entry in spec.inputs
    )


@pytest.mark.parametrize("class_type", RULES)
def test_it_is_understood_and_runs(class_type: str, nodes: Catalog, executor: Executor) -> None:
    workflow = mapped(graph(class_type), nodes)
    assert not [problem for problem in check(workflow, nodes) if problem.severity == "error"]
    if not needs_a_file(class_type, nodes) and class_type not in FOR_VISION:
        end = executor.run(workflow, Caller(lambda event: None))
        if class_type in FOR_VIDEO:  # the embedded model makes pictures, and says so
            assert end.problem is not None and end.problem["code"] in ("family_mismatch", "no_frames")
        elif class_type in FOR_EDITING:  # and its text encoder looks at no pictures
            assert end.problem is not None and end.problem["code"] == "no_eyes"
        elif class_type == FILLING:  # and its control network fills no holes
            assert end.problem is not None and end.problem["code"] == "mask_mismatch"
        else:
            assert end.status == "done", end.problem


@pytest.mark.parametrize("class_type", RULES)
def test_it_comes_back(class_type: str, nodes: Catalog) -> None:
    document = graph(class_type)
    workflow = mapped(document, nodes)
    assert to_api(workflow, nodes).document == document


@pytest.mark.parametrize("class_type", RULES)
def test_written_anew_it_says_the_same(class_type: str, nodes: Catalog) -> None:
    """Without the file that a document came from, only what our nodes hold can be written."""
    document = graph(class_type)
    workflow = replace(mapped(document, nodes), extra={})
    api = to_api(workflow, nodes).document
    drawn = json.loads(json.dumps(to_ui(workflow, nodes).document))
    assert said(read_json(api), nodes) == said(read_json(drawn), nodes) == said(workflow, nodes)
    written = {node["class_type"] for node in api.values()}
    assert class_type in written or TWINS.get(class_type, class_type) in written


def said(workflow: Workflow, nodes: Catalog) -> tuple[list[str], list[str]]:
    """What a document says, apart from places, and from values that are the defaults.

    The schedule of a KSampler reads the sampler's model, with or without the techniques on its way.
    """
    names = {}
    for id, node in workflow.graph.nodes.items():
        spec = nodes.get(node.type)
        assert spec is not None, f"{node.type} is a placeholder"
        defaults = {entry.name: entry.default for entry in spec.inputs if not entry.required}
        values = {name: value for name, value in node.values.items() if defaults.get(name) != value}
        names[id] = f"{node.type} {sorted(values.items())}"
    edges = (
        f"{names[edge.source]}.{edge.output} > {names[edge.target]}.{edge.input}"
        for edge in workflow.graph.edges
        if (names[edge.target].split()[0], edge.input) != ("basic_schedule", "model")
    )
    return sorted(names.values()), sorted(edges)

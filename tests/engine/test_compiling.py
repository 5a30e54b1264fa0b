"""Compiled blocks with techniques at work: the numbers of uncompiled ones, and nothing compiled twice."""

import os
import subprocess
import sys
from collections.abc import Iterator
from shutil import which

import pytest
import torch
from torch._dynamo.utils import counters

from app.engine.compiled_blocks import CompiledBlocks
from app.engine.model import Model
from nodes.attention.clear_window import ClearWindow
from nodes.attention.piecewise_sparse_attention import PiecewiseSparseAttention
from nodes.caching.attention_broadcast import AttentionBroadcast
from nodes.caching.first_block_cache import FirstBlockCache
from nodes.loaders.compile_blocks import compile_blocks
from tests.tiny.patches import Identity
from tests.tiny.recorder import ROOT
from tests.tiny.runs import close, guided, run
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import ZOO, build

HAS_COMPILER = any(map(which, (os.environ.get("CXX", "g++"), "clang++", "cl")))
TECHNIQUES = {
    "none": (),
    "all layers": (Identity(),),
    "caches": (FirstBlockCache(0.9), AttentionBroadcast(2, 3, 0, 1)),
    "sparse": (PiecewiseSparseAttention(0.3, 2, 1, 1),),
}


@pytest.fixture(autouse=True)
def nothing_compiled() -> Iterator[None]:
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def with_patches(model: Model, name: str) -> Model:
    for patch in TECHNIQUES[name]:
        model = model.with_patch(patch)
    return model


def graphs() -> int:
    return int(counters["stats"]["unique_graphs"])


@pytest.mark.parametrize("techniques", TECHNIQUES)
@pytest.mark.parametrize("family", ZOO)
def test_what_is_compiled_gives_the_same_numbers_and_serves_every_later_run(
    family: str, techniques: str
) -> None:
    model = with_patches(build(family), techniques)
    handle, before = model.with_patch(CompiledBlocks("eager")), graphs()
    assert torch.equal(run(handle), run(model))
    assert graphs() > before
    with torch._dynamo.config.patch(error_on_recompile=True):  # type: ignore[no-untyped-call]
        assert torch.equal(run(handle, guider=guided(model)), run(model, guider=guided(model)))


def test_wherever_it_stands_on_the_wire() -> None:
    model = build("pixart").with_patch(CompiledBlocks("eager")).with_patch(ClearWindow(3))
    assert torch.equal(run(model), run(build("pixart").with_patch(ClearWindow(3))))


def test_a_run_leaves_nothing_compiled_behind() -> None:
    model = build("pixart")
    run(model.with_patch(CompiledBlocks("eager")))
    assert not any("forward" in vars(module) for module in model.module.modules())


@pytest.mark.timeout(300)
@pytest.mark.skipif(not HAS_COMPILER, reason="no C++ compiler")
def test_kernels_give_the_same_numbers_up_to_rounding_and_are_made_once() -> None:
    model = (
        build("pixart").with_patch(FirstBlockCache(0.3)).with_patch(PiecewiseSparseAttention(0.3, 2, 1, 1))
    )
    handle = compile_blocks(model)
    assert close(run(handle), run(model))
    with torch._dynamo.config.patch(error_on_recompile=True):  # type: ignore[no-untyped-call]
        assert close(run(handle), run(model))


def test_a_machine_without_a_compiler_is_told_so() -> None:
    code = """
from app.graph.problem import Refusal
from nodes.loaders.compile_blocks import compile_blocks
from tests.tiny.runs import run
from tests.tiny.zoo import build
try:
    run(compile_blocks(build("pixart")))
except Refusal as refusal:
    print(refusal.message, refusal.remedy)
"""
    missing = {**os.environ, "CXX": "/nowhere/g++", "TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=missing, capture_output=True, text=True)
    assert "Compiling a block failed: No working C++ compiler" in done.stdout, done.stderr[-2000:]
    assert "Install a C++ compiler" in done.stdout

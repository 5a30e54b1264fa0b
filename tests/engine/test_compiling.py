"""Compiled blocks with techniques at work: the numbers of uncompiled ones, and nothing compiled twice."""

import os
from collections.abc import Iterator
from shutil import which

import pytest
import torch
from torch._dynamo.utils import counters

from app.engine.compiled_blocks import CompiledBlocks
from app.engine.model import Model
from app.graph.problem import Refusal
from nodes.attention.clear_window import ClearWindow
from nodes.attention.piecewise_sparse_attention import PiecewiseSparseAttention
from nodes.caching.attention_broadcast import AttentionBroadcast
from nodes.caching.first_block_cache import FirstBlockCache
from nodes.loaders.compile_blocks import compile_blocks
from tests.tiny.runs import close, guided, run
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import BUILDS, build

HAS_COMPILER = any(map(which, (os.environ.get("CXX", "g++"), "clang++", "cl")))
INDUCTOR = pytest.mark.filterwarnings("ignore:.*script_method.*:DeprecationWarning")  # on its import
TECHNIQUES = (FirstBlockCache(0.9), AttentionBroadcast(2, 3, 0, 1), PiecewiseSparseAttention(0.3, 2, 1, 1))


@pytest.fixture(autouse=True)
def nothing_compiled() -> Iterator[None]:
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def with_techniques(model: Model) -> Model:
    for patch in TECHNIQUES:
        model = model.with_patch(patch)
    return model


def graphs() -> int:
    return int(counters["stats"]["unique_graphs"])


@pytest.mark.parametrize(
    ("family", "at_work"), [*((name, name != "sana") for name in BUILDS), ("pixart", False)]
)
def test_what_is_compiled_gives_the_same_numbers_and_serves_every_later_run(
    family: str, at_work: bool
) -> None:
    model = with_techniques(build(family)) if at_work else build(family)
    handle, before = model.with_patch(CompiledBlocks("eager")), graphs()
    assert torch.equal(run(handle), run(model))
    assert graphs() > before
    with torch._dynamo.config.patch(error_on_recompile=True):
        assert torch.equal(run(handle, guider=guided(model)), run(model, guider=guided(model)))


def test_wherever_it_stands_on_the_wire() -> None:
    model = build("pixart").with_patch(CompiledBlocks("eager")).with_patch(ClearWindow(3))
    assert torch.equal(run(model), run(build("pixart").with_patch(ClearWindow(3))))


def test_a_run_leaves_nothing_compiled_behind() -> None:
    model = build("pixart")
    run(model.with_patch(CompiledBlocks("eager")))
    assert not any("forward" in vars(module) for module in model.module.modules())


@INDUCTOR
@pytest.mark.timeout(300)
@pytest.mark.skipif(not HAS_COMPILER, reason="no C++ compiler")
def test_kernels_give_the_same_numbers_up_to_rounding_and_are_made_once() -> None:
    model = (
        build("pixart").with_patch(FirstBlockCache(0.3)).with_patch(PiecewiseSparseAttention(0.3, 2, 1, 1))
    )
    handle = compile_blocks(model)
    assert close(run(handle), run(model))
    with torch._dynamo.config.patch(error_on_recompile=True):
        assert close(run(handle), run(model))


@INDUCTOR
def test_a_machine_without_a_compiler_is_told_so() -> None:
    absent = {"cpp.cxx": ("/nowhere/g++",), "fx_graph_cache": False}
    with torch._inductor.config.patch(absent), pytest.raises(Refusal, match="No working C") as refused:
        run(compile_blocks(build("pixart")))
    assert "Install a C++ compiler" in refused.value.remedy

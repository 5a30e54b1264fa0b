from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from app.engine.sites import Arguments, Block, Part
from app.engine.step import Step
from app.engine.tokens import Layout
from nodes.caching.memory_slicing import Memory, MemorySlicing, memory_slicing
from tests.tiny.recorder import Recorder
from tests.tiny.runs import close, run
from tests.tiny.zoo import WITH_SCORES, build

MLP = Part(Block("blocks", 0, 0, 1), "ff", "mlp")
HERE = Step(0, 1, 1.0, "cond", 0, Layout((1, 2, 5), 0))


@dataclass
class Instrumented:
    """An MLP that notes the size (bytes) of its inner layer."""

    first: nn.Linear = field(default_factory=lambda: nn.Linear(8, 32))
    second: nn.Linear = field(default_factory=lambda: nn.Linear(32, 8))
    sizes: list[int] = field(default_factory=list)

    def __call__(self, given: Arguments) -> Tensor:
        hidden = self.first(given.positional[0] if given.positional else given.named["hidden_states"])
        self.sizes.append(hidden.nbytes)
        return self.second(hidden.relu())


@pytest.mark.parametrize("slices", [2, 3, 7, 99])
def test_the_inner_layer_is_never_whole(slices: int) -> None:
    tokens, mlp, whole = torch.randn(2, 10, 8), Instrumented(), Instrumented()
    whole.first, whole.second = mlp.first, mlp.second
    expected = whole(Arguments((tokens,), {}))
    for given in (Arguments((tokens,), {}), Arguments((), {"hidden_states": tokens})):
        sliced = MemorySlicing(slices).wrap_module(HERE, Memory(), MLP, given, mlp)
        assert torch.allclose(sliced, expected, atol=1e-6)
    parts = min(slices, 10)
    assert len(mlp.sizes) == 2 * parts
    assert max(mlp.sizes) == whole.sizes[0] // 10 * -(-10 // parts), "a token more where it does not divide"


@pytest.mark.parametrize("family", WITH_SCORES)
def test_the_picture_stays(family: str) -> None:
    model, watcher = build(family), Recorder()
    assert close(run(model.with_patch(MemorySlicing(5)), watcher), run(model), 1e-5)
    (report,) = watcher.reports
    assert report["mlp_tokens_at_once"] == -(-report["mlp_tokens"] // 5)


def test_attention_modules_are_left_alone() -> None:
    seen: list[Any] = []
    given = Arguments((torch.zeros(1, 10, 8),), {})
    call: Callable[[Arguments], Any] = seen.append
    MemorySlicing(3).wrap_module(HERE, Memory(), Part(MLP.block, "attn", "attention"), given, call)
    assert seen == [given]


def test_the_node() -> None:
    assert memory_slicing(build("flux")).patches == (MemorySlicing(7),)

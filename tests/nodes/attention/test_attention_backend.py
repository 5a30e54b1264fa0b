from typing import get_args

import pytest
import torch

from app.engine.attention.backends import Backend, attend_sage, attend_with, installed, works
from app.engine.sites import dense
from app.graph import catalog
from app.graph.problem import Refusal
from nodes.attention.attention_backend import AttentionBackend, attention_backend
from nodes.attention.clear_window import ClearWindow
from tests.nodes.attention.masked import Masked, Place, operands
from tests.tiny.recorder import Recorder
from tests.tiny.runs import close, run
from tests.tiny.zoo import build

CPU = torch.device("cpu")
HERE = [name for name in get_args(Backend) if works(name, CPU, torch.float32, 8, masked=False)]


def test_torch_has_kernels_for_every_cpu_and_none_of_a_gpu() -> None:
    assert {"auto", "math"} <= set(HERE) and not {"efficient", "cudnn", "sage"} & set(HERE)


@pytest.mark.parametrize("name", HERE)
def test_a_kernel_computes_attention(name: Backend) -> None:
    heads = operands(40)
    assert close(attend_with(name, heads), dense(heads))
    masked = heads.with_mask(torch.rand(40, 40, generator=torch.Generator().manual_seed(1)) > 0.3)
    if works(name, CPU, torch.float32, 8, masked=True):
        assert close(attend_with(name, masked), dense(masked))


@pytest.mark.parametrize("name", sorted(set(get_args(Backend)) - set(HERE)))
def test_a_kernel_that_is_not_there_is_refused_with_those_that_are(name: Backend) -> None:
    with pytest.raises(Refusal, match=f"'{name}' cannot compute attention on cpu") as refused:
        run(build("flux").with_patch(AttentionBackend(name)))
    assert "math" in refused.value.remedy


@pytest.mark.skipif(installed("sage"), reason="SageAttention is installed")
def test_a_package_that_is_missing_is_said_before_the_run() -> None:
    with pytest.raises(Refusal, match="not installed"):
        attention_backend(build("flux"), "sage")


def test_a_sparse_technique_on_the_same_wire_is_a_conflict() -> None:
    assert "attention" in catalog.find().specs["attention_backend"].claims
    with pytest.raises(Refusal, match="both take over"):
        attention_backend(build("flux"), "math").with_patch(ClearWindow(2))


@pytest.mark.parametrize("first", [True, False])
def test_a_mask_of_another_technique_reaches_the_kernel_in_either_order(first: bool) -> None:
    model, masking, kernel = build("flux"), Masked(same_row), AttentionBackend("math")
    one, other = (kernel, masking) if first else (masking, kernel)
    masked = run(model.with_patch(masking))
    assert close(run(model.with_patch(one).with_patch(other)), masked) and not close(masked, run(model))


def same_row(here: Place, there: Place) -> bool:
    return here[1] == there[1]


def test_a_kernel_that_takes_no_mask_never_gets_one() -> None:
    masked = operands(40).with_mask(torch.eye(40, dtype=torch.bool))
    with pytest.raises(RuntimeError, match="takes no mask"):
        attend_sage(masked)
    with pytest.raises(Refusal, match="'sage' cannot compute attention with a mask"):
        attend_with("sage", masked)


def test_the_report_counts_operations() -> None:
    watcher = Recorder()
    run(build("flux").with_patch(AttentionBackend("math")), watcher)
    assert watcher.reports == [{"technique": "attention_backend", "backend": "math", "operations": 5 * 4}]

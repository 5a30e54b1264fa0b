import pytest
import torch
from diffusers.models.attention_processor import AttnProcessor
from torch import nn

from app.engine.installation import open_run
from app.engine.model import Model
from app.engine.tap import AttentionTap
from app.graph.problem import Refusal
from tests.tiny.patches import Identity
from tests.tiny.recorder import Recorder
from tests.tiny.runs import run
from tests.tiny.zoo import ZOO, build


def processors(model: Model) -> dict[str, object]:
    return {name: vars(m)["processor"] for name, m in model.module.named_modules() if "processor" in vars(m)}


WITH_PROCESSORS = [name for name in ZOO if processors(build(name))]  # our own networks have none


@pytest.mark.parametrize("family", WITH_PROCESSORS)
def test_in_every_family_the_tap_is_on_for_the_operation_only(
    family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: dict[str, int] = {}
    seen = AttentionTap.__torch_function__

    def count(tap: AttentionTap, func: object, *rest: object) -> object:
        name = getattr(func, "__name__", "")
        calls[name] = calls.get(name, 0) + 1
        return seen(tap, func, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(AttentionTap, "__torch_function__", count)
    run(build(family).with_patch(Identity()))
    assert calls["scaled_dot_product_attention"] > 0 and "linear" not in calls


@pytest.mark.parametrize("family", WITH_PROCESSORS)
def test_processors_are_the_models_own_after_a_run_and_after_an_error(family: str) -> None:
    model = build(family)
    before = processors(model)
    with pytest.raises(ArithmeticError), open_run(model.with_patch(Identity())):
        during = processors(model)
        raise ArithmeticError
    after = processors(model)
    assert all(after[name] is processor for name, processor in before.items())
    hooked = [name for name in before if during[name] is not before[name]]
    assert hooked and all(isinstance(during[name], type(before[name])) for name in hooked)
    assert all(vars(during[name]) is vars(before[name]) for name in hooked)


class Unknown(nn.Module):
    """A processor that is a module, and so is left in its place."""

    def __init__(self, processor: object) -> None:
        super().__init__()
        self.inner = processor

    def forward(self, *args: object, **kwargs: object) -> torch.Tensor:
        return self.inner(*args, **kwargs)  # type: ignore[no-any-return, operator]


def test_another_kind_of_processor_is_seen_all_the_same() -> None:
    model = build("flux")
    attention = model.module.transformer_blocks[0].attn  # type: ignore[index, union-attr]
    own, plain, watcher = attention.processor, run(model), Recorder()
    try:
        del attention.processor
        attention.processor = Unknown(own)
        assert torch.equal(run(model.with_patch(Identity()), watcher), plain)
    finally:
        del attention.processor
        attention.processor = own
    assert watcher.reports[0]["cond"]["attention"] == 5 * 4


def test_attention_without_a_softmax_operation_is_refused() -> None:
    model = build("pixart")
    attention = model.module.transformer_blocks[0].attn1  # type: ignore[index, union-attr]
    own = attention.processor
    try:
        attention.processor = AttnProcessor()  # multiplies matrices by itself
        with pytest.raises(Refusal, match="runs no softmax attention"):
            run(model.with_patch(Identity()))
    finally:
        attention.processor = own

"""What a technique says that it keeps from call to call is what it really keeps."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest
from torch import Tensor

from app.engine.memory.dry_run import META
from app.engine.memory.passing import flow_through
from app.engine.model import Model, Patch
from app.engine.prediction import ModelInput
from tests.contracts.techniques import TECHNIQUES
from tests.tiny.runs import run
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import ZOO, build, noise, prompt

KEEPING = [name for name, it in TECHNIQUES.items() if type(it.active).keeps is not Patch.keeps]


def tensors_in(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif is_dataclass(value):
        yield from tensors_in([getattr(value, field.name) for field in fields(value)])
    elif isinstance(value, Mapping):
        yield from tensors_in(list(value.values()))
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from tensors_in(entry)


def kept(memory: Any) -> int:
    """Return the bytes of all tensors in a memory, each once."""
    return sum({id(tensor): tensor.nbytes for tensor in tensors_in(memory)}.values())


def asked(model: Model) -> ModelInput:
    return ModelInput(noise(model), 0.5, prompt(model))


@pytest.mark.parametrize("family", ["flux", "sd3", "wan"])
@pytest.mark.parametrize("technique", KEEPING)
def test_a_technique_keeps_what_it_says(technique: str, family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    patch, model, memories = TECHNIQUES[technique].active, build(family), dict[str, Any]()
    monkeypatch.setattr(type(patch), "report", lambda self, left: memories.update(left))
    run(model.with_patch(patch))
    assert patch.keeps(flow_through(model, asked(model))) == pytest.approx(kept(memories["cond"]), rel=0.02)


@pytest.mark.parametrize("family", ["flux", "sd3", "wan"])
def test_sizes_are_told_without_numbers(family: str) -> None:
    model = build(family)
    empty = replace(model, module=ZOO[family]().to(META))
    given = asked(model)
    told = flow_through(empty, replace(given, latent=given.latent.to(META)))
    assert told == flow_through(model, given)
    assert 0 < told.image <= told.entry and told.attention > 0

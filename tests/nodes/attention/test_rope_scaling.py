from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from app.engine.installation import open_run
from app.engine.model import Model
from app.engine.prediction import ModelInput
from app.engine.rope_frequencies import Axis
from app.graph.problem import Refusal
from nodes.attention.rope_scaling import Method, RopeScaling, rope_scaling
from tests.tiny.recorder import Recorder
from tests.tiny.runs import close, run
from tests.tiny.zoo import ZOO, build, noise, prompt

ROTARY = sorted(name for name in ZOO if build(name).family.rope)
ALONE = [name for name in ROTARY if name != "lightning-dit"]  # which also adds positions at its entrance


def scaled(model: Model, rows: int, columns: int, method: Method = "linear") -> Model:
    """Take the model as trained on `rows` x `columns` tokens; the noise has 6 x 8."""
    size = columns * model.family.latent.multiple, rows * model.family.latent.multiple
    return rope_scaling(replace(model, size=size), method)


def ask(model: Model, latent: Tensor, sigma: float = 0.6) -> Tensor:
    with torch.no_grad(), open_run(model) as asked:
        return asked(ModelInput(latent, sigma, prompt(model)), index=0, total=1, evaluation=0, branch="cond")


def test_linear_scaling_is_other_positions() -> None:
    model = build("flux")

    def squeezed(module: nn.Module, given: ModelInput) -> dict[str, Any]:
        arguments = model.family.arguments(module, given)
        return {**arguments, "img_ids": arguments["img_ids"] / torch.tensor([1.0, 2.0, 1.6])}

    expected = replace(model, family=replace(model.family, arguments=squeezed))
    assert close(ask(scaled(model, 3, 5), noise(model)), ask(expected, noise(model)))


@pytest.mark.parametrize("family", ALONE)
def test_where_all_positions_are_one_the_picture_may_be_shifted(family: str) -> None:
    """Each family turns heads its own way; undone, it cannot tell rows and columns apart."""
    model = build(family)
    latent = noise(model)
    patch = scaled(model, 3, 5).patches[0]
    assert isinstance(patch, RopeScaling)
    nowhere = model.with_patch(replace(patch, grid=(1e-9, 1e-9)))
    shift = {"shifts": (2, 4), "dims": (-2, -1)}  # by one row and two columns of tokens
    assert close(ask(nowhere, latent.roll(**shift)), ask(nowhere, latent).roll(**shift), 1e-4)
    assert not close(ask(model, latent.roll(**shift)), ask(model, latent).roll(**shift), 1e-4)


def test_ntk_scaling_is_another_base() -> None:
    model = build("flux")
    patch = scaled(model, 3, 4, "ntk").patches[0]
    assert isinstance(patch, RopeScaling)
    own = 10000.0 ** -(torch.arange(0, 6, 2).double() / 6)
    wanted = (10000 * 2 ** (6 / 4)) ** -(torch.arange(0, 6, 2).double() / 6)
    assert torch.allclose(own + patch.change(Axis(6, 10000.0, 3, 2.0), linear=False), wanted)
    assert own[0] == wanted[0], "next neighbours stay as far apart as they were"


def test_time_aware_scaling_is_linear_while_there_is_much_noise() -> None:
    model = build("flux")
    aware, linear = scaled(model, 3, 4, "time_aware"), scaled(model, 3, 4, "linear")
    assert torch.equal(ask(aware, noise(model), 0.8), ask(linear, noise(model), 0.8))
    assert not close(ask(aware, noise(model), 0.6), ask(linear, noise(model), 0.6))


@pytest.mark.parametrize("family", ROTARY)
@pytest.mark.parametrize("size", [(6, 8), (20, 20)])
def test_pictures_up_to_the_trained_size_stay_as_they_are(family: str, size: tuple[int, int]) -> None:
    model, watcher = build(family), Recorder()
    assert torch.equal(run(scaled(model, *size), watcher), run(model)) and watcher.reports == []


@pytest.mark.parametrize("family", ROTARY)
def test_two_runs_are_equal_and_the_report_says_the_scales(family: str) -> None:
    model, watcher = build(family), Recorder()
    handle = scaled(model, 3, 5, "time_aware")
    first = run(handle, watcher)
    assert torch.equal(run(handle), first) and not torch.equal(first, run(model))
    assert watcher.reports == [{"technique": "rope_scaling", "rows": 2.0, "columns": 1.6}]


@pytest.mark.parametrize("family", ["sd3", "pixart"])
def test_a_family_without_rotary_positions_is_refused(family: str) -> None:
    with pytest.raises(Refusal, match=f"A {family} model has no rotary positions"):
        rope_scaling(build(family))

"""What techniques and control networks add to the plan, told before anything is loaded."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from app.checkpoints.sizes import PartSize
from app.config import Settings
from app.engine.control import ControlNet
from app.engine.memory.activations import NAMED, question
from app.engine.memory.dry_run import Taken
from app.engine.memory.forecast import outlook
from app.engine.memory.keeper import Keeper
from app.engine.memory.networks import Network
from app.engine.memory.on_top import Steered, controlled, steering
from app.execution.cache import ResultCache
from app.execution.executor import Executor
from app.execution.memory import Work, foresee
from app.graph import catalog
from app.graph.workflow import read
from nodes.caching.taylor_seer import taylor_seer
from tests.checkpoints.test_layouts import in_layout
from tests.engine.memory.test_forecast import LATENT, MODEL, load
from tests.engine.weights.test_single_files import file, layout_of
from tests.nodes.control.test_apply_control import flux as control_net
from tests.tiny.layouts import transformer
from tests.tiny.zoo import ZOO

ROOT = Path(__file__).parents[3]
SIDE = 1024  # pixels
PROMPT = ("Conditioning", "read", "conditioning")


@pytest.fixture
def flux(tmp_path: Path) -> Path:
    return file(tmp_path, "flux", in_layout(transformer("flux"), "flux", layout_of("flux")))


def plan(path: Path, *between: Work, prompts: int = 1) -> int:
    """Return what sampling takes with some nodes on the model's wire, the last of which makes `model`."""
    model = ("Model", between[-1].id if between else "load", "model")
    told = {"width": SIDE, "height": SIDE}
    asked = {f"prompt {at}": PROMPT for at in range(prompts)}
    given = {"model": model, "latent": ("Latent", "empty", "latent"), "guider": ("Guider", "guide", "guider")}
    works = [
        load(path),
        *between,
        Work("empty", told, {}, {"model": model}, LATENT, True),
        Work("guide", {}, {}, asked, {"guider": "Guider"}, True),
        Work("sample", {}, {}, given, LATENT, True),
    ]
    return outlook(works)["sample"].working or 0


def forecasting(order: int) -> Work:
    values: dict[str, Any] = {"interval": 5, "order": order, "warmup": 3}
    return Work("seer", values, {}, {"model": ("Model", "load", "model")}, MODEL, True, taylor_seer)


def test_what_a_technique_keeps_grows_with_what_it_is_told(flux: Path) -> None:
    plain, *orders = plan(flux), *(plan(flux, forecasting(order)) for order in range(3))
    tokens = orders[1] - orders[0]
    assert tokens > (SIDE // 16) ** 2
    assert orders[2] - orders[1] == tokens and orders[0] - plain == 2 * tokens


def test_each_prompt_of_a_guider_has_a_memory_of_its_own(flux: Path) -> None:
    plain = plan(flux)
    assert plan(flux, prompts=2) == plain, "prompts are asked one after the other"
    assert plan(flux, forecasting(1), prompts=2) - plain == 2 * (plan(flux, forecasting(1)) - plain)


def test_a_technique_that_refuses_its_values_is_left_to_its_node(flux: Path) -> None:
    def refusing(model: object, **values: object) -> object:
        raise ValueError("not with these values")

    work = Work("seer", {}, {}, {"model": ("Model", "load", "model")}, MODEL, True, refusing)
    assert plan(flux, work) == plan(flux)


def test_the_plan_of_a_document_includes_them() -> None:
    executor = Executor(catalog.find(), ResultCache(2**30), Settings(ROOT).folders, keeper=Keeper(None))
    document = read(json.loads((ROOT / "workflows" / "forecast_steps.json").read_text()))
    foreseen = foresee(executor.keeper, executor.prepare(document, ()), executor.folders)
    assert foreseen is not None
    nodes = foreseen.to_json()["nodes"]
    assert nodes["sample_forecast"]["working"] > nodes["sample"]["working"]


@pytest.mark.filterwarnings("ignore::FutureWarning")  # diffusers' Flux network uses an old name of its own
def test_a_control_network_is_asked_without_numbers() -> None:
    size = PartSize("any", "", "F32", 0, 0, 0, 0, 0)
    control, part = Network(size, control_net), Network(size, ZOO["flux"])
    shape = (1, 4, 16, 16)
    steered = steering(control, part, "flux", shape)
    given = question(part, "flux", shape)
    real = ControlNet(control_net()).residuals(NAMED["flux"], given, torch.zeros(shape), 0)
    assert steered is not None
    assert steered.residuals == sum(tensor.nbytes for tensors in real.values() for tensor in tensors)
    assert steered.asking > steered.residuals


def test_residuals_stay_and_asking_is_over_before_the_model_goes_on() -> None:
    assert controlled(Taken(100, 50), [Steered(10, 60)], branches=2) == Taken(120, 70)
    assert controlled(Taken(100, 50), [Steered(10, 200)], branches=2) == Taken(210, 210)

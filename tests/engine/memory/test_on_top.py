"""What techniques and control networks add to the plan, told before anything is loaded."""

from pathlib import Path
from typing import Any

import pytest

from app.engine.memory.forecast import outlook
from app.execution.memory import Work
from nodes.caching.taylor_seer import taylor_seer
from tests.checkpoints.test_layouts import in_layout
from tests.engine.memory.test_forecast import LATENT, MODEL, load
from tests.engine.weights.test_single_files import file, layout_of
from tests.tiny.layouts import transformer

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
    assert tokens >= (SIDE // 16) ** 2 * transformer("flux").config.in_channels > 0
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

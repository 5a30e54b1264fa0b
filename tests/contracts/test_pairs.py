"""Every two techniques: either they work together, or the canvas says before a run that they do not."""

from functools import cache
from itertools import combinations, permutations

import pytest
import torch
from torch import Tensor

from app.engine.model import Model
from app.graph import catalog
from app.graph.check import check
from app.graph.problem import Refusal
from tests.contracts.techniques import TECHNIQUES
from tests.documents import workflow
from tests.tiny.runs import run
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import build

CATALOG = catalog.find()
FAMILIES = ("flux", "pixart")


def claims(name: str) -> frozenset[str]:
    return TECHNIQUES[name].active.claims


ALLOWED = [(one, two) for one, two in permutations(TECHNIQUES, 2) if not claims(one) & claims(two)]
FORBIDDEN = [(one, two) for one, two in combinations(TECHNIQUES, 2) if claims(one) & claims(two)]
FORBIDDEN += [(name, name) for name in TECHNIQUES]


@pytest.fixture(params=FAMILIES)
def model(request: pytest.FixtureRequest) -> Model:
    return build(request.param)


@cache
def alone(family: str, name: str) -> Tensor:
    return run(build(family).with_patch(TECHNIQUES[name].active))


@cache
def weights(family: str) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in build(family).module.state_dict().items()}


@pytest.mark.parametrize(("outer", "inner"), ALLOWED)
def test_an_allowed_pair_works_in_this_order(model: Model, outer: str, inner: str) -> None:
    family = model.family.name
    before = weights(family)
    pair = model.with_patch(TECHNIQUES[outer].active).with_patch(TECHNIQUES[inner].active)
    first = run(pair)
    assert first.isfinite().all() and torch.equal(run(pair), first)
    after = model.module.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize(("outer", "inner"), ALLOWED)
def test_neutral_stays_neutral_beside_the_other(model: Model, outer: str, inner: str) -> None:
    one, two = TECHNIQUES[outer], TECHNIQUES[inner]
    assert torch.equal(
        run(model.with_patch(one.active).with_patch(two.neutral)), alone(model.family.name, outer)
    )
    assert torch.equal(
        run(model.with_patch(one.neutral).with_patch(two.active)), alone(model.family.name, inner)
    )


@pytest.mark.parametrize(("one", "two"), FORBIDDEN)
def test_a_forbidden_pair_is_a_problem_on_the_canvas_and_refused_in_code(one: str, two: str) -> None:
    assert [problem.node for problem in conflicts(one, two)] == ["second"] * len(claims(one) & claims(two))
    with pytest.raises(Refusal, match="both take over"):
        build("flux").with_patch(TECHNIQUES[one].active).with_patch(TECHNIQUES[two].active)


@pytest.mark.parametrize(("one", "two"), ALLOWED)
def test_an_allowed_pair_is_no_problem_on_the_canvas(one: str, two: str) -> None:
    assert conflicts(one, two) == []


def conflicts(one: str, two: str) -> list[object]:
    """Return the conflicts in a document that puts both on one wire."""
    nodes = {"load": "load_model", "first": one, "second": two, "latent": "empty_latent"}
    edges = ("load.model > first.model", "first.model > second.model", "second.model > latent.model")
    return [problem for problem in check(workflow(nodes, *edges), CATALOG) if problem.code == "conflict"]

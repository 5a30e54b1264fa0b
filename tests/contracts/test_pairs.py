"""Every two techniques: either they work together, or the canvas says before a run that they do not.

Each pair meets one family; they take turns, so that every family meets many pairs. All pairs on all families:
`python -m tests.contracts.reach`.
"""

from itertools import combinations

import pytest

from app.graph import catalog
from app.graph.check import check
from app.graph.problem import Refusal
from tests.contracts.reach import ALLOWED, both_work, claims, neutral_stays_neutral, works
from tests.contracts.techniques import TECHNIQUES
from tests.documents import workflow
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import ZOO, build

CATALOG = catalog.find()
FORBIDDEN = [(one, two) for one, two in combinations(TECHNIQUES, 2) if claims(one) & claims(two)]
FORBIDDEN += [(name, name) for name in TECHNIQUES]
FAMILIES = list(ZOO)


def family(outer: str, inner: str) -> str:
    """Return the first family from the pair's turn on that both work on; it is the same for both orders."""
    turn = ALLOWED.index((outer, inner)) // 2
    ordered = FAMILIES[turn % len(FAMILIES) :] + FAMILIES
    return next(name for name in ordered if works(name, outer) and works(name, inner))


@pytest.mark.parametrize(("outer", "inner"), ALLOWED)
def test_an_allowed_pair_works_in_this_order_and_neutral_stays_neutral(outer: str, inner: str) -> None:
    both_work(family(outer, inner), outer, inner)
    neutral_stays_neutral(family(outer, inner), outer, inner)


@pytest.mark.parametrize(("one", "two"), FORBIDDEN)
def test_a_forbidden_pair_is_a_problem_on_the_canvas_and_refused_in_code(one: str, two: str) -> None:
    assert [problem.node for problem in conflicts(one, two)] == ["second"] * len(claims(one) & claims(two))
    with pytest.raises(Refusal, match="both take over"):
        build("flux").with_patch(TECHNIQUES[one].active).with_patch(TECHNIQUES[two].active)


def test_an_allowed_pair_is_no_problem_on_the_canvas() -> None:
    assert not [(one, two) for one, two in ALLOWED if conflicts(one, two)]


def conflicts(one: str, two: str) -> list[object]:
    """Return the conflicts in a document that puts both on one wire."""
    nodes = {"load": "load_model", "first": one, "second": two, "latent": "empty_latent"}
    edges = ("load.model > first.model", "first.model > second.model", "second.model > latent.model")
    return [problem for problem in check(workflow(nodes, *edges), CATALOG) if problem.code == "conflict"]

"""Every allowed pair of techniques on every family: `python -m tests.contracts.reach` takes minutes."""

from functools import cache
from itertools import combinations

import torch
from torch import Tensor

from app.graph.problem import Refusal
from tests.contracts.techniques import REFUSED, TECHNIQUES
from tests.tiny.runs import run
from tests.tiny.zoo import ZOO, build


def claims(name: str) -> frozenset[str]:
    return TECHNIQUES[name].active.claims


FRIENDS = [(one, two) for one, two in combinations(TECHNIQUES, 2) if not claims(one) & claims(two)]
ALLOWED = [ordered for one, two in FRIENDS for ordered in ((one, two), (two, one))]


@cache
def alone(family: str, name: str) -> Tensor:
    return run(build(family).with_patch(TECHNIQUES[name].active))


def works(family: str, name: str) -> bool:
    return name not in REFUSED.get(family, ())


@cache
def weights(family: str) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in build(family).module.state_dict().items()}


def both_work(family: str, outer: str, inner: str) -> None:
    """Fail unless two techniques give finite numbers, twice the same ones, and leave the weights alone."""
    model, before = build(family), weights(family)
    pair = model.with_patch(TECHNIQUES[outer].active).with_patch(TECHNIQUES[inner].active)
    first = run(pair)
    assert first.isfinite().all() and torch.equal(run(pair), first)
    after = model.module.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def neutral_stays_neutral(family: str, outer: str, inner: str) -> None:
    """Fail unless each of two techniques, at its neutral setting, is not noticed by the other at work."""
    model, one, two = build(family), TECHNIQUES[outer], TECHNIQUES[inner]
    assert torch.equal(run(model.with_patch(one.active).with_patch(two.neutral)), alone(family, outer))
    assert torch.equal(run(model.with_patch(one.neutral).with_patch(two.active)), alone(family, inner))


def try_all_pairs() -> None:
    """Print what does not work together."""
    done = failed = 0
    for family in ZOO:
        for outer, inner in ALLOWED:
            if works(family, outer) and works(family, inner):
                done += 1
                try:
                    both_work(family, outer, inner)
                    neutral_stays_neutral(family, outer, inner)
                except (AssertionError, RuntimeError, Refusal) as failure:
                    failed += 1
                    print(f"{family}: {outer} around {inner}: {failure!r}")
    print(f"{done} ordered pairs on {len(ZOO)} families, {failed} failed")


if __name__ == "__main__":
    torch.set_num_threads(1)
    try_all_pairs()

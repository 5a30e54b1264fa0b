import pytest
import torch

from app.engine.media import Latent
from app.engine.reuse.router import RouterTable, RouterTraining
from app.graph.problem import Refusal
from nodes.caching.harmonica import HarmoniCa, harmonica
from nodes.caching.learn_router import learn_router
from nodes.caching.router_table import router_table
from tests.tiny.recorder import Recorder
from tests.tiny.runs import close
from tests.tiny.walks import walk
from tests.tiny.zoo import build, noise, prompt

ROWS = "ccccccccc\nrrrrrcccc\ncccccrrrr\nrrrrrrrrr"  # the tiny Flux has nine modules


def learned(sparsity: float, iterations: int = 12) -> RouterTable:
    training = RouterTraining(build("flux"), prompt(build("flux")), 4, sparsity, 0.3, seed=0)
    return training.learn(noise(build("flux")).shape, iterations, lambda done: None)


def test_a_table_is_text_and_back() -> None:
    router = router_table(ROWS)
    assert router.scores.shape == (4, 9) and "\n".join(router.rows(0.1)) == ROWS
    again = RouterTable.from_bytes(router.to_bytes())
    assert torch.equal(again.scores, router.scores)


@pytest.mark.parametrize("text", ["", "cc\nc", "cx"])
def test_text_that_is_no_table(text: str) -> None:
    with pytest.raises(Refusal, match="line for each step"):
        router_table(text)


def test_modules_run_as_the_table_says() -> None:
    watcher = Recorder()
    walk(build("flux").with_patch(HarmoniCa(router_table(ROWS), 0.1)), 4, watcher=watcher)
    (report,) = watcher.reports
    assert report["grid"] == ROWS.split() and report["skipped_modules"] == ROWS.count("r")


def test_other_numbers_of_steps_take_the_nearest_row() -> None:
    watcher = Recorder()
    walk(build("flux").with_patch(HarmoniCa(router_table(ROWS), 0.1)), 7, watcher=watcher)
    rows = ROWS.split()
    assert watcher.reports[0]["grid"] == [rows[at] for at in (0, 0, 1, 2, 2, 2, 3)]


def test_a_reused_module_returns_what_it_returned() -> None:
    model = build("pixart")
    one = walk(model.with_patch(HarmoniCa(router_table("c r r"), 0.1)), 3)
    assert not torch.equal(one, walk(model, 3))


def test_a_table_of_another_model_is_refused() -> None:
    with pytest.raises(Refusal, match="with 2 modules, this one has 9"):
        walk(build("flux").with_patch(HarmoniCa(router_table("cc rr"), 0.1)), 2)


def test_sparsity_decides_how_much_runs() -> None:
    before = {name: tensor.clone() for name, tensor in build("flux").module.state_dict().items()}
    sparse, careful = learned(10.0), learned(0.0)
    assert sparse.scores.shape == (4, 9)
    assert sparse.scores[1:].max() < 0.2
    assert careful.scores[1:].mean() > 0.5
    assert torch.equal(learned(0.0).scores, careful.scores), "the same seed learns the same"
    after = build("flux").module.state_dict()
    assert all(torch.equal(tensor, after[name]) for name, tensor in before.items())


def test_a_learned_table_is_nearer_than_the_reverse_one() -> None:
    """As many modules run either way; those that training finds needed matter more than the others."""
    model, router = build("flux"), learned(0.0, 25)
    middle = router.scores[1:].median()
    runs = (router.scores > middle).float()
    plain = walk(model, 4)
    kept = walk(model.with_patch(HarmoniCa(RouterTable(runs), 0.5)), 4)
    other = walk(model.with_patch(HarmoniCa(RouterTable(1 - runs), 0.5)), 4)
    assert (kept - plain).norm() < (other - plain).norm()
    assert close(plain, walk(model, 4))


def test_the_nodes() -> None:
    model, watcher = build("flux"), Recorder()
    router, rows = learn_router(
        watcher, model, prompt(model), Latent(torch.zeros_like(noise(model)), "flux"), steps=3, iterations=2
    )
    assert rows.split() == watcher.reports[0]["grid"] == router.rows(0.1)
    assert watcher.steps == [(0, 2), (1, 2), (2, 2)]
    (patch,) = harmonica(model, router).patches
    assert isinstance(patch, HarmoniCa) and patch.threshold == 0.1

"""What every family must let every technique do, on tiny random models of each."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from app.engine.families import FAMILIES, family_for
from app.engine.installation import open_run
from app.engine.model import Model
from app.engine.prediction import ModelInput
from app.graph.problem import Cancelled, Refusal
from tests.tiny.patches import Failing, Identity, NoImageSeesAnother, SomeTokens
from tests.tiny.recorder import Recorder
from tests.tiny.runs import STEPS, close, guided, rows, run, together
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import COLUMNS, FRAMES, ROWS, ZOO, build, noise, prompt

# per transformer call: blocks of trunk and refiners, attention modules and MLPs, attention operations
SITES = {
    "flux": (5, 9, 5),
    "sd3": (4, 13, 6),
    "pixart": (4, 12, 8),
    "lumina2": (5, 10, 5),
    "wan": (3, 9, 6),
    "qwen-image": (3, 9, 3),
    "z-image": (5, 10, 5),
    "chroma": (5, 9, 5),
    "flux2": (5, 9, 5),
    "ltx-video": (3, 9, 6),
    "hunyuan-video": (4, 8, 4),
    "cogvideox": (3, 6, 3),
    "hunyuan-video-1.5": (3, 9, 3),
    "sana": (3, 9, 3),
    "lumina-next": (3, 9, 6),
    "ddt": (5, 10, 5),
    "dit": (3, 6, 3),
    "sit": (3, 6, 3),
    "lightning-dit": (3, 6, 3),
    "dit-dh": (4, 8, 4),
    "fitv2": (3, 6, 3),
}


@pytest.fixture(params=list(ZOO))
def model(request: pytest.FixtureRequest) -> Model:
    return build(request.param)


def forwards(model: Model) -> list[str]:
    """Name the modules whose forward is not their class's own."""
    return [name for name, module in model.module.named_modules() if "forward" in vars(module)]


def needs_all(model: Model) -> bool:
    """Whether its blocks mix all tokens without scores, so that none can be left out or hidden."""
    return any(stack.whole for stack in model.family.stacks)


def test_every_family_has_a_tiny_model() -> None:
    same_class = {"flux-mini", "pixart-alpha", "wan-ti2v", "flux2-dev", "cogvideox-1.5"}
    assert {family.name for family in FAMILIES} - same_class == set(ZOO) == set(SITES)


def test_identity_is_bit_exact_and_sees_every_site(model: Model) -> None:
    plain, seen = run(model), Recorder()
    assert torch.equal(run(model.with_patch(Identity()).with_patch(Identity()), seen), plain)
    counts = dict(zip(("model", "block", "module", "attention"), (1, *SITES[model.family.name]), strict=True))
    expected = {"technique": "identity", "cond": {name: STEPS * count for name, count in counts.items()}}
    assert seen.reports == [expected, expected]
    assert torch.equal(run(model), plain)


def test_hooks_are_there_during_a_run_only(model: Model) -> None:
    with open_run(model.with_patch(Identity())):
        assert forwards(model)
    assert not forwards(model)
    with open_run(model):
        assert not forwards(model), "a run without patches installs nothing"


def test_an_error_leaves_nothing_behind(model: Model) -> None:
    plain = run(model)
    with pytest.raises(ArithmeticError, match="on purpose"):
        run(model.with_patch(Identity()).with_patch(Failing()))
    assert not forwards(model) and torch.equal(run(model), plain)


def test_a_cancelled_run_leaves_nothing_behind(model: Model) -> None:
    plain, watcher = run(model), Recorder(cancel_at=2)
    with pytest.raises(Cancelled):
        run(model.with_patch(Identity()), watcher)
    assert watcher.reports[0]["cond"]["model"] == 2, "reports come after cancel too"
    assert not forwards(model) and torch.equal(run(model), plain)


def test_a_run_changes_no_weight(model: Model) -> None:
    before = {name: tensor.clone() for name, tensor in model.module.state_dict().items()}
    run(model.with_patch(Identity()))
    after = model.module.state_dict()
    assert list(before) == list(after) and all(torch.equal(before[name], after[name]) for name in before)


def test_each_branch_has_its_own_memory(model: Model) -> None:
    watcher = Recorder()
    run(model.with_patch(Identity()), watcher, guided(model))
    assert watcher.reports[0]["cond"]["model"] == watcher.reports[0]["uncond"]["model"] == STEPS


def test_a_batch_of_two_is_two_of_one(model: Model) -> None:
    batch = noise(model, batch=2)
    assert close(together(model, batch), torch.cat(rows(model, batch)))


@pytest.mark.filterwarnings("ignore:.FluxPosEmbed. is deprecated:FutureWarning")
def test_a_saved_and_loaded_model_is_the_same(model: Model, tmp_path: object) -> None:
    model.module.save_pretrained(tmp_path)  # type: ignore[operator]
    again = type(model.module).from_pretrained(tmp_path).eval()  # type: ignore[attr-defined]
    weights = again.state_dict()
    assert all(torch.equal(tensor, weights[name]) for name, tensor in model.module.state_dict().items())
    assert close(run(replace(model, module=again)), run(model)), "up to how the file aligns the weights"


def test_text_and_picture_both_count(model: Model) -> None:
    given = ModelInput(noise(model), 0.6, prompt(model))
    with torch.no_grad(), open_run(model) as asked:
        here = {"index": 0, "total": 1, "evaluation": 0, "branch": "cond"}
        first = asked(given, **here)  # type: ignore[arg-type]
        other = asked(replace(given, conditioning=prompt(model, seed=9)), **here)  # type: ignore[arg-type]
        later = asked(replace(given, sigma=0.2), **here)  # type: ignore[arg-type]
    assert first.shape == given.latent.shape
    assert not torch.allclose(first, other) and not torch.allclose(first, later)


def test_some_tokens_equal_all_when_nothing_moved(model: Model) -> None:
    """The same question twice: a trunk on a shuffled third of the tokens reproduces the whole answer."""
    count = ROWS * COLUMNS * (FRAMES if model.family.latent.frames else 1)
    chosen = torch.randperm(count, generator=torch.Generator().manual_seed(3))[: count // 3]
    if needs_all(model):
        with pytest.raises(Refusal, match="finds nothing to work on"):
            run(model.with_patch(SomeTokens(chosen)))
        return
    given = ModelInput(noise(model), 0.6, prompt(model))
    watcher: list[dict[str, Any]] = []
    with torch.no_grad(), open_run(model.with_patch(SomeTokens(chosen))) as asked:
        whole, some = (asked(given, index=i, total=2, evaluation=0, branch="cond") for i in range(2))
        watcher.extend(asked.reports())
    assert close(whole, some)
    assert set(watcher[0]["widths"]) == {count, count // 3}


def test_attention_changes_only_in_its_branch(model: Model) -> None:
    if needs_all(model):
        with pytest.raises(Refusal, match="finds nothing to work on"):
            run(model.with_patch(NoImageSeesAnother()))
        return
    given = ModelInput(noise(model), 0.6, prompt(model))

    def ask(model: Model, branch: str) -> torch.Tensor:
        with torch.no_grad(), open_run(model) as asked:
            return asked(given, index=0, total=1, evaluation=0, branch=branch)

    plain, patched = ask(model, "cond"), model.with_patch(NoImageSeesAnother())
    assert torch.equal(ask(patched, "cond"), plain)
    assert not torch.allclose(ask(patched, "perturbed"), plain, atol=1e-5)


def test_only_one_run_at_a_time(model: Model) -> None:
    with open_run(model), pytest.raises(RuntimeError, match="already sampling"), open_run(model):
        raise AssertionError("unreachable")
    run(model)


def test_an_unknown_transformer_is_refused() -> None:
    with pytest.raises(Refusal, match="knows no model family with transformer class Linear"):
        family_for(nn.Linear(1, 1))


def test_a_stated_family_must_fit_the_class() -> None:
    with pytest.raises(Refusal, match="'sd3' with transformer class Flux"):
        family_for(build("flux").module, "sd3")
    assert family_for(build("flux").module, "flux-mini").name == "flux-mini"

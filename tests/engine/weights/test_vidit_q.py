"""ViDiT-Q: balanced and rotated weights lose nothing, rounding is measured, sensitive layers keep bits."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from app.engine.media import Latent
from app.engine.model import Model
from app.engine.weights.low_rank import Adapter, Update
from app.engine.weights.model_files import plan, save_transformer
from app.engine.weights.noise_ranges import LEVEL, RangedLinear, range_of
from app.engine.weights.packed_linear import packed_linear
from app.engine.weights.quantising import block_layers, plain_layers
from app.engine.weights.single_files import open_transformer
from app.engine.weights.storage_report import storage_report
from app.engine.weights.vidit_q import Calibration, Recipe, balance, chosen_bits, errors
from app.graph.problem import Refusal
from nodes.guidance.no_guidance import NoGuidance
from nodes.quantization.vidit_q import vidit_q
from nodes.samplers.euler import Euler
from tests.checkpoints.test_layouts import in_layout
from tests.engine.weights.test_single_files import file
from tests.tiny.layouts import transformer
from tests.tiny.recorder import Recorder
from tests.tiny.runs import SIGMAS, guided, run
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import noise, prompt


def layer_and_inputs() -> tuple[nn.Linear, Tensor]:
    """Return a layer of 64 channels, one of which is always large and one large now and then."""
    random = torch.Generator().manual_seed(0)
    layer, x = nn.Linear(64, 48).requires_grad_(False), torch.randn(200, 64, generator=random)
    layer.weight.copy_(torch.randn(48, 64, generator=random) / 8)
    x[:, 3] *= 30
    x[::20, 7] *= 30
    return layer, x


def snr(found: Tensor, exact: Tensor) -> float:
    return float(10 * torch.log10(exact.var() / (found - exact).var()))


def test_balance_is_the_papers() -> None:
    channels, weight = torch.tensor([4.0, 0.0]), torch.tensor([[1.0, -2.0], [-0.25, 0.5]])
    found = balance(channels, weight, 0.25)
    assert torch.allclose(found, torch.tensor([4**0.25 / 1, 1e-5**0.25 / 2**0.75]))


def test_balancing_and_rotating_help_where_channels_are_large() -> None:
    layer, x = layer_and_inputs()
    peaks, exact = x.abs().amax(dim=0), layer(x)
    found = {}
    for name, recipe in {"plain": (0.0, False), "balanced": (0.5, False), "both": (0.5, True)}.items():
        packed = Recipe(*recipe).pack(layer, peaks if name != "plain" else torch.ones(64), 8)
        assert packed is not None
        found[name] = snr(packed_linear(layer, packed, torch.float32)(x), exact)
    assert found["plain"] + 3 < found["balanced"] < found["both"] and found["both"] > 35


def test_a_running_maximum_forgets_slowly() -> None:
    seen = Calibration()
    for size in (1.0, 3.0):
        seen.see("layer", torch.tensor([[size, -size]]))
    assert torch.allclose(seen.channels["layer", 0], torch.tensor([1.1, 1.1]))


def test_ranges_are_kept_apart_and_an_empty_one_takes_its_neighbours() -> None:
    seen = Calibration(4)
    for seen.now, size in ((0, 1.0), (3, 5.0)):
        seen.see("layer", torch.tensor([[size, -size]]))
    assert [float(found[0]) for found in seen.of("layer")] == [1, 1, 5, 5]
    assert [range_of(sigma, 4) for sigma in (1.0, 0.8, 0.75, 0.3, 0.0)] == [0, 0, 1, 2, 3]


def test_each_range_has_a_balance_that_fits_it() -> None:
    """A channel that is large in half of the run only is worth a weight of its own there."""
    layer, x = layer_and_inputs()
    calm = x.clone()
    calm[:, 3] /= 900
    peaks, exact = [some.abs().amax(dim=0) for some in (x, calm)], (layer(x), layer(calm))
    recipe, error = Recipe(0.5, rotate=False), {}
    for ranges in (1, 2):
        given = peaks if ranges == 2 else [torch.maximum(*peaks)]
        made = recipe.layer(layer, given, 4, torch.float32)
        assert made is not None and isinstance(made, RangedLinear) == (ranges == 2)
        for sigma, some, wanted in zip((0.9, 0.1), (x, calm), exact, strict=True):
            before = LEVEL.set(sigma)
            error[ranges, sigma] = snr(made(some), wanted)
            LEVEL.reset(before)
    assert error[2, 0.9] == error[1, 0.9] and error[2, 0.1] > error[1, 0.1] + 1.5


def test_bits_go_to_what_harms_most_by_any_measure() -> None:
    harm = {"picture": (0.9, 0.1), "prompt": (0.2, 0.9), "neither": (0.3, 0.2), "large": (0.8, 0.8)}
    sizes = {"picture": 10, "prompt": 10, "neither": 10, "large": 70}
    assert chosen_bits(harm, sizes, 4, 0.2) == {"picture": 8, "prompt": 8, "neither": 4, "large": 4}
    assert set(chosen_bits(harm, sizes, 4, 1.0).values()) == {8}
    assert set(chosen_bits(harm, sizes, 4, 0.0).values()) == {4}


def test_errors_are_of_the_picture_the_prompt_and_movement() -> None:
    exact = {(0, "cond"): torch.full((1, 1, 2, 1, 1), 2.0), (0, "uncond"): torch.ones(1, 1, 2, 1, 1)}
    exact[0, "cond"][:, :, 1] = 4
    found = {key: sample + 1 for key, sample in exact.items()}
    picture, prompt_error, movement = errors(found, exact)
    assert picture == pytest.approx((4 / 22) ** 0.5) and prompt_error == 0 and movement == 0
    assert (
        len(errors({(0, "cond"): exact[0, "cond"][:, :, 0]}, {(0, "cond"): exact[0, "cond"][:, :, 0]})) == 1
    )


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Model:
    weights = in_layout(transformer("flux"), "flux", "original")
    return open_transformer(file(tmp_path_factory.mktemp("flux"), "flux", weights))


def calibrated(model: Model, precision: str, protect: float = 0.0, ranges: int = 1) -> tuple[Model, Recorder]:
    latent = Latent(torch.zeros_like(noise(model)), model.family.name)
    watcher = Recorder()
    made = vidit_q(
        watcher, model, guided(model), Euler(), SIGMAS, latent, precision, protect=protect, ranges=ranges
    )  # type: ignore[arg-type]
    return made, watcher


def test_a_model_of_8_bits_is_near_and_of_4_bits_nearer_where_protected(base: Model, tmp_path: Path) -> None:
    exact = run(base)
    eight, watcher = calibrated(base, "W8A8")
    assert snr(run(eight), exact) > 30
    assert watcher.reports[-1]["layers"] == f"{len(plan(base.module))} W8A8"
    four, half = (calibrated(base, "W4A8", share) for share in (0.0, 0.5))
    wrong = [float(found[1].reports[-1]["error_of_recorded_calls"]) for found in (four, half)]
    assert wrong[0] > wrong[1] > float(watcher.reports[-1]["error_of_recorded_calls"])
    assert set(plan(half[0].module).values()) == {"W4A8", "W8A8"}
    assert torch.equal(run(base), exact), "calibrating leaves nothing behind"
    save_transformer(half[0], tmp_path / "plan.safetensors")
    again = open_transformer(tmp_path / "plan.safetensors")
    assert plan(again.module) == plan(half[0].module)
    ours, theirs = half[0].module.state_dict(), again.module.state_dict()
    assert ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_model_with_two_ranges(base: Model, tmp_path: Path) -> None:
    exact = run(base)
    one, _ = calibrated(base, "W8A8")
    two, watcher = calibrated(base, "W8A8", ranges=2)
    assert snr(run(two), exact) > 30 and not torch.equal(run(two), run(one))
    assert plan(two.module) == plan(one.module) and torch.equal(run(base), exact)
    assert watcher.reports[-1]["bytes_saved"] < storage_report(one.module, one.dtype)["bytes_saved"]
    name, layer = next(iter(block_layers(two.module).items()))
    update = Update(torch.ones(1, layer.in_features), torch.ones(layer.out_features, 1) / 50)
    assert not torch.equal(run(two.with_adapter(Adapter({name: update}, {name: 1.0}))), run(two))
    assert torch.equal(run(two.with_adapter(Adapter({name: update}, {name: 0.0}))), run(two))
    assert two.plain.patches == two.patches, "they belong to the model"
    assert not plain_layers(two.module), "nothing is left to be quantised again"
    with pytest.raises(Refusal, match="several ranges of noise cannot be written"):
        save_transformer(two, tmp_path / "two.safetensors")


def test_unchanged_is_the_very_model(base: Model) -> None:
    made, watcher = calibrated(base, "unchanged")
    assert made is base and not watcher.reports


def test_without_a_negative_side_the_picture_alone_counts(base: Model) -> None:
    latent = Latent(torch.zeros_like(noise(base)), base.family.name)
    made = vidit_q(
        Recorder(),
        base,
        NoGuidance(prompt(base)),
        Euler(),
        SIGMAS,
        latent,
        "W4A8",
        protect=0.3,  # type: ignore[arg-type]
    )
    assert "W8A8" in plan(made.module).values()

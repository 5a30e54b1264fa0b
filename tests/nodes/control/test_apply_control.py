"""Control networks steer as diffusers' own pipelines do, and stay right beside caches and token subsets."""

import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from app.engine.control import ControlNet, open_control
from app.engine.model import Model, Patch
from app.engine.prediction import ModelInput
from app.engine.sampling import Sampling, Sigmas
from app.engine.sites import Block
from app.engine.step import Step
from app.engine.tokens import Tokens
from app.graph.problem import Refusal
from nodes.caching.first_block_cache import FirstBlockCache
from nodes.control.apply_control import Control
from nodes.guidance.no_guidance import NoGuidance
from nodes.samplers.euler import Euler
from nodes.schedules.noise_level_at import noise_level_at
from tests.tiny.networks import HEADS, POOLED_WIDTH, TEXT_WIDTH
from tests.tiny.recorder import Recorder
from tests.tiny.runs import run
from tests.tiny.zoo import build, noise, prompt


def flux(**more: Any) -> nn.Module:
    from diffusers import FluxControlNetModel

    return FluxControlNetModel(
        in_channels=16,
        num_layers=1,
        num_single_layers=2,
        joint_attention_dim=TEXT_WIDTH,
        pooled_projection_dim=POOLED_WIDTH,
        **{**HEADS, "axes_dims_rope": (4, 6, 6), **more},
    )


def sd3(**more: Any) -> nn.Module:
    from diffusers import SD3ControlNetModel

    return SD3ControlNetModel(
        sample_size=16,
        in_channels=4,
        num_layers=2,
        joint_attention_dim=TEXT_WIDTH,
        pooled_projection_dim=POOLED_WIDTH,
        pos_embed_max_size=16,
        **{**HEADS, "caption_projection_dim": 32, **more},
    )


def qwen_image(**more: Any) -> nn.Module:
    from diffusers import QwenImageControlNetModel

    return QwenImageControlNetModel(
        in_channels=16,
        out_channels=4,
        num_layers=2,
        joint_attention_dim=TEXT_WIDTH,
        **{**HEADS, "axes_dims_rope": (4, 6, 6), **more},
    )


NETS: dict[str, Callable[..., nn.Module]] = {"flux": flux, "sd3": sd3, "qwen-image": qwen_image}
NAMES = {
    "flux": ("controlnet_block_samples", "controlnet_single_block_samples"),
    "sd3": ("block_controlnet_hidden_states",),
    "qwen-image": ("controlnet_block_samples",),
}


@cache
def net(name: str, modes: int = 0) -> ControlNet:
    torch.manual_seed(3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # diffusers' Flux network uses an old name of its own
        module = (NETS[name]() if not modes else flux(num_mode=modes)).eval().requires_grad_(False)
    for parameter in module.parameters():
        if not parameter.any():
            parameter.normal_(std=0.05)  # what it adds starts at zero
    return ControlNet(module)


def hint(model: Model) -> Tensor:
    return torch.randn(noise(model).shape, generator=torch.Generator().manual_seed(9))


def control(model: Model, name: str, **changes: Any) -> Control:
    blocks = {stack: len(getattr(model.module, stack)) for stack in net(name).form.stacks}
    settings = {"strength": 1.0, "start": 0.0, "end": 1.0, "mode": 0, **changes}
    return Control(net(name), model.family, blocks, hint(model), **settings)


@pytest.fixture(params=list(NETS))
def name(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


def test_residuals_go_in_where_diffusers_puts_them(name: str) -> None:
    """One call of our patched model against the bare class with the residuals as arguments."""
    model, seen = build(name), []

    class Reading(Patch[None]):
        def wrap_model(
            self, step: Step, memory: None, given: ModelInput, call: Callable[[ModelInput], Tensor]
        ) -> Tensor:
            residuals = net(name).residuals(model.family, given, hint(model), 0)
            extra = dict(zip(NAMES[name], residuals.values(), strict=True))
            named = model.family.arguments(model.module, given)
            output = model.module(**named, **extra, return_dict=False)[0]
            seen.append((call(given), model.family.denoised(given, output)))
            return seen[-1][0]

    with torch.no_grad():
        theirs = model.with_patch(Reading())
        run(theirs)
        alone = [denoised for _, denoised in seen]
        seen.clear()
        run(theirs.with_patch(control(model, name)))
    ours = [denoised for denoised, _ in seen]
    assert torch.allclose(ours[0], alone[0], atol=1e-6)
    assert not torch.allclose(ours[0], run(model), atol=1e-3)


def test_strength_zero_and_an_empty_range_change_nothing(name: str) -> None:
    model, watcher = build(name), Recorder()
    plain = run(model)
    assert torch.equal(run(model.with_patch(control(model, name, strength=0.0))), plain)
    assert torch.equal(run(model.with_patch(control(model, name, start=0.6, end=0.4))), plain)
    assert not torch.equal(run(model.with_patch(control(model, name)), watcher), plain)
    assert watcher.reports == [{"technique": "apply_control", "calls": 4, "controlled": 4, "strength": 1.0}]


def test_a_range_counts_noise_levels_and_not_steps(name: str) -> None:
    """ComfyUI's: from the level at one share of the model's schedule to that at another, both included."""
    model = build(name)
    steered = model.with_patch(control(model, name, start=0.25, end=0.5))

    def controlled(*sigmas: float) -> int:
        watcher = Recorder()
        sampling = Sampling(steered, NoGuidance(prompt(model)), Euler(), Sigmas(sigmas))
        sampling.walk(noise(model), watcher)
        return int(watcher.reports[0]["controlled"])

    first, last = (noise_level_at(model, share) for share in (0.25, 0.5))
    assert controlled(1.0, first, (first + last) / 2, last, last / 2, 0.0) == 3
    assert (
        controlled(1.0, first, (first + last) / 2) + controlled((first + last) / 2, last, last / 2, 0.0) == 3
    )
    assert controlled(last / 2, last / 4, 0.0) == 0, "image to image that begins below the range"


def test_it_acts_inside_a_cache_wherever_it_stands_on_the_wire(name: str) -> None:
    model, watcher = build(name), Recorder()
    caching, steering = FirstBlockCache(0.9), control(model, name)
    before = run(model.with_patch(steering).with_patch(caching), watcher)
    assert torch.equal(before, run(model.with_patch(caching).with_patch(steering)))
    assert not torch.equal(before, run(model.with_patch(caching)))
    neutral = model.with_patch(FirstBlockCache(0)).with_patch(steering)
    assert torch.equal(run(neutral), run(model.with_patch(steering)))


class HalfTheTokens(Patch[None]):
    """Lets block 1 work on every second image token; the others pass unchanged."""

    def wrap_block(
        self, step: Step, memory: None, block: Block, tokens: Tokens, call: Callable[[Tokens], Tokens]
    ) -> Tokens:
        if block.depth != 1:
            return call(tokens)
        active = torch.arange(0, tokens.image.shape[1], 2)
        step.select(active)
        after = call(Tokens({**tokens.streams, "image": tokens.image[:, active]}))
        step.select(None)
        image = tokens.image.clone()
        image[:, active] = after.image
        return Tokens({**after.streams, "image": image})


def test_only_tokens_that_are_computed_get_their_residual() -> None:
    model, seen = build("flux"), {}

    class Looking(HalfTheTokens):
        def wrap_block(
            self, step: Step, memory: None, block: Block, tokens: Tokens, call: Callable[[Tokens], Tokens]
        ) -> Tokens:
            after = super().wrap_block(step, memory, block, tokens, call)
            if block.depth == 1:
                seen[step.index] = (after - tokens).image
            return after

    run(model.with_patch(Looking()).with_patch(control(model, "flux")))
    assert not seen[0][:, 1::2].any() and seen[0][:, ::2].any()


def test_several_networks_add_up() -> None:
    model = build("flux")
    one, half = control(model, "flux"), control(model, "flux", strength=0.5)
    twice = model.with_patch(half).with_patch(half)
    assert torch.allclose(run(twice), run(model.with_patch(one)), atol=1e-5)


def test_a_union_network_wants_one_of_its_modes() -> None:
    union, model = net("flux", modes=3), build("flux")
    given = ModelInput(noise(model), 0.5, prompt(model))
    two, one = (
        union.residuals(model.family, given, hint(model), mode)["transformer_blocks"][0] for mode in (2, 1)
    )
    assert two.shape == one.shape and not torch.equal(two, one)
    union.check(model.family, 2)
    with pytest.raises(Refusal, match="modes 0 to 2"):
        union.check(model.family, 3)


def test_a_network_for_another_family_is_refused() -> None:
    with pytest.raises(Refusal, match=r"steers sd3; the model is flux\."):
        net("sd3").check(build("flux").family, 0)


LARGER: dict[str, dict[str, Any]] = {  # heads of a width that real models have, so that shapes tell all
    "flux": {"attention_head_dim": 32, "axes_dims_rope": (4, 14, 14)},
    "sd3": {"attention_head_dim": 64, "num_attention_heads": 1, "caption_projection_dim": 64},
    "qwen-image": {"attention_head_dim": 32, "axes_dims_rope": (4, 14, 14)},
}


def saved(name: str, path: Path, **more: Any) -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        module = NETS[name](**more)
    save_file({key: value.clone() for key, value in module.state_dict().items()}, path)
    return module


def test_a_file_alone_says_how_the_network_is_built(name: str, tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    module, opened = saved(name, path, **LARGER[name]), open_control(path)
    assert opened.form == net(name).form and not opened.modes
    weights = opened.module.state_dict()
    assert weights.keys() == module.state_dict().keys()
    assert all(torch.equal(weights[key], value) for key, value in module.state_dict().items())


def test_a_union_network_is_told_by_its_file(tmp_path: Path) -> None:
    saved("flux", tmp_path / "net.safetensors", **LARGER["flux"], num_mode=3)
    assert open_control(tmp_path / "net.safetensors").modes == 3


def test_config_json_tells_what_no_shape_does(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    saved("sd3", path, **LARGER["sd3"])
    assert open_control(path).ignores_shift
    (tmp_path / "config.json").write_text('{"force_zeros_for_pooled_projection": false}')
    assert not open_control(path).ignores_shift


def test_a_transformer_is_no_control_network(tmp_path: Path) -> None:
    path = tmp_path / "flux.safetensors"
    save_file({key: value.clone() for key, value in build("flux").module.state_dict().items()}, path)
    with pytest.raises(Refusal, match=r"holds a transformer of flux, not a controlnet"):
        open_control(path)

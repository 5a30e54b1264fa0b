"""Guidance as an input of the network: its neutral value, what the network hears, and batches."""

from typing import Any, cast

import torch
from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.model import Model
from app.engine.sampling import Sampling
from nodes.guidance.embedded_guidance import embedded_guidance
from nodes.guidance.no_guidance import NoGuidance
from nodes.samplers.euler import Euler
from tests.nodes.guidance.answers import POSITIVE
from tests.tiny.recorder import Recorder
from tests.tiny.runs import SIGMAS, close, run
from tests.tiny.zoo import build, noise, prompt


def test_embedded_guidance_reaches_the_model() -> None:
    conditioning = embedded_guidance(POSITIVE, 2.0)
    assert conditioning.embedded_guidance == 2.0 and POSITIVE.embedded_guidance == 3.5
    assert conditioning.tokens is POSITIVE.tokens
    assert embedded_guidance(POSITIVE).embedded_guidance == POSITIVE.embedded_guidance, "neutral by default"
    assert conditioning.for_batch(4).embedded_guidance == 2.0


def guidance_heard(model: Model, conditioning: Conditioning) -> tuple[Tensor, list[Tensor]]:
    """Return the latent, and what the network was given as guidance at each call."""
    heard: list[Tensor] = []

    def hook(module: object, given: tuple[object, ...], named: dict[str, Tensor]) -> None:
        heard.append(named["guidance"])

    with model.module.register_forward_pre_hook(hook, with_kwargs=True):
        return run(model, guider=NoGuidance(conditioning)), heard


def test_embedded_guidance_is_an_input_of_the_model() -> None:
    """The network gets the number, times its own scale; neutral is what a prompt has without the node."""
    model = build("sana")
    told, network = prompt(model), cast("Any", model.module)
    scale = network.config.guidance_embeds_scale
    default, heard = guidance_heard(model, embedded_guidance(told))
    assert torch.equal(default, guidance_heard(model, told)[0])
    assert len(heard) == SIGMAS.steps and torch.equal(heard[0], torch.tensor([3.5 * scale]))
    weaker, heard = guidance_heard(model, embedded_guidance(told, 2.0))
    assert torch.equal(heard[-1], torch.tensor([2.0 * scale])) and not torch.allclose(weaker, default)


def test_embedded_guidance_of_a_batch_of_two_is_that_of_two_of_one() -> None:
    model = build("sana")
    sampling = Sampling(model, NoGuidance(embedded_guidance(prompt(model), 2.0)), Euler(), SIGMAS)
    batch = noise(model, batch=2)
    apart = [sampling.walk(row[None], Recorder()) for row in batch]
    assert close(sampling.walk(batch, Recorder()), torch.cat(apart), 1e-4)


def test_a_model_without_the_input_ignores_embedded_guidance() -> None:
    model = build("sd3")
    assert torch.equal(run(model, guider=NoGuidance(embedded_guidance(prompt(model), 9.0))), run(model))

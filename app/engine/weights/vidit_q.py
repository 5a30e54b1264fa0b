"""ViDiT-Q: whole numbers of 4 or 8 bits for a diffusion transformer, calibrated on recorded steps.

Inputs of a layer are rounded to 8 bits, token by token. Channels that are always large are balanced against
the weight (static), over the whole run or in ranges of noise levels apart; those that are large now and then
are spread by a rotation (dynamic). Layers whose rounding harms most keep more bits, ranked apart by what they
harm: the picture, what the prompt changes in it, movement.

Reference: Zhao et al., ViDiT-Q (2024), https://arxiv.org/abs/2406.02540
Reference: https://github.com/thu-nics/ViDiT-Q (balancing, running maximum, rounding of inputs)

The authors sort layers by kind (self-attention and MLP, cross-attention, temporal attention) and take one
measure of each kind; here every layer is measured by all, so that no name of a layer needs to be known.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain, zip_longest
from typing import Any

import torch
from torch import Tensor, nn

from app.engine.hooks import replaced_forward
from app.engine.installation import open_run
from app.engine.model import Model, Patch
from app.engine.prediction import ModelInput
from app.engine.step import Step
from app.engine.weights.noise_ranges import RangedLinear, TellsNoise, range_of
from app.engine.weights.packed import Inputs, Packed, pack
from app.engine.weights.packed_linear import PackedLinear, packed_linear, why_decoded
from app.engine.weights.quantising import plain_layers, with_layers
from app.engine.weights.rotation import rotation_size

MOMENTUM = 0.95  # of the running maximum, as in the authors' code
SMALLEST = 1e-5  # channels below count as this large, as there
KINDS = {4: "I4", 8: "I8"}
PROBED = 3  # steps whose calls are done again for each layer


Answers = Mapping[tuple[int, str], Tensor]
"""(step, branch) -> denoised samples."""


@dataclass
class Calibration:
    """What was seen while sampling.

    Attributes:
        ranges: Ranges of noise levels that are kept apart.
        now: The range that the model is asked about.
        channels: (layer, range) -> running maximum of each input channel's size, (D,).
        calls: (step, branch) -> what the transformer was given.
    """

    ranges: int = 1
    now: int = 0
    channels: dict[tuple[str, int], Tensor] = field(default_factory=dict)
    calls: dict[tuple[int, str], tuple[Step, ModelInput]] = field(default_factory=dict)

    def see(self, name: str, x: Tensor) -> None:
        peak = x.detach().float().abs().reshape(-1, x.shape[-1]).amax(dim=0)
        before = self.channels.get((name, self.now))
        running = peak if before is None else MOMENTUM * before + (1 - MOMENTUM) * peak
        self.channels[name, self.now] = running

    def of(self, name: str) -> list[Tensor]:
        """Return the channels of a layer in each range; one that no step lay in takes its neighbour's."""
        seen = sorted(place for layer, place in self.channels if layer == name)
        nearest = (min(seen, key=lambda other: abs(other - place)) for place in range(self.ranges))
        return [self.channels[name, place] for place in nearest]


@dataclass(frozen=True, eq=False)
class RecordsCalls(Patch[None]):
    """Changes nothing; keeps what the transformer is given at some steps, first evaluation of each."""

    calibration: Calibration

    def wrap_model(
        self, step: Step, memory: None, given: ModelInput, call: Callable[[ModelInput], Tensor]
    ) -> Tensor:
        self.calibration.now = range_of(given.sigma, self.calibration.ranges)
        probed = {round((number + 0.5) * step.total / PROBED - 0.5) for number in range(PROBED)}
        if step.index in probed and step.evaluation == 0:
            self.calibration.calls[step.index, step.branch] = step, given
        return call(given)


@contextmanager
def watched(module: nn.Module, calibration: Calibration) -> Iterator[None]:
    """Let the linear layers of the blocks show their inputs for the length of a `with` block."""

    def shown(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def hook(forward: Callable[..., Any]) -> Callable[..., Any]:
            def seen(x: Tensor) -> Any:
                calibration.see(name, x)
                return forward(x)

            return seen

        return hook

    with ExitStack() as stack:
        for name, layer in plain_layers(module).items():
            stack.enter_context(replaced_forward(layer, shown(name)))
        yield


@dataclass(frozen=True)
class Recipe:
    """How to quantise a layer.

    Attributes:
        alpha: How much of a channel's size is moved from the inputs to the weight; 0 to 1.
        rotate: Whether channels are rotated in groups.
    """

    alpha: float = 0.3
    rotate: bool = True

    def layer(
        self, like: nn.Linear, ranges: Sequence[Tensor], bits: int, dtype: torch.dtype
    ) -> PackedLinear | RangedLinear | None:
        """Return a layer in 4 or 8 bits, given its channels in each range of noise levels."""
        packs = [packed for channels in ranges if (packed := self.pack(like, channels, bits)) is not None]
        layers = [packed_linear(like, packed, dtype) for packed in packs]
        return RangedLinear(layers) if len(layers) > 1 else layers[0] if layers else None

    def pack(self, layer: nn.Linear, channels: Tensor, bits: int) -> Packed | None:
        """Return the weight of a layer in 4 or 8 bits; None where no kernel multiplies its size."""
        weight = layer.weight.float()
        scales = balance(channels, weight, self.alpha)
        rotation = rotation_size(layer.in_features) if self.rotate else 0
        packed = pack(weight, KINDS[bits], 0, Inputs(True, True, 1 / scales, rotation))
        return None if why_decoded(packed) else packed


def balance(channels: Tensor, weight: Tensor, alpha: float) -> Tensor:
    """Return what inputs are divided by and the columns of a weight multiplied with, (D,).

    Args:
        channels: (D,) size of each input channel.
        weight: (rows, D).
        alpha: 0 leaves inputs to the size of the weight alone, 1 makes all of them equally large.
    """
    peaks = weight.abs().amax(dim=0).clamp_min(SMALLEST)
    return channels.clamp_min(SMALLEST) ** alpha / peaks ** (1 - alpha)


def chosen_bits(
    harm: Mapping[str, tuple[float, ...]], sizes: Mapping[str, int], bits: int, protect: float
) -> dict[str, int]:
    """Return the bits of each layer: twice as many for those that are most sensitive by any one measure.

    Args:
        harm: Layer -> error that it causes alone, by each measure.
        sizes: Layer -> numbers in its weight.
        bits: Of the other layers.
        protect: Share of all numbers that may have more bits.
    """
    measures = range(len(next(iter(harm.values()), ())))
    rankings = [sorted(harm, key=lambda name: harm[name][measure], reverse=True) for measure in measures]
    room = protect * sum(sizes.values())
    found = dict.fromkeys(sizes, bits)
    for name in chain.from_iterable(zip_longest(*rankings)):
        if found[name] == bits and sizes[name] <= room:
            found[name] = 2 * bits
            room -= sizes[name]
    return found


@dataclass(frozen=True, eq=False)
class Quantization:
    """A model, what was seen of it, and how its layers are to be quantised."""

    model: Model
    calibration: Calibration
    recipe: Recipe
    bits: int

    def quantized(self, protect: float, told: Callable[[int, int], None]) -> tuple[Model, float]:
        """Return the quantised handle, and the relative error of the recorded calls.

        Args:
            protect: Share of all numbers that may keep twice the bits.
            told: Gets how many layers of how many are measured.
        """
        layers = plain_layers(self.model.module)
        names = dict.fromkeys(name for name, _ in self.calibration.channels)
        small = {name: x for name in names if (x := self.layer(name, layers[name], self.bits))}
        bits = dict.fromkeys(small, self.bits)
        if protect:
            sizes = {name: layers[name].weight.numel() for name in small}
            bits = chosen_bits(self.harm(small, told), sizes, self.bits, protect)

        def choose(name: str, layer: nn.Linear) -> nn.Linear | None:
            if bits.get(name) == self.bits:
                return small[name]
            return self.layer(name, layer, 8) if bits.get(name) == 8 else None

        made = replace(self.model, module=with_layers(self.model.module, choose))
        made = made.with_patch(TellsNoise()) if self.calibration.ranges > 1 else made
        return made, errors(self.answers(made), self.answers(self.model))[0]

    def layer(self, name: str, like: nn.Linear, bits: int) -> PackedLinear | RangedLinear | None:
        return self.recipe.layer(like, self.calibration.of(name), bits, self.model.dtype)

    def harm(
        self, small: Mapping[str, nn.Linear], told: Callable[[int, int], None]
    ) -> dict[str, tuple[float, ...]]:
        """Return for each layer the errors of the recorded calls when it alone is quantised."""
        layers, found = plain_layers(self.model.module), dict[str, tuple[float, ...]]()
        asked = self.model.with_patch(TellsNoise())
        exact = self.answers(asked)
        for count, (name, alone) in enumerate(small.items()):
            told(count, len(small))
            with replaced_forward(layers[name], stand_in(alone)):
                found[name] = errors(self.answers(asked), exact)
        return found

    @torch.no_grad()
    def answers(self, model: Model) -> Answers:
        """Ask a model again what was recorded."""
        with open_run(model.plain) as run:
            return {
                key: run(given, index=step.index, total=step.total, evaluation=0, branch=step.branch)
                for key, (step, given) in self.calibration.calls.items()
            }


def stand_in(layer: nn.Linear) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return lambda forward: layer.forward


def errors(found: Answers, exact: Answers) -> tuple[float, ...]:
    """Return relative errors: of the denoised samples, of what the prompt changes, of what moves."""
    measures = (dict, prompted, moving)
    return tuple(relative(measure(found), wanted) for measure in measures if (wanted := measure(exact)))


def prompted(answers: Answers) -> dict[int, Tensor]:
    """Return the difference that the prompt makes at each step; nothing without a negative side."""
    return {
        index: sample - answers[index, "uncond"]
        for (index, branch), sample in answers.items()
        if branch == "cond" and (index, "uncond") in answers
    }


def moving(answers: Answers) -> dict[tuple[int, str], Tensor]:
    """Return the differences between neighbouring frames (B, C, F, h, w); nothing for pictures."""
    return {
        key: sample.diff(dim=2) for key, sample in answers.items() if sample.ndim == 5 and sample.shape[2] > 1
    }


def relative(found: Mapping[Any, Tensor], exact: Mapping[Any, Tensor]) -> float:
    wrong = sum(float((found[key] - exact[key]).square().sum()) for key in exact)
    size = sum(float(sample.square().sum()) for sample in exact.values())
    return math.sqrt(wrong / max(1e-12, size))

"""A diffusion transformer and the techniques a workflow has put on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Generic, TypeVar

import torch
from torch import Tensor, nn

from app.engine.families import Family
from app.engine.flow import Flow
from app.engine.latents.preview import Preview
from app.engine.memory.offloading import place_of, weight_bytes
from app.engine.prediction import ModelInput
from app.engine.sites import Arguments, Attention, Block, Heads, Part
from app.engine.step import Step
from app.engine.tokens import Tokens
from app.engine.weights.low_rank import Adapter
from app.graph.problem import Refusal

Memory = TypeVar("Memory")
SHARE_DIGITS = 6


@dataclass(frozen=True)
class Patch(Generic[Memory]):
    """One technique. The patch holds parameters only; what it remembers is made anew for each run and branch.

    Override the layers you need. Each gets `call`, which goes on to the next patch and at last to the model:
    call it or not, change what goes in or comes out. Layers nest: model > block > module > attention; within
    a layer, data passes through the patches in their order on the wire.

    Attributes:
        claims: What the technique takes over: `blocks`, `modules`, `attention`, `tokens`... Two patches on
            one model cannot claim the same.
        shares_branches: Whether one memory serves all guidance branches instead of one for each.
        inner: Whether it belongs to the model, as control networks do: it then acts inside all techniques,
            wherever it stands on the wire, so that what they reuse or skip includes it.
        splits_mlps: Whether it gives an MLP some tokens at a time, so that convolutions are none for it.
        image_attention: Whether what it does around the attention operation is about image tokens among each
            other, so that a model without such an operation is none for it.
    """

    claims: ClassVar[frozenset[str]] = frozenset()
    shares_branches: ClassVar[bool] = False
    inner: ClassVar[bool] = False
    splits_mlps: ClassVar[bool] = False
    image_attention: ClassVar[bool] = True

    def new_memory(self) -> Memory:
        """Return fresh memory for one sampling run and one guidance branch."""
        return None  # type: ignore[return-value]

    def wrap_model(
        self, step: Step, memory: Memory, given: ModelInput, call: Callable[[ModelInput], Tensor]
    ) -> Tensor:
        """Take part around the whole transformer; return the denoised sample."""
        return call(given)

    def wrap_block(
        self, step: Step, memory: Memory, block: Block, tokens: Tokens, call: Callable[[Tokens], Tokens]
    ) -> Tokens:
        """Take part around one block; return the tokens after it."""
        return call(tokens)

    def wrap_module(
        self, step: Step, memory: Memory, part: Part, given: Arguments, call: Callable[[Arguments], Any]
    ) -> Any:
        """Take part around an attention module or MLP; return what that module returns."""
        return call(given)

    def wrap_attention(
        self, step: Step, memory: Memory, attention: Attention, heads: Heads, call: Callable[[Heads], Tensor]
    ) -> Tensor:
        """Take part around the attention operation; return (B, K, N, d)."""
        return call(heads)

    def keeps(self, flow: Flow) -> int:
        """Return what it remembers from call to call in one guidance branch (bytes), for the memory plan."""
        return 0

    def report(self, memories: Mapping[str, Memory]) -> dict[str, Any] | None:
        """Say what it did, as JSON data with the key `technique`; `memories` has one entry a branch."""
        return None


@dataclass(frozen=True, eq=False)
class Model:
    """An immutable handle on a transformer. Handles of the same weights do not affect each other.

    Attributes:
        module: The transformer; shared, never modified.
        family: What sets its kind apart.
        patches: Techniques, in their order on the wire.
        size: (width, height) in pixels that these weights were trained for; None for the family's.
        preview: How to draw a latent without the autoencoder; None for the colours published for the family.
        shift: How far its schedules are moved towards noise; None for what the family was trained with.
        adapters: LoRAs, computed beside the weights.
    """

    module: nn.Module
    family: Family
    patches: tuple[Patch[Any], ...] = ()
    size: tuple[int, int] | None = None
    preview: Preview | None = None
    shift: float | None = None
    adapters: tuple[Adapter, ...] = ()

    def with_patch(self, patch: Patch[Any]) -> Model:
        """Return a handle with one more technique; refuses a second claim on the same thing."""
        for other in self.patches:
            if shared := sorted(patch.claims & other.claims):
                names = type(other).__name__, type(patch).__name__
                raise Refusal(
                    f"{names[1]} and {names[0]} both take over the model's {', '.join(shared)}.",
                    f"Remove one of the two, or put them on different models: {' or '.join(names)}.",
                    code="claim_conflict",
                    input="model",
                )
        return replace(self, patches=(*self.patches, patch))

    @property
    def plain(self) -> Model:
        """The handle without techniques; what belongs to the model, such as control, stays."""
        return replace(self, patches=tuple(patch for patch in self.patches if patch.inner))

    @property
    def schedule_shift(self) -> float:
        """How far its schedules are moved towards noise: as a node says, or as the family was trained."""
        return self.family.shift if self.shift is None else self.shift

    def share_at(self, sigma: float) -> float:
        """Return how much of a run, by the model's own schedule, lies before a noise level.

        Rounded, so that a level on the border of a range is always inside.
        """
        shift = self.schedule_shift
        return round(1 - sigma / (shift + (1 - shift) * sigma), SHARE_DIGITS)

    def with_adapter(self, adapter: Adapter) -> Model:
        """Return a handle with one more LoRA."""
        return replace(self, adapters=(*self.adapters, adapter))

    @property
    def native_size(self) -> tuple[int, int]:
        """(width, height) in pixels that suits the model best."""
        return self.size or self.family.native_size

    @property
    def channels(self) -> int:
        """Channels of its latents."""
        return self.family.latent.channels(self.module)

    @property
    def beside(self) -> int:
        """Channels that it takes beside those of a latent: of a picture to fill or to follow."""
        return self.family.latent.beside(self.module)

    @property
    def device(self) -> torch.device:
        """Where it computes; offloaded weights wait elsewhere."""
        return place_of(self.module)

    @property
    def dtype(self) -> torch.dtype:
        """Precision it computes in; some weights may be stored in another."""
        dtype: torch.dtype = self.module.dtype  # type: ignore[assignment]
        return dtype

    @property
    def nbytes(self) -> int:
        """Memory (bytes) this handle adds: its weights, or nothing where it was made from another handle."""
        if self.patches:
            return 0
        if self.adapters:
            return self.adapters[-1].nbytes
        return weight_bytes(self.module)

"""Keeps the models of runs within a budget: plans where weights are, and puts them there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import nn

from app.engine.latents.vae import Vae
from app.engine.memory import process
from app.engine.memory.forecast import Work, outlook
from app.engine.memory.layout import LEAVING, Layout, laid_out
from app.engine.memory.offloading import bring_back, offload
from app.engine.memory.thrift import SHORT
from app.engine.model import Model
from app.engine.place import compute_place, loading_on
from app.engine.prompts.text_encoder import TextEncoder
from app.engine.weights.loading import import_libraries

CPU = torch.device("cpu")


@dataclass
class Keeper:
    """Knows the memory of one device.

    Attributes:
        budget: What models and computing may take there (bytes); None for what it has.
        program: What the process held before there was any model (bytes); None until models are asked for.
        layout: The run under way.
    """

    budget: int | None
    program: int | None = None
    layout: Layout = field(init=False)

    def __post_init__(self) -> None:
        process.return_large_blocks()
        self.foresee(())

    @property
    def limit(self) -> int:
        """What models and computing may take (bytes)."""
        return self.budget or process.room()

    @property
    def kept(self) -> int | None:
        """What results may hold between runs (bytes), where the budget bounds it."""
        return None if on_gpu() else self.budget

    def foresee(self, works: Sequence[Work]) -> Layout:
        """Plan a run: everything stays on the device, or as much as fits."""
        SHORT.clear()
        nodes = outlook(works)
        if self.program is None and any(node.loads for node in nodes.values()):
            import_libraries()
            self.program = 0 if on_gpu() else process.held()
        order = tuple(work.id for work in works if work.runs)
        self.layout = laid_out(Layout(nodes, order, self.limit, process.device_name(), on_gpu=on_gpu()))
        return self.layout

    def settle(self, values: Iterable[Any]) -> None:
        """Put the weights of models among some values where the plan has them."""
        for value in values:
            for name, module in modules_of(value):
                (offload if name in self.layout.offloaded else bring_back)(module)

    def loading(self, id: str) -> AbstractContextManager[None]:
        """Let a node load what will wait outside of the GPU into the memory of the machine."""
        node = self.layout.nodes.get(id)
        waiting = node is not None and any(one.size.name in self.layout.offloaded for one in node.loads)
        return loading_on(CPU) if waiting else nullcontext()

    def short_of(self, bytes: int) -> int:
        """Return how much must be freed before so much more is taken."""
        return process.held() - (self.program or 0) + bytes - self.limit

    def tighten(self) -> list[str]:
        """Let all weights wait outside of the device, and pictures be worked on in tiles."""
        SHORT.set()
        every = frozenset(name for names in LEAVING for name in names)
        self.layout = replace(self.layout, offloaded=every)
        process.give_back()
        return ["taking weights block by block", "decoding and encoding in tiles"]

    def restart_peak(self) -> bool:
        """Count the peak anew; False where that is not possible."""
        return process.restart_peak()

    def peak(self) -> int:
        """Return the most that was held since (bytes), without the program itself."""
        return max(0, process.peak() - (self.program or 0))

    def give_back(self) -> None:
        """Hand free memory back to the system."""
        process.give_back()


def on_gpu() -> bool:
    return compute_place()[0].type == "cuda"


def modules_of(value: Any) -> Iterator[tuple[str, nn.Module]]:
    """Yield the networks behind a value that can be kept outside of the device."""
    match value:
        case Model(module=module):
            yield "transformer", module
        case Vae(module=module):
            yield "autoencoder", module
        case TextEncoder(towers=towers):
            yield from (("text encoder", tower.module) for tower in towers.values())

"""Sampling runs that outlive their process: what has been answered so far goes to disk.

A sampler is a function of the answers it gets and of its own seed. So a run is taken up again by giving the
sampler the stored answers, which costs no call of the model and brings back its latent, its history and its
random streams, whatever sampler it is; what guider and techniques remember is stored beside them.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Protocol, get_args, get_origin

import torch
from safetensors import SafetensorError
from torch import Tensor

from app.engine.model import Patch
from app.engine.run import Run
from app.engine.storage import NotStorable, Stored, from_bytes, to_bytes
from app.graph.problem import Refusal

log = logging.getLogger(__name__)
STATE = "state"


class Savepoint(Protocol):
    """Where work half done outlives the process; `every` says after how many steps to save."""

    @property
    def every(self) -> int: ...

    @property
    def after(self) -> float: ...

    def put(self, name: str, data: bytes) -> None:
        """Keep `data` whole or not at all."""

    def get(self, name: str) -> bytes | None:
        """Return what was kept under a name."""

    def clear(self) -> None:
        """Forget everything."""


@dataclass(frozen=True, eq=False)
class Answer:
    """What the sampler was told about its latent at `sigma`."""

    sigma: float
    denoised: Tensor


@dataclass(frozen=True, eq=False)
class Answers(Stored):
    """The answers of a few steps."""

    rows: list[Answer]


@dataclass(frozen=True, eq=False)
class State(Stored):
    """Where a run is.

    Attributes:
        key: Says for which start, schedule and sampler the answers were given.
        step: Sampling steps done.
        parts: Files of answers, in order.
        guider: What the guider remembers.
        patches: For each technique and branch: position on the wire, branch, its memory as bytes.
    """

    key: str
    step: int
    parts: list[str]
    guider: dict[str, Tensor]
    patches: list[tuple[int, str, Tensor]]


@dataclass
class Journal:
    """The answers of one run: those that an earlier process got, and those that come.

    Attributes:
        place: Where they are kept; None where nothing outlives the process.
        key: Says which run this is.
        run: The techniques at work.
        guider: What the guider remembers.
        told: Stored answers that the sampler has not asked for yet.
        fresh: Answers that are not stored yet.
        parts: Files of stored answers.
        obstacle: Why this run cannot be stored.
        began: When it began, on the monotonic clock (s).
    """

    place: Savepoint | None
    key: str
    run: Run
    guider: dict[str, Tensor] = field(default_factory=dict)
    told: deque[Answer] = field(default_factory=deque)
    fresh: list[Answer] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    obstacle: str = ""
    began: float = field(default_factory=monotonic)

    def open(self) -> int:
        """Take up what an earlier process left of this very run; return the steps it had done."""
        try:
            state = self.stored_state()
        except (SafetensorError, ValueError, KeyError, FileNotFoundError) as error:
            log.warning("the stored part of a run is damaged (%s), so it starts anew", error)
            self.told.clear()
            state = None
        if state is None:
            return 0
        self.parts = list(state.parts)
        self.guider.update({name: tensor.to(self.run.device) for name, tensor in state.guider.items()})
        for position, branch, memory in state.patches:
            hint = memory_type(self.run.model.patches[position])
            stored = from_bytes(memory.numpy().tobytes(), hint, self.run.device)
            self.run.memories[position, branch] = stored
        return state.step

    def stored_state(self) -> State | None:
        """Read the stored answers, and return the state that belongs to them."""
        if self.place is None or (data := self.place.get(STATE)) is None:
            return None
        state = State.from_bytes(data)
        if state.key != self.key:
            return None
        for part in state.parts:
            if (answers := self.place.get(part)) is None:
                raise FileNotFoundError(part)
            self.told.extend(from_bytes(answers, Answers, self.run.device).rows)
        return state

    def recall(self, sigma: float) -> Tensor | None:
        """Return the stored answer to the sampler's next question, if there is one."""
        if not self.told:
            return None
        answer = self.told.popleft()
        if answer.sigma != sigma:
            self.close()
            raise Refusal(
                f"The stored part of this run asked at {answer.sigma:g} and not at {sigma:g}: "
                "an older version of the sampler wrote it.",
                "Run it again; it starts anew.",
                code="stale_savepoint",
            )
        return answer.denoised

    def note(self, sigma: float, denoised: Tensor) -> None:
        """Take an answer that the model gave."""
        if self.place is not None and not self.obstacle:
            self.fresh.append(Answer(sigma, denoised))

    def step_done(self, done: int, total: int) -> None:
        """Store the run after every few steps, but not one that is short or nearly finished."""
        place = self.place
        if place is None or not self.fresh or done >= total or not place.every or done % place.every:
            return
        if monotonic() - self.began >= place.after:
            self.store(place, done)

    def store(self, place: Savepoint, done: int) -> None:
        """Write the new answers, then the state that counts them in; or see that it cannot be done."""
        try:
            memories = [
                (position, branch, as_tensor(to_bytes(memory, memory_type(self.run.model.patches[position]))))
                for (position, branch), memory in self.run.memories.items()
            ]
        except NotStorable as error:
            self.obstacle = str(error)
            self.fresh.clear()
            return
        part = f"answers-{done:05d}"
        place.put(part, Answers(self.fresh).to_bytes())
        self.parts.append(part)
        self.fresh = []
        place.put(STATE, State(self.key, done, self.parts, self.guider, memories).to_bytes())

    def close(self) -> None:
        """Forget the stored run, which is finished."""
        if self.place is not None:
            self.place.clear()

    def reports(self, resumed: int) -> Iterator[Mapping[str, Any]]:
        """Say that the run was taken up, or why it could not be stored."""
        if resumed:
            yield {"technique": "resume", "resumed_at": resumed}
        if self.obstacle:
            yield {"technique": "resume", "not_stored": self.obstacle}


def memory_type(patch: Patch[Any]) -> Any:
    """Return how a patch annotates what it remembers: the M of `Patch[M]`."""
    for kind in type(patch).__mro__:
        for base in kind.__dict__.get("__orig_bases__", ()):
            if get_origin(base) is Patch:
                return get_args(base)[0]
    raise NotStorable(f"{type(patch).__name__} does not say what it remembers")


def as_tensor(data: bytes) -> Tensor:
    return torch.frombuffer(bytearray(data), dtype=torch.uint8)

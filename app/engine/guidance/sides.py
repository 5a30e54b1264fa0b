"""Two guiders in one run, each with branch names and a memory of its own."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.sampling import Branch, Guider, Patching
from app.engine.step import Place
from app.graph.problem import Refusal


@dataclass(frozen=True, eq=False)
class Side:
    """A branch whose names begin with a word.

    Attributes:
        branch: The branch that is asked.
        word: Comes before every name.
        memory: What this side's guider keeps.
    """

    branch: Branch
    word: str
    memory: dict[str, Tensor]

    @property
    def place(self) -> Place:
        return self.branch.place

    def __call__(self, latent: Tensor, sigma: float, conditioning: Conditioning, name: str) -> Tensor:
        return self.branch(latent, sigma, conditioning, f"{self.word} {name}")


def ask_side(guider: Guider, branch: Branch, word: str, latent: Tensor, sigma: float) -> Tensor:
    """Ask a guider under a word of its own."""
    start = f"{word} "
    own = {name.removeprefix(start): kept for name, kept in branch.memory.items() if name.startswith(start)}
    answer = guider(Side(branch, word, own), latent, sigma)
    branch.memory.update({start + name: kept for name, kept in own.items()})
    return answer


def refuse_patching(guider: Guider, input: str) -> None:
    """Refuse a guider whose patches look for branches by names that a side changes."""
    if isinstance(guider, Patching):
        raise Refusal(
            f"{type(guider).__name__} changes the model and cannot be one of two sides.",
            "Use CFG or No guidance.",
            code="unsupported",
            input=input,
        )

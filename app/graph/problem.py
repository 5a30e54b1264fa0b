"""What is wrong with a document or a run, said once for canvas, command line and API."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Problem:
    """One finding: where, what, and the way out.

    Attributes:
        code: Stable machine name, such as `out_of_range`.
        message: What came and what is allowed, in one or two sentences.
        remedy: What to do about it.
        node: Id of the node it is about; None for the whole document.
        input: Name of the input it is about.
        severity: An `error` refuses the run, a `warning` does not.
    """

    code: str
    message: str
    remedy: str
    node: str | None = None
    input: str | None = None
    severity: Severity = "error"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.severity}: {self.message} {self.remedy}"


class Refusal(Exception):
    """A node or loader cannot go on for a reason the user can mend.

    Raise it from node functions and the engine; the executor turns it into a `Problem` of the running node.
    """

    def __init__(self, message: str, remedy: str, *, code: str = "refused", input: str | None = None) -> None:
        super().__init__(f"{message} {remedy}")
        self.message, self.remedy, self.code, self.input = message, remedy, code, input


class Cancelled(Exception):
    """The user asked the run to stop; raised by `Context.progress` and passed through untouched."""


def listed(names: Iterable[str], most: int = 12) -> str:
    """Write names one after the other, the first of very many."""
    names = list(names)
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "") if names else "none"

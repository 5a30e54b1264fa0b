"""What Patchloom must be told about a kind of model part to recognise it and to build it from a header."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from app.checkpoints.archive import Shapes
from app.checkpoints.rules import Rule

Kind = Literal[
    "transformer",
    "text_encoder",
    "vision_encoder",
    "vae",
    "lora",
    "controlnet",
    "preview_decoder",
    "unknown",
]
DIFFUSERS = "diffusers"


@dataclass(frozen=True)
class Layout:
    """One way in which files name the tensors.

    Attributes:
        name: What people call it: `original` for the authors' own, `diffusers`.
        marks: Names that every such file has.
        lacks: Names that no such file has, where the marks alone would suit another architecture too.
        rules: How it becomes what diffusers or transformers expects; may depend on the names in the file.
        ignored: What the names of tensors begin with that the model does not need.
        whole: Whether a part of it alone would be taken for another model, so that it is looked for first.
        sized: Shapes in the file -> whether it is this one, where several have the same names.
    """

    name: str
    marks: tuple[str, ...]
    lacks: tuple[str, ...] = ()
    rules: Callable[[Collection[str]], tuple[Rule, ...]] = lambda names: ()
    ignored: tuple[str, ...] = ()
    whole: bool = False
    sized: Callable[[Shapes], bool] = lambda shapes: True

    def fits(self, shapes: Shapes) -> bool:
        named = all(mark in shapes for mark in self.marks) and not any(mark in shapes for mark in self.lacks)
        return named and self.sized(shapes)


@dataclass(frozen=True)
class Architecture:
    """One kind of model part.

    Attributes:
        kind: What part it is.
        name: Family of a transformer; name of a text encoder or autoencoder.
        model: Class in diffusers or transformers.
        layouts: How files name its tensors.
        config: Shapes in the model -> arguments of the class.
        variant: Shapes in the model -> which of the family's models it is, where shapes tell.
        unsupported: Variant -> what is missing to run it.
        ties: Parameter that is the same as another -> that other one; files hold it once.
        kept: What settings in a file's header say that no shape tells; the model's config keeps it.
        twins: Other families whose files look the same, so that only the user can tell them.
    """

    kind: Kind
    name: str
    model: str
    layouts: tuple[Layout, ...]
    config: Callable[[Shapes], dict[str, Any]]
    variant: Callable[[Shapes], str] = lambda shapes: ""
    unsupported: Mapping[str, str] = field(default_factory=dict)
    ties: Mapping[str, str] = field(default_factory=dict)
    kept: tuple[str, ...] = ()
    twins: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The families that such files may be of, the likeliest first."""
        return self.name, *self.twins


def count(shapes: Collection[str], stack: str) -> int:
    """Return how many numbered modules there are below `stack`."""
    start = stack.count(".") + 1
    return len({name.split(".")[start] for name in shapes if name.startswith(stack + ".")})

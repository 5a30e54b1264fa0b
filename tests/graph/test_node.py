from typing import Annotated, Literal, NamedTuple

import pytest

from app.graph.node import Context, read_spec
from app.graph.widgets import Slider


class Pair(NamedTuple):
    left: int
    right: str


def placed(function):  # type: ignore[no-untyped-def]
    function.__module__ = f"some.nodes.category.{function.__name__}"
    return function


def test_the_signature_is_the_schema() -> None:
    @placed
    def mix(
        context: Context,
        first: int,
        share: Annotated[float, Slider(0, 1, 0.1)] = 0.5,
        how: Literal["soft", "hard"] = "soft",
        more: list[str] = [],  # noqa: B006
        maybe: Pair | None = None,
    ) -> Pair:
        """Mix two things.

        Args:
            first: The first
                thing.
            share: How much of it.
            how: The way.
            more: Others.
            maybe: One more.
        """

    spec = read_spec(mix)
    assert (spec.id, spec.title, spec.category, spec.description) == (
        "mix",
        "Mix",
        "category",
        "Mix two things.",
    )
    assert [
        (entry.name, entry.type, entry.port, entry.required, entry.multiple) for entry in spec.inputs
    ] == [
        ("first", "int", False, True, False),
        ("share", "float", False, False, False),
        ("how", "choice", False, False, False),
        ("more", "str", True, False, True),
        ("maybe", "Pair", True, False, False),
    ]
    assert spec.inputs[0].help == "The first thing."
    assert [(entry.name, entry.type) for entry in spec.outputs] == [("left", "int"), ("right", "str")]
    assert spec.context_parameter == "context"


def test_what_is_missing_is_said() -> None:
    @placed
    def no_return(a: int):  # type: ignore[no-untyped-def]
        """Do."""

    @placed
    def no_type(a) -> int:  # type: ignore[no-untyped-def]
        """Do.

        Args:
            a: A.
        """

    @placed
    def no_help(a: int) -> int:
        """Do."""

    @placed
    def no_words() -> int:
        return 1

    def no_place() -> int:
        """Do."""

    for function, words in [
        (no_return, "say what it returns"),
        (no_type, "'a' has no type"),
        (no_help, "'a' is not described"),
        (no_words, "needs a first sentence"),
        (no_place, "expected file nodes/"),
    ]:
        with pytest.raises(TypeError, match=words):
            read_spec(function)

"""Fill values into a text."""

from __future__ import annotations

from string import Formatter
from typing import Annotated, Any

from app.graph.node import node
from app.graph.problem import Refusal
from app.graph.widgets import TextBox

WIDEST = 10_000  # characters of one filled-in value


class Filling(Formatter):
    """Knows plain names only: `{a.b}` and `{a[0]}` would reach into objects."""

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> tuple[Any, str]:
        if field_name not in kwargs:
            raise KeyError(field_name)
        return kwargs[field_name], field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        if sum(map(int, "".join(c if c.isdigit() else " " for c in format_spec).split())) > WIDEST:
            raise ValueError(f"'{format_spec}' asks for more than {WIDEST} characters")
        return str(super().format_field(value, format_spec))


@node(lane="pool")
def format_text(
    template: Annotated[str, TextBox()] = "{a}",
    a: Any = "",
    b: Any = "",
    c: Any = "",
    d: Any = "",
    e: Any = "",
    f: Any = "",
    g: Any = "",
    h: Any = "",
) -> str:
    """Fill values into a text, as Python formats them.

    Args:
        template: The text, with {a} to {h} where values go; {a:.2f} writes two decimals, {{ a brace.
        a: A text or number.
        b: A second one.
        c: A third one.
        d: A fourth one.
        e: A fifth one.
        f: A sixth one.
        g: A seventh one.
        h: An eighth one.
    """
    values = dict(zip("abcdefgh", (a, b, c, d, e, f, g, h), strict=True))
    try:
        return Filling().vformat(template, (), values)
    except (KeyError, ValueError, IndexError, TypeError) as error:
        raise Refusal(
            f"the template cannot be filled: {type(error).__name__} {error}.",
            "Use {a} to {h}, and {{ and }} for braces.",
            input="template",
        ) from error

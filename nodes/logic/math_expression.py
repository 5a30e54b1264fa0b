"""Calculate with whole numbers, numbers and truth, written as a formula.

The formula is read by simpleeval (https://github.com/danthedeckie/simpleeval), which knows arithmetic and the
functions named here and nothing else: no attribute, no import, no loop.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

from simpleeval import InvalidExpression, SimpleEval

from app.graph.node import node
from app.graph.problem import Refusal
from app.graph.widgets import TextBox

LARGEST_EXPONENT = 4000


def power(number: float, exponent: float) -> Any:
    if abs(exponent) > LARGEST_EXPONENT:
        raise ValueError(f"the exponent {exponent} is larger than {LARGEST_EXPONENT}")
    return number**exponent


FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{function.__name__: function for function in (abs, float, int, max, min, round)},
    **{
        function.__name__: function
        for function in (math.ceil, math.cos, math.floor, math.log, math.log10, math.log2)
    },
    **{function.__name__: function for function in (math.sin, math.sqrt, math.tan)},
    "pow": power,
    "sum": lambda *numbers: sum(numbers),
}


class Result(NamedTuple):
    """The result as a number, cut to a whole number, and whether it is other than 0."""

    number: float
    integer: int
    boolean: bool


@node(lane="pool")
def math_expression(
    expression: Annotated[str, TextBox(2, 1_000)] = "a + b",
    a: float = 0.0,
    b: float = 0.0,
    c: float = 0.0,
    d: float = 0.0,
    e: float = 0.0,
    f: float = 0.0,
    g: float = 0.0,
    h: float = 0.0,
) -> Result:
    """Calculate a formula of up to eight numbers, also with whole numbers, bits and conditions.

    Args:
        expression: Such as "(a + 15) // 16 * 16" or "a & ~1"; knows a to h, + - * / // % **, & | ^ ~,
            comparisons, and, or, not, "a if b else c", and abs, ceil, cos, float, floor, int, log, log2,
            log10, max, min, pow, round, sin, sqrt, sum, tan. Whole numbers are calculated exactly.
        a: A number.
        b: A second number.
        c: A third number.
        d: A fourth number.
        e: A fifth number.
        f: A sixth number.
        g: A seventh number.
        h: An eighth number.
    """
    given = dict(zip("abcdefgh", (a, b, c, d, e, f, g, h), strict=True))
    names = {name: exact(value) for name, value in given.items()}
    try:
        value = SimpleEval(functions=FUNCTIONS, names=names).eval(expression)
        number = float(value) if isinstance(value, int | float) else math.nan
    except (InvalidExpression, ArithmeticError, SyntaxError, TypeError, ValueError) as error:
        raise Refusal(
            f"the expression '{expression[:100]}' cannot be calculated: {error}.",
            "Use a to h and the functions named in the help.",
            input="expression",
        ) from error
    if not math.isfinite(number):
        raise Refusal(
            f"the expression '{expression[:100]}' gives no number, but {value!r}.",
            "Change the expression or the numbers.",
            input="expression",
        )
    return Result(number, int(value), bool(value))


def exact(value: float) -> float:
    """Return a whole number as int, so that it can be divided into bits."""
    return int(value) if isinstance(value, float) and value.is_integer() else value

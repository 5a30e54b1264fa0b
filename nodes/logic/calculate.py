"""Calculate with numbers, written as a formula.

The formula is read by simpleeval (https://github.com/danthedeckie/simpleeval), which knows arithmetic and the
functions named here and nothing else: no attribute, no import, no loop.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, NamedTuple

from simpleeval import InvalidExpression, SimpleEval

from app.graph.node import node
from app.graph.problem import Refusal
from app.graph.widgets import TextLine

FUNCTIONS: dict[str, Callable[..., float]] = {
    "abs": abs,
    "ceil": math.ceil,
    "cos": math.cos,
    "exp": math.exp,
    "floor": math.floor,
    "log": math.log,
    "max": max,
    "min": min,
    "round": round,
    "sin": math.sin,
    "sqrt": math.sqrt,
}


class Numbers(NamedTuple):
    """The result, exact and rounded."""

    number: float
    integer: int


@node(lane="pool")
def calculate(
    formula: Annotated[str, TextLine(200)] = "a + b",
    a: float = 0.0,
    b: float = 0.0,
    c: float = 0.0,
) -> Numbers:
    """Calculate a formula of up to three numbers.

    Args:
        formula: Such as "round(a / b) * 16"; knows a, b, c, pi, + - * / // % **, comparisons,
            "a if a > b else b", and abs, ceil, cos, exp, floor, log, max, min, round, sin, sqrt.
        a: A number.
        b: Another number.
        c: A third number.
    """
    names = {"a": a, "b": b, "c": c, "pi": math.pi}
    try:
        value = float(SimpleEval(functions=FUNCTIONS, names=names).eval(formula))
    except (InvalidExpression, ArithmeticError, SyntaxError, TypeError, ValueError) as error:
        raise Refusal(
            f"the formula '{formula}' cannot be calculated: {error}.",
            "Use a, b, c, pi and the functions named in the help.",
            input="formula",
        ) from error
    if not math.isfinite(value):
        raise Refusal(f"the formula '{formula}' gives {value}.", "Change the numbers.", input="formula")
    return Numbers(value, round(value))

import math
from typing import Any

import pytest

from app.graph.problem import Refusal
from nodes.logic.calculate import calculate
from nodes.logic.collect_list import collect_list
from nodes.logic.compare import compare
from nodes.logic.integer import integer
from nodes.logic.join_text import join_text
from nodes.logic.list_length import list_length
from nodes.logic.number import number
from nodes.logic.numbers import numbers
from nodes.logic.pick_from_list import pick_from_list
from nodes.logic.replace_text import replace_text
from nodes.logic.seed import seed
from nodes.logic.switch import needs, switch
from nodes.logic.text import text
from nodes.logic.text_lines import text_lines


def test_values_come_out_as_they_go_in() -> None:
    assert integer(3) == 3 and number(0.5) == 0.5 and seed(2**64 - 1) == 2**64 - 1 and text("a\nb") == "a\nb"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("less", [True, False, False]),
        ("at most", [True, True, False]),
        ("equal", [False, True, False]),
        ("not equal", [True, False, True]),
        ("at least", [False, True, True]),
        ("greater", [False, False, True]),
    ],
)
def test_compare(rule: Any, expected: list[bool]) -> None:
    assert [compare(a, rule, 2.0) for a in (1.0, 2.0, 3.0)] == expected


def test_switch_asks_for_one_branch_only() -> None:
    assert needs(condition=True, on_true=None) == ["on_true"] and needs(condition=False) == ["on_false"]
    assert switch(True, "yes", None) == "yes" and switch(False, None, "no") == "no"
    with pytest.raises(Refusal, match="Connect on_false"):
        switch(False, "yes", None)


def test_calculate() -> None:
    assert calculate("round(a / b) * 16", 100.0, 16.0) == (96.0, 96)
    assert calculate("a if a > b else b", 1.0, 2.0).number == 2.0
    assert calculate("sin(pi / 2) + max(a, b, c)", 1.0, 5.0, 3.0).number == pytest.approx(6.0)
    assert calculate("sqrt(2)").number == math.sqrt(2)


@pytest.mark.parametrize(
    "formula",
    [
        "",
        "a +",
        "d",
        "1 / 0",
        "9 ** 9 ** 9",
        "__import__('os')",
        "a.__class__",
        "'x' * 10",
        "log(-1)",
        "exp(10000)",
        "(lambda: 1)()",
        "[a for a in b]",
        "1e308 * 10",
        "open('x')",
    ],
)
def test_what_is_no_formula_is_refused(formula: str) -> None:
    with pytest.raises(Refusal) as refusal:
        calculate(formula, 1.0, 2.0)
    assert refusal.value.input == "formula"


def test_lists() -> None:
    assert text_lines(" a cat \n\n a dog\n") == ["a cat", "a dog"] and text_lines("") == []
    assert numbers(0.0, 1.0, 5) == [0.0, 0.25, 0.5, 0.75, 1.0] and numbers(3.0, 9.0, 1) == [3.0]


def test_texts() -> None:
    assert join_text(["a", "cat"], " ") == "a cat"
    assert replace_text("a {color} cat, {color}", "{color}", "red") == "a red cat, red"
    assert replace_text("same", "", "x") == "same"


def test_lists_as_a_whole() -> None:
    assert collect_list([1, "a"]) == [1, "a"] and list_length([]) == 0 and list_length([3, 4]) == 2
    assert pick_from_list(["a", "b", "c"], 1) == "b" and pick_from_list(["a", "b", "c"], -1) == "c"
    for values, place in (([], 0), (["a"], 1), (["a"], -2)):
        with pytest.raises(Refusal) as refusal:
            pick_from_list(values, place)
        assert refusal.value.input == "number"

"""The small nodes for texts, patterns and formulas."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from app.engine.media import Image
from app.graph.problem import Refusal
from nodes.logic.change_case import change_case
from nodes.logic.chosen_word import chosen_word
from nodes.logic.compare_texts import compare_texts
from nodes.logic.concatenate_texts import concatenate_texts
from nodes.logic.extract_pattern import extract_pattern
from nodes.logic.format_text import format_text
from nodes.logic.json_value import json_value
from nodes.logic.matches_pattern import matches_pattern
from nodes.logic.math_expression import math_expression
from nodes.logic.replace_pattern import replace_pattern
from nodes.logic.resolution import resolution
from nodes.logic.show_value import show_value
from nodes.logic.slice_text import slice_text
from nodes.logic.text_contains import text_contains
from nodes.logic.text_length import text_length
from nodes.logic.to_number import to_number
from nodes.logic.trim_text import trim_text
from tests.tiny.recorder import Recorder


@pytest.mark.parametrize(
    ("expression", "values", "result"),
    [
        ("a/2", (81,), (40.5, 40, True)),
        ("a & ~1", (81.0,), (80, 80, True)),
        ("(a // 32) * 32", (100,), (96, 96, True)),
        ("max(((a + 15) // 16) * 16, 256)", (1000,), (1008, 1008, True)),
        ("(a % 4 == 1) and ((b - 1) % 4 == 0)", (5, 9), (1, 1, True)),
        ("b if b > 0 else a", (7, 0), (7, 7, True)),
        ("ceil(1.5 * log2(max(a, b))) + 2", (64, 8), (11, 11, True)),
        ("-a / 2", (3,), (-1.5, -1, True)),
        ("a > 2048", (10,), (0, 0, False)),
        ("pow(2, 10) + sum(a, b)", (1, 2), (1027, 1027, True)),
    ],
)
def test_expressions(expression: str, values: tuple[float, ...], result: tuple[float, int, bool]) -> None:
    assert math_expression(expression, *values) == result


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "a +",
        "z",
        "1 / 0",
        "9 ** 9 ** 9",
        "pow(9, 99999)",
        "__import__('os')",
        "a.__class__",
        "'x'",
        "[1]",
    ],
)
def test_what_is_no_expression_is_refused(expression: str) -> None:
    with pytest.raises(Refusal) as refusal:
        math_expression(expression, 1.0)
    assert refusal.value.input == "expression"


def test_values_are_filled_into_a_text() -> None:
    assert format_text("{a} x {b:.2f} {{c}}", "cat", 0.5) == "cat x 0.50 {c}"
    assert format_text("{h}", h=3) == "3"


@pytest.mark.parametrize(
    "template", ["{z}", "{a.__class__}", "{a[0]}", "{", "{}", "{a:d}", "{a:>99999}", "{b:.9e9}"]
)
def test_a_template_reaches_into_nothing(template: str) -> None:
    with pytest.raises(Refusal) as refusal:
        format_text(template, "text", 1.5)
    assert refusal.value.input == "template"


@pytest.mark.parametrize(
    ("take", "group", "found"),
    [
        ("first match", 1, "a1b2"),
        ("all matches", 1, "a\nc"),
        ("first group", 2, "b"),
        ("all groups", 2, "b\nd"),
        ("first group", 3, ""),
    ],
)
def test_extracting(take: Any, group: int, found: str) -> None:
    assert extract_pattern("x a1b2 c3d4", r"([a-z])\d([a-z])\d", take, group=group) == found
    assert extract_pattern("nothing", r"(\d)", take, group=group) == ""


def test_patterns() -> None:
    assert extract_pattern("Aa", "a", "all matches", ignore_case=False) == "a"
    assert replace_pattern("a1b2", r"(\d)", r"<\1>") == "a<1>b<2>"
    assert replace_pattern("aaa", "a", "b", count=2) == "bba"
    assert matches_pattern("one\ntwo", "^two") is False and matches_pattern(
        "one\ntwo", "^two", multiline=True
    )
    assert matches_pattern("one\ntwo", "one.two", dot_all=True) and not matches_pattern("", "x")
    for wrong in (lambda: matches_pattern("", "("), lambda: replace_pattern("a", "a", r"\2")):
        with pytest.raises(Refusal):
            wrong()


def test_json() -> None:
    answer = 'Here it is:\n```json\n{"a": 1, "b": [1, 2], "c": null}\n```'
    assert [json_value(answer, key) for key in "abcd"] == ["1", "[1, 2]", "", ""]
    assert json_value("{no json} {", "a") == "" and json_value("{" * 3000, "a") == ""


def test_small_ones() -> None:
    assert concatenate_texts("a", "b", ", ") == "a, b" and text_length("cat") == 3
    assert slice_text("picture", 0, -1) == "pictur" and trim_text(" a ", "start") == "a "
    assert change_case("a cat", "Every Word") == "A Cat" and change_case("a cat", "First") == "A cat"
    assert text_contains("A cat", "a c", match_case=False) and not text_contains("A cat", "a c")
    assert compare_texts("cat.png", ".PNG", "ends with", False) and not compare_texts("a", "b")
    assert chosen_word("16:9", 2) == ("16:9", 2) and to_number("3.7") == (3.7, 3)
    assert to_number(2**60) == (2.0**60, 2**60) and to_number(True) == (1.0, 1)
    with pytest.raises(Refusal, match="'cat' is no number"):
        to_number("cat")


@pytest.mark.parametrize(
    ("proportions", "megapixels", "multiple", "size"),
    [("1:1", 1.0, 8, (1024, 1024)), ("16:9", 1.0, 16, (1360, 768)), ("9:21", 0.5, 64, (448, 1088))],
)
def test_resolutions(proportions: Any, megapixels: float, multiple: int, size: tuple[int, int]) -> None:
    assert resolution(proportions, megapixels, multiple) == size


def test_values_are_shown() -> None:
    context = Recorder()
    assert show_value(context, {"a": 1}) == '{\n "a": 1\n}'
    assert show_value(context, Image(torch.zeros(1, 512, 1024, 3))) == "Image, 1024 x 512, 6.0 MiB"
    assert show_value(context) == "nothing" and show_value(context, 0.5) == "0.5"
    assert context.reports[2] == {"technique": "show_value", "text": "nothing"}

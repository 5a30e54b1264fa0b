"""The lines of the table for numbers, texts and choices."""

from __future__ import annotations

from app.interop.rules import Out, Part, Rule, Same, Word

STRING = (Out("STRING", "STRING", "str"),)
BOOLEAN = (Out("BOOLEAN", "BOOLEAN", "bool"),)
TEXT_NODE = Part("text", {"value": Same("value")})
LETTERS = "abcdefgh"
FLAGS = {
    "ignore_case": Same("case_insensitive"),
    "multiline": Same("multiline"),
    "dot_all": Same("dotall"),
}
FLAG_WIDGETS = {"case_insensitive": True, "multiline": False, "dotall": False}
PATTERN = {"text": Same("string"), "pattern": Same("regex_pattern"), **FLAGS}
RATIOS = {
    "1:1 (Square)": "1:1",
    "3:2 (Photo)": "3:2",
    "4:3 (Standard)": "4:3",
    "16:9 (Widescreen)": "16:9",
    "21:9 (Ultrawide)": "21:9",
    "2:3 (Portrait Photo)": "2:3",
    "3:4 (Portrait Standard)": "3:4",
    "9:16 (Portrait Widescreen)": "9:16",
}


def lettered(kind: str) -> dict[str, str]:
    """Return the ports `values.a` to `values.h`."""
    return {f"values.{letter}": kind for letter in LETTERS}


OPTIONAL = frozenset(lettered(""))
LETTER_WAYS = {letter: Same(f"values.{letter}") for letter in LETTERS}

NUMBER_RULES = (
    Rule(
        "PrimitiveInt",
        (Part("integer", {"value": Same("value")}),),
        {},
        {"value": 0},
        (Out("INT", "INT", "int"),),
    ),
    Rule(
        "PrimitiveFloat",
        (Part("number", {"value": Same("value")}),),
        {},
        {"value": 0.0},
        (Out("FLOAT", "FLOAT", "float"),),
    ),
    Rule(
        "SeedNode",
        (Part("seed", {"value": Same("seed")}),),
        {},
        {"seed": 0},
        (Out("seed", "INT", "int"),),
    ),
    Rule(
        "ComfyMathExpression",
        (Part("math_expression", {"expression": Same("expression"), **LETTER_WAYS}),),
        lettered("FLOAT,INT,BOOLEAN"),
        {"expression": "a + b"},
        (
            Out("FLOAT", "FLOAT", "number"),
            Out("INT", "INT", "integer"),
            Out("BOOL", "BOOLEAN", "boolean"),
        ),
        optional=OPTIONAL,
    ),
    Rule(
        "ComfyNumberConvert",
        (Part("to_number", {"value": Same("value")}),),
        {"value": "*"},
        {},
        (Out("FLOAT", "FLOAT", "number"), Out("INT", "INT", "integer")),
    ),
    Rule(
        "ResolutionSelector",
        (
            Part(
                "resolution",
                {
                    "proportions": Word("aspect_ratio", RATIOS),
                    "megapixels": Same("megapixels"),
                    "multiple": Same("multiple"),
                },
            ),
        ),
        {},
        {"aspect_ratio": "1:1 (Square)", "megapixels": 1.0, "multiple": 8},
        (Out("width", "INT", "width"), Out("height", "INT", "height")),
    ),
    Rule(
        "ComfySwitchNode",
        (
            Part(
                "switch",
                {"condition": Same("switch"), "on_true": Same("on_true"), "on_false": Same("on_false")},
            ),
        ),
        {"on_false": "*", "on_true": "*"},
        {"switch": False},
        (Out("output", "*", "any"),),
    ),
    Rule(
        "CustomCombo",
        (Part("chosen_word", {"word": Same("choice"), "index": Same("index")}),),
        {},
        {"choice": "", "index": 0},
        (Out("STRING", "STRING", "text"), Out("INDEX", "INT", "number")),
    ),
)
TEXT_RULES = (
    Rule("PrimitiveStringMultiline", (TEXT_NODE,), {}, {"value": ""}, STRING),
    Rule("PrimitiveString", (TEXT_NODE,), {}, {"value": ""}, STRING),
    Rule(
        "StringConcatenate",
        (
            Part(
                "concatenate_texts",
                {"first": Same("string_a"), "second": Same("string_b"), "separator": Same("delimiter")},
            ),
        ),
        {},
        {"string_a": "", "string_b": "", "delimiter": ""},
        STRING,
    ),
    Rule(
        "StringReplace",
        (
            Part(
                "replace_text",
                {"text": Same("string"), "find": Same("find"), "replacement": Same("replace")},
            ),
        ),
        {},
        {"string": "", "find": "", "replace": ""},
        STRING,
        lambda values: (
            "find is empty, which puts the new text between all letters" if values["find"] == "" else None
        ),
    ),
    Rule(
        "StringFormat",
        (Part("format_text", {"template": Same("f_string"), **LETTER_WAYS}),),
        lettered("*"),
        {"f_string": "{a}"},
        STRING,
        optional=OPTIONAL,
    ),
    Rule(
        "StringSubstring",
        (Part("slice_text", {"text": Same("string"), "start": Same("start"), "end": Same("end")}),),
        {},
        {"string": "", "start": 0, "end": 0},
        STRING,
    ),
    Rule(
        "StringLength",
        (Part("text_length", {"text": Same("string")}),),
        {},
        {"string": ""},
        (Out("length", "INT", "int"),),
    ),
    Rule(
        "CaseConverter",
        (
            Part(
                "change_case",
                {
                    "text": Same("string"),
                    "case": Word(
                        "mode",
                        {
                            "UPPERCASE": "UPPER",
                            "lowercase": "lower",
                            "Capitalize": "First",
                            "Title Case": "Every Word",
                        },
                    ),
                },
            ),
        ),
        {},
        {"string": "", "mode": "UPPERCASE"},
        STRING,
    ),
    Rule(
        "StringTrim",
        (
            Part(
                "trim_text",
                {
                    "text": Same("string"),
                    "side": Word("mode", {"Both": "both", "Left": "start", "Right": "end"}),
                },
            ),
        ),
        {},
        {"string": "", "mode": "Both"},
        STRING,
    ),
    Rule(
        "StringContains",
        (
            Part(
                "text_contains",
                {
                    "text": Same("string"),
                    "words": Same("substring"),
                    "match_case": Same("case_sensitive"),
                },
            ),
        ),
        {},
        {"string": "", "substring": "", "case_sensitive": True},
        (Out("contains", "BOOLEAN", "bool"),),
    ),
    Rule(
        "StringCompare",
        (
            Part(
                "compare_texts",
                {
                    "first": Same("string_a"),
                    "second": Same("string_b"),
                    "rule": Word(
                        "mode",
                        {"Starts With": "starts with", "Ends With": "ends with", "Equal": "equals"},
                    ),
                    "match_case": Same("case_sensitive"),
                },
            ),
        ),
        {},
        {"string_a": "", "string_b": "", "mode": "Starts With", "case_sensitive": True},
        BOOLEAN,
    ),
    Rule(
        "RegexMatch",
        (Part("matches_pattern", PATTERN),),
        {},
        {"string": "", "regex_pattern": "", **FLAG_WIDGETS},
        (Out("matches", "BOOLEAN", "bool"),),
    ),
    Rule(
        "RegexExtract",
        (
            Part(
                "extract_pattern",
                {
                    **PATTERN,
                    "take": Word(
                        "mode",
                        {
                            "First Match": "first match",
                            "All Matches": "all matches",
                            "First Group": "first group",
                            "All Groups": "all groups",
                        },
                    ),
                    "group": Same("group_index"),
                },
            ),
        ),
        {},
        {"string": "", "regex_pattern": "", "mode": "First Match", **FLAG_WIDGETS, "group_index": 1},
        STRING,
    ),
    Rule(
        "RegexReplace",
        (Part("replace_pattern", {**PATTERN, "replacement": Same("replace"), "count": Same("count")}),),
        {},
        {"string": "", "regex_pattern": "", "replace": "", **FLAG_WIDGETS, "count": 0},
        STRING,
    ),
    Rule(
        "JsonExtractString",
        (Part("json_value", {"text": Same("json_string"), "key": Same("key")}),),
        {},
        {"json_string": "", "key": ""},
        STRING,
    ),
    Rule(
        "PreviewAny",
        (Part("show_value", {"value": Same("source")}),),
        {"source": "*"},
        {},
        STRING,
    ),
)
VALUE_RULES = (*NUMBER_RULES, *TEXT_RULES)

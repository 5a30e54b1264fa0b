import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.graph.workflow import MalformedWorkflow, read, read_text
from tests.documents import sum_of


def test_what_is_not_understood_survives() -> None:
    document = sum_of() | {"description": "d", "lock": {"nodes": {}}, "later": [1]}
    graph = document["graphs"]["main"]
    graph["groups"], graph["view"] = [{"title": "G"}], {"zoom": 2}
    graph["nodes"]["add"] |= {"position": [1, 2], "mode": "bypass", "strange": {"deep": None}}
    written = read(document).to_json()
    assert written["graphs"]["main"]["nodes"]["add"]["strange"] == {"deep": None}
    assert read(written).to_json() == written
    assert {key: written[key] for key in ("description", "lock", "later")} == {
        "description": "d", "lock": {"nodes": {}}, "later": [1]
    }  # fmt: skip
    assert written["graphs"]["main"]["groups"] == [{"title": "G"}]


def test_large_integers_are_written_as_text() -> None:
    document = sum_of()
    document["graphs"]["main"]["nodes"]["number"]["values"] = {"value": 2**63, "small": 2**53}
    values = read(document).to_json()["graphs"]["main"]["nodes"]["number"]["values"]
    assert values == {"value": str(2**63), "small": 2**53}


START = '{"format": "patchloom/1", "root": "m", "graphs": {"m": '


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not JSON"),
        ("[]", "an object"),
        ("{}", "format is None"),
        ('{"format": "patchloom/9"}', "patchloom/9"),
        ('{"format": "patchloom/1", "root": "main"}', "'graphs' should be an object"),
        ('{"format": "patchloom/1", "root": "x", "graphs": {}}', "'root' names graph 'x'"),
        (
            '{"format": "patchloom/1", "root": "m", "graphs": {"m": {"nodes": {"a": 1}}}}',
            "Node 'a' should be an object",
        ),
        (
            '{"format": "patchloom/1", "root": "m", "graphs": {"m": {"nodes": {"a": {}}}}}',
            "'type' of node 'a'",
        ),
        (
            START + '{"nodes": {"a": {"type": "x", "mode": "off"}}}}}',
            "'off'",
        ),
        (
            START + '{"nodes": {}, "edges": [{"from": ["a"]}]}}}',
            "'from' of edge 0",
        ),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_malformed(text: str, words: str) -> None:
    with pytest.raises(MalformedWorkflow) as caught:
        read_text(text)
    assert words in caught.value.problem.message
    assert caught.value.problem.remedy


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON, st.sampled_from(["graphs", "root", "nodes", "edges", "type", "values"]))
def test_any_damage_is_told_in_words(damage: object, where: str) -> None:
    document = sum_of()
    graph = document["graphs"]["main"]
    for part in (document, graph, graph["nodes"]["add"]):
        if where in part:
            part[where] = damage
    try:
        read(json.loads(json.dumps(document)))
    except MalformedWorkflow as malformed:
        assert malformed.problem.message

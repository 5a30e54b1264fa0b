"""What a comparison says, on the embedded model; times are never judged here."""

import json
from dataclasses import replace
from math import inf
from xml.etree import ElementTree

import pytest

from app.graph.workflow import Workflow
from app.interop import documents
from app.measure.bench import Bench, Comparison, Row
from app.measure.plot import plot
from app.measure.quality import Quality, quality
from app.measure.table import comparison_table
from app.measure.trial import Laboratory
from app.measure.variants import (
    NothingToCompare,
    behind,
    opened,
    steps_of,
    techniques,
    with_seed,
    with_steps,
    with_values,
    without,
)
from tests.documents import nested
from tests.measure.conftest import ROOT, short_document


@pytest.fixture(scope="module")
def comparison(rooms: Laboratory) -> Comparison:
    return Bench(rooms, range(2), 1, lambda text: None).compare(short_document())


def test_a_comparison_has_the_rivals_it_must_have(comparison: Comparison) -> None:
    assert comparison.techniques == ("cache",) and comparison.seeds == (0, 1)
    assert comparison.plain.steps == comparison.patched.steps == 3
    steps = steps_in(comparison)
    assert sorted({*steps, 3}) == [1, 2, 3] and len(steps) <= 5, "no number of steps twice"
    assert comparison.patched.saved == pytest.approx(5 / 18), "5 of 6 blocks in one of three steps"
    fewest, patched = comparison.fewer[-1].quality, comparison.patched.quality
    assert fewest is not None and patched is not None
    assert 0 < patched.latent_error < 1 and fewest.psnr < 40


def test_it_is_json_a_table_and_a_drawing(comparison: Comparison) -> None:
    told = json.loads(json.dumps(comparison.to_json(), allow_nan=False))
    assert told["verdict"] == comparison.verdict
    equal = replace(comparison, equal_cost=replace(comparison.equal_cost, quality=Quality(inf, 1, 0)))
    assert equal.to_json()["equal_cost"]["quality"]["psnr"] is None and "| equal |" in comparison_table(equal)
    text = comparison_table(comparison)
    assert text.count("\n") == 3 + len(steps_in(comparison)) and text.endswith(
        f"cache: {comparison.verdict}."
    )
    drawing = ElementTree.fromstring(plot(comparison))
    assert len(drawing.findall("{http://www.w3.org/2000/svg}circle")) == len(steps_in(comparison))


def steps_in(comparison: Comparison) -> list[int]:
    return [row.steps for row in comparison.rows]


def test_the_verdict() -> None:
    def row(time: float, error: float) -> Row:
        return Row("", 4, time, None, Quality(30, 0.9, error))

    plain = replace(row(1, 0), steps=8)
    contest = Comparison((), (0,), plain, row(0.5, 0.1), row(0.5, 0.2), ())
    assert replace(contest, equal_cost=plain).verdict.endswith("it saves less than one of 8 steps")
    assert contest.verdict.startswith("worth it")
    assert replace(contest, equal_cost=row(0.5, 0.05)).verdict.startswith("not worth it: 4 plain steps")
    assert (
        replace(contest, patched=row(1.1, 0.1)).verdict == "not worth it: it took longer than the plain run"
    )


def test_only_what_comes_after_the_technique_counts(rooms: Laboratory, document: Workflow) -> None:
    assert techniques(document, rooms.catalog) == ["cache"]
    only = behind(document, ["cache"])
    assert only == {"sample_cached", "decode_cached", "save_cached"}
    trial = rooms.run(document, only)
    assert len(trial.latents) == len(trial.images) == 1 and len(trial.steps["sample_cached"]) == 3
    assert [node for node, _ in trial.reports] == ["sample_cached"]


def test_nothing_that_is_timed_comes_from_a_store(rooms: Laboratory, document: Workflow) -> None:
    rooms.run(document)
    again = rooms.run(document)
    assert {"sample", "sample_cached", "decode", "save"} <= set(again.durations)
    assert "load" not in again.durations and again.sampling_time > 0


def test_without_its_technique_a_run_is_the_plain_one(rooms: Laboratory, document: Workflow) -> None:
    plain, only = without(document, ["cache"]), behind(document, ["cache"])
    beside = frozenset({"sample", "decode"})
    found = quality(rooms.run(plain, only - {"save_cached"}), rooms.run(plain, beside))
    assert found == Quality(inf, pytest.approx(1), 0)


def test_variants_change_the_values_they_should(rooms: Laboratory, document: Workflow) -> None:
    catalog = rooms.catalog
    assert steps_of(document, catalog, nothing) == {"schedule": 3}
    assert steps_of(with_steps(document, {"schedule": 2}), catalog, nothing) == {"schedule": 2}
    seeds = {id: node.values.get("seed") for id, node in with_seed(document, 7, catalog).graph.nodes.items()}
    assert seeds["sample"] == seeds["sample_cached"] == 7
    assert without(document, ["cache"]).graph.nodes["cache"].mode == "bypass"
    assert document.graph.nodes["cache"].mode == "on"


def test_a_document_without_techniques_or_steps(rooms: Laboratory, document: Workflow) -> None:
    bench = Bench(rooms, (0,), 1, lambda text: None)
    with pytest.raises(NothingToCompare, match="no technique"):
        bench.compare(without(document, ["cache"]))
    with pytest.raises(NothingToCompare, match="'sample' is no technique of the workflow; it has cache"):
        bench.compare(document, ["sample"])
    graph = document.graph
    others = {id: node for id, node in graph.nodes.items() if id != "schedule"}
    bare = replace(document, graphs={document.root: replace(graph, nodes=others)})
    with pytest.raises(NothingToCompare, match="no schedule"):
        steps_of(bare, rooms.catalog, nothing)


def nothing(node: str, output: str) -> None:
    """Nothing came out anywhere."""


def test_steps_that_come_over_an_edge_can_be_fewer(rooms: Laboratory) -> None:
    document = nested({"main": ({"count": "integer", "plan": "flow_schedule"}, ["count.int > plan.steps"])})
    assert steps_of(document, rooms.catalog, lambda node, output: 12) == {"plan": 12}
    fewer = with_steps(document, {"plan": 5})
    assert fewer.graph.edges == () and fewer.graph.nodes["plan"].values["steps"] == 5


def test_a_document_that_compares_by_itself_is_refused(rooms: Laboratory) -> None:
    read = documents.read((ROOT / "workflows" / "is_it_worth_it.json").read_bytes())
    with pytest.raises(NothingToCompare, match="'compare' compares by itself"):
        Bench(rooms, (0,), 1, lambda text: None).compare(read)


def test_figures_are_there_each_time(rooms: Laboratory) -> None:
    """Those of the same pictures come from a store the second time."""
    read = documents.read((ROOT / "workflows" / "what_a_cache_costs.json").read_bytes())
    document = with_values(read, {("schedule", "steps"): 1})
    first, second = (rooms.run(document, behind(document, ["cache"])) for _ in range(2))
    assert first.figures == second.figures


def test_the_mean_of_qualities_does_not_hide_the_worse() -> None:
    mean = Quality.mean([Quality(inf, 1.0, 0.0), Quality(20.0, 0.5, 0.2)])
    assert mean.psnr == pytest.approx(23.01, abs=0.01) and (mean.ssim, mean.latent_error) == (0.75, 0.1)
    assert Quality.mean([Quality(inf, 1, 0)]).psnr == inf


def test_figures_of_nodes_that_measure(rooms: Laboratory) -> None:
    """They are computed although nothing needs them, and a picture that one draws is not judged."""
    read = documents.read((ROOT / "workflows" / "what_a_cache_costs.json").read_bytes())
    document = with_values(read, {("schedule", "steps"): 2})
    trial = rooms.run(document, behind(document, ["cache"]))
    assert set(trial.figures) == {"accuracy.facts", "accuracy.all_right", "measure.psnr", "measure.ssim"}
    assert len(trial.images) == 1 and 0 <= trial.figures["accuracy.facts"] <= 1


def test_techniques_in_a_graph_inside_the_graph_are_found(rooms: Laboratory) -> None:
    document = nested(
        {
            "main": (
                {"load": "load_model", "fast": "graph:inner", "size": "empty_latent"},
                ["load.model > fast.model", "fast.model > size.model"],
            ),
            "inner": (
                {"cache": "first_block_cache"},
                [],
                {"model:Model": ["cache.model"]},
                {"model:Model": "cache.model"},
            ),
        }
    )
    assert techniques(document, rooms.catalog) == []
    assert techniques(opened(document), rooms.catalog) == ["fast/cache"]
    assert behind(opened(document), ["fast/cache"]) == {"size"}

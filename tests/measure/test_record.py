from app.engine.report import share_saved
from app.execution.events import JobFinished, NodeFinished, NodeProgress, NodeReported, NodeStarted
from app.graph.workflow import Graph, NodeInstance, Workflow
from app.measure.record import Record


def test_a_record_of_a_run() -> None:
    record = Record(Workflow({"main": Graph({"sample": NodeInstance("sample")})}, title="T"))
    report = {"technique": "first_block_cache", "grid": ["cc", "cr"]}
    for event in (
        NodeStarted("sample"),
        NodeProgress("sample", 0, 2, 0.01),
        NodeProgress("sample", 1, 2, 0.5),
        NodeReported("sample", report),
        NodeProgress("sample", 2, 2, 0.25),
        NodeFinished("sample", 0.8, cached=False),
        JobFinished("done", None, 1.0),
    ):
        record.take(event)
    told = record.to_json()
    assert told["steps"] == {"sample": [0.5, 0.25]}
    assert told["nodes"] == [{"node": "sample", "type": "sample", "duration": 0.8, "cached": False}]
    assert told["techniques"] == [{"node": "sample", **report}]
    assert (told["status"], told["title"], told["duration"]) == ("done", "T", 1.0)
    assert told["memory"]["process"] > 10**7


def test_a_run_that_did_not_end() -> None:
    assert Record(Workflow({"main": Graph()})).to_json()["status"] == "cancelled"


def test_the_share_that_a_report_names() -> None:
    assert share_saved({"calls_saved": 0.25}) == 0.25 == share_saved({"tokens_saved": 0.25})
    assert share_saved({"density": 0.5, "computed_pairs": 0.75}) == 0.25
    assert share_saved({"density": 0.5}) == 0.5 and share_saved({"technique": "x"}) is None

"""Runs within a budget: the same picture, an expectation that holds, no leak, a way out when it runs out."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from app.config import Settings
from app.engine.memory.keeper import Keeper
from app.engine.memory.offloading import OFFLOADED
from app.engine.memory.thrift import SHORT
from app.execution.cache import ResultCache
from app.execution.context import Caller
from app.execution.events import Event, JobFinished, NodeFinished, NodeReported
from app.execution.executor import Executor
from app.graph import catalog
from app.graph.workflow import Workflow, read
from tests.documents import document
from tests.execution.test_memory import limited

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def executor(tmp_path_factory: pytest.TempPathFactory) -> Executor:
    base = tmp_path_factory.mktemp("base")
    folders = replace(Settings(ROOT).folders, output=base / "output", temp=base / "temp")
    return Executor(catalog.find(), ResultCache(2**40), folders, keeper=Keeper(None))


@pytest.fixture
def fresh(executor: Executor) -> Iterator[Executor]:
    """The same, with nothing in its cache."""
    yield replace(executor, cache=ResultCache(2**40))
    SHORT.clear()


def painting(seed: int = 1) -> Workflow:
    """Return the first example with few steps."""
    told = json.loads((ROOT / "workflows" / "first_picture.json").read_text())
    nodes = told["graphs"][told["root"]]["nodes"]
    nodes["schedule"]["values"]["steps"] = 2
    nodes["sample"]["values"]["seed"] = seed
    return read(told)


def decoding(side: int) -> Workflow:
    """Return a document that decodes an empty latent of a size in pixels."""
    nodes: dict[str, Any] = {
        "load": ("load_model", {"name": "mini"}),
        "empty": ("empty_latent", {"width": side, "height": side}),
        "decode": ("decode_latent", {}),
        "save": ("save_image", {}),
    }
    edges = ("load.model > empty.model", "load.vae > decode.vae", "empty.latent > decode.latent")
    return read(document(nodes, *edges, "decode.image > save.image"))


def told(executor: Executor, work: Workflow) -> tuple[list[Event], JobFinished]:
    events: list[Event] = []
    return events, executor.run(work, Caller(events.append))


def picture(executor: Executor) -> bytes:
    return max(executor.folders.output.iterdir(), key=lambda path: path.stat().st_mtime_ns).read_bytes()


def pixels(executor: Executor) -> Any:
    """Return the newest picture that is in the cache."""
    results = [result for result, _ in executor.cache._results.values() if "image" in result.outputs]
    return results[-1].outputs["image"][0].pixels


def test_a_small_budget_gives_the_same_picture(fresh: Executor) -> None:
    _, end = told(fresh, painting())
    plain = pixels(fresh)
    tight = replace(fresh, cache=ResultCache(2**40), keeper=Keeper(3_000_000))
    events, end = told(tight, painting())
    assert end.status == "done" and len(OFFLOADED) >= 4, "transformer, two encoders and autoencoder wait"
    assert torch.allclose(pixels(tight), plain, atol=1e-4)
    measured = {event.node: event.memory for event in events if isinstance(event, NodeFinished)}
    assert measured["save"] is None and measured["sample"] is not None
    _, end = told(replace(tight, keeper=Keeper(None)), painting(seed=2))
    assert end.status == "done" and len(OFFLOADED) == 2, "with more room come back those that are used"


def test_decoding_that_does_not_fit_is_done_in_tiles(fresh: Executor) -> None:
    """Memory really runs out: the process may take no more than the limit."""
    told(fresh, decoding(64))
    with limited(95):
        events, end = told(fresh, decoding(1024))
    assert end.status == "done", end.problem
    (note,) = [event.report for event in events if isinstance(event, NodeReported)]
    assert "decoding and encoding in tiles" in note["tightened"]
    tiles = pixels(fresh)
    fresh.cache.free()
    told(fresh, decoding(1024))
    assert not SHORT.is_set(), "the next run is not sparing"
    assert float((pixels(fresh) - tiles).abs().mean()) < 0.02


def test_what_never_fits_says_how_much_it_needs(fresh: Executor) -> None:
    told(fresh, decoding(64))
    with limited(40):
        _, end = told(fresh, decoding(4096))
    assert end.problem and end.problem["code"] == "out_of_memory"
    assert "GiB were expected" in end.problem["message"] and "smaller" in end.problem["remedy"]

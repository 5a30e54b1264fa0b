from collections.abc import Iterator
from pathlib import Path

import pytest

from app.config import Settings
from app.graph import catalog
from app.graph.workflow import Workflow
from app.interop import documents
from app.measure.trial import Laboratory, laboratory
from app.measure.variants import with_values

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def rooms() -> Iterator[Laboratory]:
    """A laboratory with the embedded model, loaded once."""
    with laboratory(catalog.find(), Settings(ROOT, cache_bytes=10**9)) as opened:
        yield opened


@pytest.fixture
def document() -> Workflow:
    return short_document()


def short_document() -> Workflow:
    """The same picture with and without first block cache, in three steps."""
    found = documents.read((ROOT / "workflows" / "first_block_cache.json").read_bytes())
    return with_values(found, {("schedule", "steps"): 3, ("cache", "threshold"): 0.9})

from __future__ import annotations

import pytest

from app.graph import catalog
from app.graph.catalog import Catalog


@pytest.fixture(scope="session")
def nodes() -> Catalog:
    """The real nodes."""
    return catalog.find()

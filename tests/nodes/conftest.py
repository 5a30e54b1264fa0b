"""The embedded model, read once for all tests of nodes."""

from functools import cache

import pytest

from nodes.loaders.load_model import LoadedModel, load_model
from tests.tiny.recorder import Recorder


@cache
def read_mini() -> LoadedModel:
    return load_model(Recorder(), "mini")


@pytest.fixture
def mini() -> LoadedModel:
    """Handles are immutable, so tests may share them."""
    return read_mini()

"""Settings for all tests."""

import os

# Tiny models gain nothing from a second thread, and its waiting slows down all that runs beside it.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Dozens of servers and commands start during the tests; each would compile every file anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

import pytest
from hypothesis import settings

# Examples are judged by what comes out, not by how busy the machine was.
settings.register_profile("patchloom", deadline=None)
settings.load_profile("patchloom")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the checks that take longest in one piece: no worker should be left with one at the end."""
    items.sort(key=lambda item: item.path.name != "test_style.py")

"""Settings for all tests."""

import os

# Tiny models gain nothing from a second thread, and its waiting slows down all that runs beside it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from hypothesis import settings

# Examples are judged by what comes out, not by how busy the machine was.
settings.register_profile("patchloom", deadline=None)
settings.load_profile("patchloom")

"""Settings for all tests."""

from hypothesis import settings

# Examples are judged by what comes out, not by how busy the machine was.
settings.register_profile("patchloom", deadline=None)
settings.load_profile("patchloom")

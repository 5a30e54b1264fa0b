from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here

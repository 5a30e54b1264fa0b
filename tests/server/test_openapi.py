"""The description of the API is true: every route is in it, and whatever is sent gets a fitting answer."""

import re
from collections.abc import Iterable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.pytest.lazy import get_all_tests
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from app.server.app import COMFYS, OURS
from app.server.openapi import description
from app.server.operations import COMFY_OPERATIONS, OPERATIONS
from tests.documents import sum_of
from tests.server.conftest import Server

PAGES = {("GET", "/"), ("GET", "/{name}"), ("GET", "/api/ws"), ("GET", "/ws")}  # not JSON over HTTP
FACTS = ("i18n", "global_subgraphs", "extensions", "embeddings", "users", "settings")
FACTS += ("settings/{id}", "experiment/models", "experiment/models/{folder}", "system_stats", "features")
OPERATIONS_DESCRIBED = [
    (path, method) for path, methods in description("0")["paths"].items() for method in methods
]
CHECKS = (not_a_server_error, response_schema_conformance, status_code_conformance)


def routes_of(modules: Iterable[Any]) -> set[tuple[str, str]]:
    found = (route for module in modules for route in module.routes)
    return {(route.method, re.sub(r"\{(\w+):[^}]*\}", r"{\1}", route.path)) for route in found} - PAGES


def test_the_description_names_every_route() -> None:
    assert routes_of(OURS) == set(OPERATIONS)
    at_root = {
        (method, path) for method, path in routes_of(COMFYS) if not path.startswith(("/api", "/comfy"))
    }
    assert at_root == set(COMFY_OPERATIONS) | {("GET", f"/{name}") for name in FACTS}


@pytest.fixture(scope="module")
def described() -> Any:
    return schemathesis.openapi.from_dict(description("0"))


@pytest.fixture(scope="module")
def quiet(shared: Server) -> Server:
    """A server whose queue stands still, so that thousands of documents need not run."""
    shared.ask("PUT", "/api/queue", {"paused": True})
    return shared


@settings(
    max_examples=12,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    deadline=None,
    derandomize=True,
)
def answers(quiet: Server, case: Any) -> None:
    if case.path == "/api/queue":
        case.body = {"paused": True} if isinstance(case.body, dict) and "paused" in case.body else case.body
    case.call_and_validate(base_url=quiet.url, checks=CHECKS)


@pytest.mark.parametrize(("path", "method"), OPERATIONS_DESCRIBED)
def test_whatever_is_sent_gets_an_answer_of_the_described_shape(
    quiet: Server, described: Any, path: str, method: str
) -> None:
    """The cases, thousands in all, are built here and not when tests are collected."""
    chosen = described.include(path=path, method=method.upper())
    (made,) = get_all_tests(schema=chosen, test_func=answers, settings=None, given_kwargs=None)
    _, test = made.ok()
    test(quiet=quiet)


def test_the_server_is_none_the_worse(quiet: Server) -> None:
    quiet.ask("POST", "/queue", {"clear": True})
    quiet.ask("PUT", "/api/queue", {"paused": False})
    assert quiet.finished(quiet.run(sum_of(1)))["status"] == "done"

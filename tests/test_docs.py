"""What the docs say is true: their files exist, their commands and routes are the real ones."""

import re
from pathlib import Path

import pytest

from app import node_tables
from app.cli import parser
from app.execution.events import KINDS
from app.graph import catalog
from app.server import typescript
from app.server.routes import cameras, files, jobs, models, previews, socket, workflows
from app.server.routes import catalog as catalog_routes

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_api_page_lists_exactly_the_routes_there_are() -> None:
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    told = {
        f"{method} {path}" for method, path in re.findall(r"^\| (GET|POST|PUT|DELETE) `([^`]+)`", text, re.M)
    }
    there = {
        f"{route.method} {re.sub(':[^}]*', '', route.path)}"
        for module in (cameras, catalog_routes, files, jobs, models, previews, workflows)
        for route in module.routes
        if route.path.startswith("/api")  # type: ignore[attr-defined]
    }
    assert told == there
    (route,) = socket.routes
    assert f"`{route.path}?from=SEQ`" in text  # type: ignore[attr-defined]


def test_the_api_page_lists_every_event() -> None:
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.M)) == set(KINDS)


def test_the_canvas_has_our_types() -> None:
    written = (ROOT / "web" / "src" / "api" / "types.ts").read_text(encoding="utf-8")
    assert written == typescript.module(), "run: python -m app.server.typescript > web/src/api/types.ts"


def test_commands_in_the_readme_exist() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    help_text = parser().format_help()
    for command in set(re.findall(r"patchloom (\w+)", text)):
        assert re.search(rf"^\s+{command}\s", help_text, re.M), f"README names 'patchloom {command}'"
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^(\w+):", makefile, re.M))
    assert set(re.findall(r"^make (\w+)", text, re.M)) <= targets


def test_the_tables_of_nodes_are_current() -> None:
    found = catalog.find()
    page = (ROOT / "docs" / "all_nodes.md").read_text(encoding="utf-8")
    assert page == node_tables.page(found), "run: patchloom nodes --markdown > docs/all_nodes.md"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    pairs = (ROOT / "docs" / "techniques.md").read_text(encoding="utf-8")
    assert node_tables.techniques(found) in pairs, "paste what `patchloom nodes --techniques` prints into it"
    assert node_tables.summary(found) in readme, "paste what `patchloom nodes --summary` prints into it"

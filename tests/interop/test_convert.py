"""The commands on ComfyUI's files: convert, check, run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from app.cli import FAILED, OK, main
from app.interop.convert import files_in
from tests.interop.drawings import FILES, canvas, node, prompt, text_to_image

ROOT = Path(__file__).parents[2]
FIRST = ROOT / "workflows" / "first_picture.json"


@pytest.fixture
def base(tmp_path: Path) -> list[str]:
    """Options for a base directory of its own that shares the models."""
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "models").symlink_to(ROOT / "models")
    return ["--base-directory", str(tmp_path / "base")]


def pixels(path: Path) -> bytes:
    with Image.open(path) as image:
        return image.convert("RGB").tobytes()


def test_comfyuis_files_run_and_make_the_same_picture(tmp_path: Path, base: list[str]) -> None:
    """A drawing, a picture that carries a prompt, and our own document."""
    info, picture = PngInfo(), tmp_path / "theirs.png"
    info.add_text("prompt", json.dumps(prompt()))
    Image.new("RGB", (8, 8)).save(picture, pnginfo=info)
    made = []
    for number, file in enumerate((FILES / "text_to_image.json", picture)):
        out = tmp_path / f"{number}.png"
        assert main(["run", str(file), "--set", "3:schedule.steps=2", "-o", str(out), *base]) == OK
        made.append(pixels(out))
    ours = tmp_path / "ours.png"
    values = ["--set", "schedule.steps=2", "--set", "sample.seed=7", "--set", "guidance.guidance_scale=3"]
    values += ["--set", f"prompt.prompt={prompt()['6']['inputs']['text']}"]
    assert main(["run", str(FIRST), *values, "-o", str(ours), *base]) == OK
    same = [one == pixels(ours) for one in made]
    assert same == [True, True]
    assert main(["check", str(tmp_path / "0.png"), *base]) == OK


def test_check_names_what_is_missing(
    tmp_path: Path, base: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    document = text_to_image()
    document["nodes"][4]["widgets_values"][4:6] = ["someone_elses", "normal"]
    document["nodes"][0]["type"] = "SomeLoader"
    path = tmp_path / "theirs.json"
    path.write_text(json.dumps(document))
    assert main(["check", str(path), *base]) == FAILED
    error = capsys.readouterr().err
    assert "warning: 3 (KSampler): sampler_name is 'someone_elses', known are 'euler'," in error
    assert "error: 3:sampler: there is no node type 'comfyui.someone_elses'." in error
    assert "error: 4: there is no node type 'SomeLoader'." in error


def test_convert_a_folder(tmp_path: Path, base: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    theirs, out, report = tmp_path / "theirs", tmp_path / "out", tmp_path / "report.json"
    (theirs / "sub").mkdir(parents=True)
    (theirs / "a.json").write_text(json.dumps(text_to_image()))
    (theirs / "sub" / "a.json").write_text(json.dumps(canvas(node(1, "Odd", [1]), node(2, "Odd"))))
    (theirs / "ours.json").write_bytes(FIRST.read_bytes())
    command = ["convert", str(theirs), "--to", "native", "-o", str(out), "--report", str(report), *base]
    assert main(command) == OK
    assert capsys.readouterr().out.startswith("3 files: 3 read, 3 of them come back without loss, 2 use only")
    told = {
        Path(entry["file"]).relative_to(theirs).as_posix(): entry for entry in json.loads(report.read_text())
    }
    assert {name: entry["format"] for name, entry in told.items()} == {
        "a.json": "comfy-ui",
        "sub/a.json": "comfy-ui",
        "ours.json": "native",
    }
    assert all(entry["lossless"] for entry in told.values())
    assert told["sub/a.json"]["unmapped"] == {"Odd": 2} and told["a.json"]["problems"] == []
    assert sorted(path.name for path in out.iterdir()) == ["a.json", "a.json.json", "ours.json"]
    back = ["convert", str(out / "a.json"), "--to", "comfy-ui", "-o", str(tmp_path / "back"), *base]
    assert main(back) == OK
    assert json.loads((tmp_path / "back" / "a.json").read_text()) == text_to_image()


def test_a_file_that_cannot_be_read_fails_the_command_and_hurts_no_other(
    tmp_path: Path, base: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("[1, 2")
    files = [str(bad), str(tmp_path / "absent.json"), str(FILES / "text_to_image.json")]
    assert main(["convert", *files, "--to", "comfy-api", "-o", str(tmp_path / "out"), *base]) == FAILED
    said = capsys.readouterr()
    assert (
        "[1/3]" in said.err and "not JSON" in said.err and "cannot read or write it: No such file" in said.err
    )
    assert said.out.startswith("3 files: 1 read") and "Traceback" not in said.err
    assert json.loads((tmp_path / "out" / "text_to_image.json").read_text())["3"]["class_type"] == "KSampler"


def test_convert_never_replaces_its_source(
    tmp_path: Path, base: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(text_to_image()))
    assert main(["convert", str(path), "--to", "native", "-o", str(tmp_path), *base]) == FAILED
    assert "would replace the file itself" in capsys.readouterr().err
    assert json.loads(path.read_text()) == text_to_image()


def test_mistakes(tmp_path: Path, base: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", str(tmp_path / "base"), "--to", "native", "-o", str(tmp_path), *base]) == FAILED
    assert "there is no .json, .png or .webp file" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    out = ["-o", str(tmp_path / "file"), *base]
    assert main(["convert", str(FIRST), "--to", "native", *out]) == FAILED
    assert "cannot write" in capsys.readouterr().err


def test_files_are_named_once(tmp_path: Path) -> None:
    (tmp_path / "a.json").touch()
    (tmp_path / "b.txt").touch()
    assert files_in([tmp_path, tmp_path / "a.json"]) == [tmp_path / "a.json"]

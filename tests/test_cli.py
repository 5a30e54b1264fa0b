"""The command line on the real nodes and the trained model."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import av
import pytest
from PIL import Image

from app.cli import FAILED, OK, main
from app.interop.documents import read

ROOT = Path(__file__).parents[1]
FIRST = ROOT / "workflows" / "first_picture.json"
CAMERA = "live_camera"  # waits for a browser's camera; tests/browser/test_camera.py runs it
WORKFLOWS = sorted(path for path in (ROOT / "workflows").glob("*.json") if path.stem != CAMERA)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A base directory of its own that shares the models, with two uploaded pictures."""
    (tmp_path / "models").symlink_to(ROOT / "models")
    (tmp_path / "input").mkdir()
    for name, color in (("red.png", "#a03020"), ("blue.png", "#2030a0")):
        Image.new("RGB", (320, 200), color).save(tmp_path / "input" / name)
    return tmp_path


def changed(tmp_path: Path, **values: object) -> Path:
    """The first picture with other values: `sample__steps=0` sets `steps` of node `sample`."""
    document = json.loads(FIRST.read_text())
    for place, value in values.items():
        node, name = place.split("__")
        document["graphs"]["main"]["nodes"][node]["values"][name] = value
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_example_runs(path: Path, base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(path), "--base-directory", str(base)]) == OK
    made = capsys.readouterr().out.split()
    assert made
    for name in made:
        if name.endswith(".mp4"):
            with av.open(name) as video:
                assert sum(1 for _ in video.decode(video=0)) > 1
        else:
            with Image.open(name) as image:
                assert min(image.size) >= 64


def test_set_and_output(base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def picture(name: str, seed: int) -> bytes:
        out = tmp_path / name
        values = ["--set", "schedule.steps=4", "--set", f"sample.seed={seed}"]
        assert main(["run", str(FIRST), "--base-directory", str(base), *values, "-o", str(out)]) == OK
        assert capsys.readouterr().out.strip() == str(out)
        with Image.open(out) as image:
            return image.convert("RGB").tobytes()

    seven, again, eight = (picture(f"{n}.png", seed) for n, seed in enumerate((7, 7, 8)))
    assert seven == again != eight
    assert not list((base / "output").rglob("*.png"))
    nodes = read((tmp_path / "0.png").read_bytes()).graph.nodes
    assert nodes["sample"].values["seed"] == 7 and nodes["schedule"].values["steps"] == 4


def test_a_saved_picture_runs_again(base: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "a.png", tmp_path / "b.png"
    few = ["--base-directory", str(base), "--set", "schedule.steps=3"]
    assert main(["run", str(FIRST), *few, "-o", str(first)]) == OK
    assert main(["run", str(first), "--base-directory", str(base), "-o", str(second)]) == OK
    with Image.open(first) as one, Image.open(second) as two:
        assert one.tobytes() == two.tobytes()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "absent.json"], "cannot read absent.json: No such file"),
        (["run", str(ROOT / "pyproject.toml")], "not JSON"),
        (["run", str(FIRST), "--set", "nonsense"], "write it as node.input=value"),
        (["run", str(FIRST), "--set", "nobody.seed=1"], "there is no node 'nobody'"),
        (["run", str(FIRST), "--set", "sample.no=1"], "node 'sample' has no value 'no'; it has seed"),
        (["run", str(FIRST), "--set", "schedule.steps=0"], "steps is 0, allowed is 1 to 1000"),
        (["run", str(FIRST), "--set", "load.name=absent"], "'absent'"),
        (["check", "absent.json"], "cannot read"),
    ],
)
def test_mistakes_are_told_in_one_sentence(
    arguments: list[str], words: str, base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--base-directory", str(base)]) == FAILED
    error = capsys.readouterr().err
    assert words in error and "Traceback" not in error


def test_check(base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", *map(str, WORKFLOWS), "--base-directory", str(base)]) == OK
    assert capsys.readouterr().err == ""
    bad = changed(tmp_path, sample__seed=-1, prompt__prompt="x" * 100_000)
    assert main(["check", str(bad), "--base-directory", str(base)]) == FAILED
    error = capsys.readouterr().err
    assert "seed is -1, allowed is 0 to" in error and "100,000 characters" in error


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("page.safetensors", b"<!doctype html><html>Not found</html>", "is a web page"),
        ("noise.safetensors", b"\x00" * 40, "not a safetensors file"),
        ("old.ckpt", b"\x80\x02}q\x00.", "is a pickle file"),
    ],
)
def test_model_files_that_are_none(
    name: str, content: bytes, words: str, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (base / "models").unlink()
    (base / "models").mkdir()
    (base / "models" / name).write_bytes(content)
    assert main(["run", str(changed(tmp_path, load__name=name)), "--base-directory", str(base)]) == FAILED
    error = capsys.readouterr().err
    assert "load:" in error and words in error and name in error and "Traceback" not in error


def test_a_truncated_model(base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (base / "models").unlink()
    copied = base / "models" / "mini"
    shutil.copytree(ROOT / "models" / "mini", copied)
    weights = copied / "transformer" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100_000])
    assert main(["run", str(FIRST), "--base-directory", str(base)]) == FAILED
    error = capsys.readouterr().err
    assert "load:" in error and "is cut off" in error and "Traceback" not in error


def test_the_program_itself(base: Path) -> None:
    def patchloom(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "app.cli", *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    listed = patchloom("nodes", "--json", "--base-directory", str(base))
    ids = {node["id"] for node in json.loads(listed.stdout)["nodes"]}
    assert {"load_model", "encode_text", "sample", "save_image", "first_block_cache"} <= ids
    assert patchloom("nonsense").returncode == 2
    text = patchloom("--help").stdout
    assert "first_picture.json --set sample.seed=7" in text and "exit codes" in text


@pytest.mark.parametrize("command", ["serve", "run", "check", "nodes"])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert "--base-directory" in capsys.readouterr().out


def test_models_of_other_programs_are_found(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With an empty models/ of its own, a YAML file in ComfyUI's manner says where the model is."""
    (base / "models").unlink()
    (base / "models").mkdir()
    yaml = tmp_path / "paths.yaml"
    yaml.write_text(f"shared:\n  base_path: {ROOT}\n  models: models\n")
    command = ["check", str(FIRST), "--base-directory", str(base)]
    assert main(command) == FAILED
    assert main([*command, "--extra-model-paths-config", str(yaml)]) == OK
    capsys.readouterr()
    assert main([*command, "--extra-model-paths-config", str(tmp_path / "none.yaml")]) == FAILED
    assert "none.yaml: cannot be read" in capsys.readouterr().err

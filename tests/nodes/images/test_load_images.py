from pathlib import Path

import pytest
from PIL import Image as Picture

from app.execution.cache import ResultCache
from app.execution.executor import Executor
from app.execution.files import Folders
from app.graph import catalog
from app.graph.catalog import Catalog
from app.graph.check import check
from app.graph.workflow import Workflow
from nodes.images import image_size, load_images
from nodes.logic import join_text, list_length
from tests.documents import workflow
from tests.execution.runs import ended, finished, problem, run, saved

USED = [catalog.spec_in(module) for module in (image_size, load_images, join_text, list_length)]
NODES = Catalog({**catalog.find(("tests.plain.nodes",)).specs, **{spec.id: spec for spec in USED}})


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    for name, width in {"frame_10.png": 10, "frame_2.png": 2, "a/cat.JPG": 3, "a/b/dog.png": 4}.items():
        path = tmp_path / "input" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Picture.new("RGB", (width, 5)).save(path)
    (tmp_path / "input" / "a" / "notes.txt").write_text("no picture")
    return Folders(tmp_path / "output", tmp_path / "temp", tmp_path / "input", {})


@pytest.fixture
def executor(folders: Folders) -> Executor:
    return Executor(NODES, ResultCache(10**6), folders)


def widths(**values: object) -> Workflow:
    nodes = {"l": ("load_images", values), "w": "image_size", "s": "show"}
    return workflow(nodes, "l.image > w.image", "w.width > s.value")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, ["2", "10"]),
        ({"subfolders": True}, ["4", "3", "2", "10"]),
        ({"folder": "a"}, ["3"]),
        ({"folder": "a", "subfolders": True, "pattern": "*.png"}, ["4"]),
        ({"start": 1}, ["10"]),
        ({"most": 1}, ["2"]),
        ({"pattern": "FRAME_?.png"}, ["2"]),
    ],
)
def test_pictures_come_in_the_order_of_their_names(
    executor: Executor, folders: Folders, values: dict[str, object], expected: list[str]
) -> None:
    assert check(widths(**values), NODES, folders.choices) == []
    assert ended(run(executor, widths(**values))) == "done" and saved(folders) == expected


def test_a_new_picture_is_noticed(executor: Executor, folders: Folders) -> None:
    run(executor, widths())
    assert finished(run(executor, widths())) == {"s": True}
    Picture.new("RGB", (30, 5)).save(folders.input / "frame_3.png")
    assert finished(run(executor, widths()))["l"] is False
    (folders.input / "frame_2.png").unlink()
    assert finished(run(executor, widths()))["l"] is False


def test_nothing_that_fits_is_refused(executor: Executor) -> None:
    found = problem(run(executor, widths(pattern="*.gif")))
    assert found["node"] == "l" and "'*.gif'" in found["message"]


@pytest.mark.parametrize("folder", ["..", "../..", "/etc", "a/../../x", ""])
def test_no_folder_outside(executor: Executor, folders: Folders, folder: str) -> None:
    assert check(widths(folder=folder), NODES, folders.choices)[0].code == "missing_file"
    assert problem(run(Executor(NODES, ResultCache(10), folders), widths(folder=folder)))["input"] == "folder"


def test_a_link_out_of_the_folder_is_refused(executor: Executor, folders: Folders, tmp_path: Path) -> None:
    Picture.new("RGB", (9, 9)).save(tmp_path / "secret.png")
    (folders.input / "frame_1.png").symlink_to(tmp_path / "secret.png")
    assert problem(run(executor, widths()))["code"] == "bad_path"

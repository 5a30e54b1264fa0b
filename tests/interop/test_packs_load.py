"""Loading packs: every way to fail is told and hurts nobody else; what a class says becomes a schema."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.graph import catalog
from app.graph.catalog import Catalog
from app.graph.spec import NodeSpec
from app.interop import documents
from app.interop.schemas import object_info
from tests.interop.trusted import PACKS, Shop, node, open_shop

ONE_CLASS = """
class Good:
    RETURN_TYPES = ("INT",)
    FUNCTION = "go"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {"default": 1})}}

    def go(self, value):
        return (value,)

"""
BAD = {
    "raises/__init__.py": 'raise RuntimeError("no luck today")',
    "quits/__init__.py": "import sys\nsys.exit(4)",
    "broken/__init__.py": "NODE_CLASS_MAPPINGS = {",
    "needy/__init__.py": "import a_package_that_nobody_has.part",
    "comfys.py": "from comfy.model_patcher import ModelPatcher\nModelPatcher()",
    "newer/__init__.py": "async def comfy_entrypoint():\n    pass",
    "empty/__init__.py": "",
    "off.disabled/__init__.py": 'raise RuntimeError("switched off, so never imported")',
    "notes/README.md": "no Python here",
    "patchy/__init__.py": ONE_CLASS
    + """
class NoReturnTypes:
    FUNCTION = "go"
    INPUT_TYPES, go = Good.INPUT_TYPES, Good.go

class NoInputs(Good):
    @classmethod
    def INPUT_TYPES(cls):
        raise KeyError("missing")

class NoFunction(Good):
    FUNCTION = "elsewhere"

class OddInput(Good):
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": "INT"}}

KINDS = {"PatchyGood": Good, "KSampler": Good, "patchloom.switch": Good}
KINDS |= {kind.__name__: kind for kind in (NoReturnTypes, NoInputs, NoFunction, OddInput)}
NODE_CLASS_MAPPINGS = KINDS
""",
    "second/__init__.py": ONE_CLASS + 'NODE_CLASS_MAPPINGS = {"PatchyGood": Good, "SecondGood": Good}',
}
REASONS = {
    "broken": "__init__.py, line 1: '{' was never closed.",
    "comfys": "it needs ComfyUI's comfy.model_patcher.ModelPatcher, which Patchloom does not have.",
    "empty": "it has no NODE_CLASS_MAPPINGS",
    "needy": "it needs the Python package 'a_package_that_nobody_has'.",
    "newer": "it is written for ComfyUI's newer interface",
    "patchy/KSampler": "Patchloom has this class type itself",
    "patchy/patchloom.switch": "Patchloom has this class type itself",
    "patchy/NoReturnTypes": "AttributeError: type object 'NoReturnTypes' has no attribute 'RETURN_TYPES'.",
    "patchy/NoInputs": "KeyError: 'missing'.",
    "patchy/NoFunction": "TypeError: FUNCTION is 'elsewhere', which names no method.",
    "patchy/OddInput": "TypeError: INPUT_TYPES: 'value' is 'INT', expected a tuple (type, options).",
    "second/PatchyGood": "the pack 'patchy' has this class type, too, and was named first.",
    "quits": "it ended the program (sys.exit(4)) instead of loading.",
    "raises": "RuntimeError: no luck today.",
    "nowhere": "there is no pack in /nowhere",
}

FILES: dict[str, list[str]] = {"image": [], "ckpt_name": []}


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    bad = written(tmp_path_factory.mktemp("bad"), BAD)
    base = tmp_path_factory.mktemp("base")
    with open_shop(base, ("tests.plain.nodes",), bad, PACKS, Path("/nowhere")) as opened:
        yield opened


def spec_of(shop: Shop, id: str) -> NodeSpec:
    spec = shop.nodes.get(id)
    assert spec is not None, id
    return spec


def test_what_fails_is_told_with_its_reason_and_hurts_nobody(shop: Shop) -> None:
    told = {entry.file.removeprefix("packs/"): entry.reason for entry in shop.nodes.failed}
    assert told.keys() == REASONS.keys()
    for name, reason in REASONS.items():
        assert told[name].startswith(reason), name
    assert {"PatchyGood", "SecondGood", "PlainFlat", "WaitingMeet"} <= set(shop.nodes.specs)
    assert shop.said({"1": node("PatchyGood", value=5)}) == ["5"]


def test_the_interface_of_a_class(shop: Shop) -> None:
    spec = spec_of(shop, "PlainFlat")
    assert (spec.title, spec.category) == ("Flat picture", "packs/plain-pack/image/make")
    assert spec.description == "A picture of one grey."
    assert [output.type for output in spec.outputs] == ["Image"]
    level = spec.to_json()["inputs"][0]
    assert level["widget"] == {"kind": "Number", "min": 0.0, "max": 1.0, "step": 0.05, "unit": ""}
    assert (level["help"], level["default"]) == ("Its brightness.", 0.5)


def test_widgets_fit_the_options(shop: Shop) -> None:
    spec = spec_of(shop, "PlainWidgets")
    drawn = {entry.name: type(entry.widget).__name__ for entry in spec.inputs if entry.widget}
    assert drawn == {
        "text": "TextBox",
        "line": "TextLine",
        "word": "Choice",
        "newer": "Choice",
        "flag": "Checkbox",
        "seed": "Seed",
        "part": "Slider",
    }
    assert [entry.name for entry in spec.inputs if entry.port] == ["wired", "odd"]
    assert [output.name for output in spec.outputs] == ["all", "seed", "all_2"]


def test_a_loader_lists_its_own_kind_of_files(shop: Shop) -> None:
    names = {"clip_name": ["t5.safetensors"], "CLIPVisionLoader.clip_name": ["h.safetensors"]}
    found = object_info(shop.nodes, names)
    listed = [found[name]["input"]["required"]["clip_name"] for name in ("CLIPLoader", "CLIPVisionLoader")]
    assert listed == [[["t5.safetensors"]], [["h.safetensors"]]]


def test_object_info_has_the_shape_that_comfyui_gives_it(shop: Shop) -> None:
    entry = json.loads(json.dumps(object_info(shop.nodes, FILES)["PlainWidgets"]))
    required = entry["input"]["required"]
    assert required["word"] == [["first", "second"]]
    assert required["newer"] == ["COMBO", {"options": ["a", "b"], "default": "b"}]
    assert required["text"] == ["STRING", {"multiline": True, "default": "hello"}]
    assert entry["input"]["optional"]["wired"] == ["STRING", {"forceInput": True}]
    assert entry["input_order"] == {"required": list(required), "optional": ["wired", "odd"]}
    assert entry["output"] == ["STRING", "INT", "FLOAT"] and entry["output_name"] == ["all", "seed", "all"]
    assert entry["output_is_list"] == [False, False, False] and entry["output_node"] is False
    assert (entry["name"], entry["display_name"]) == ("PlainWidgets", "PlainWidgets")
    assert (entry["category"], entry["python_module"]) == ("show", "custom_nodes.plain-pack")


def test_the_catalogue_comes_through_the_pipe_whole(shop: Shop) -> None:
    back = Catalog.from_json(json.loads(json.dumps(shop.nodes.to_json())))
    assert back.version == shop.nodes.version and back.failed == shop.nodes.failed
    spec = back.specs["ChecksNamed"]
    assert spec.open and spec.checks_itself and spec.outside
    assert [entry.free for entry in spec.inputs] == [True, False]
    assert object_info(back, FILES) == object_info(shop.nodes, FILES)


def test_packs_are_part_of_what_a_stored_catalogue_was_written_for(tmp_path: Path) -> None:
    packages = ("tests.plain.nodes",)
    pack = written(tmp_path, {"one/__init__.py": "first"}) / "one"
    without, first = catalog.source_digest(packages), catalog.source_digest(packages, [pack])
    written(tmp_path, {"one/__init__.py": "second"})
    assert len({without, first, catalog.source_digest(packages, [pack])}) == 3


def test_without_packs_nothing_of_them_is_imported() -> None:
    code = """
import sys
from pathlib import Path
import app.cli, app.server.app, app.execution.worker as worker
from app.config import Settings

settings = {"packages": ["tests.plain.nodes"], "packs": [], "deadly": {}}
worker.read_nodes(settings, Settings(Path("/tmp")).folders, print)
print([name for name in sys.modules if "packs" in name or name in ("comfy", "folder_paths", "server")])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("inputs", "code"),
    [({}, "missing_input"), ({"image1": ["gone", 0]}, "missing_node"), ({"image1": ["flat", 0]}, None)],
)
def test_what_a_prompt_lacks(shop: Shop, inputs: dict[str, Any], code: str | None) -> None:
    from app.interop.sent import faults_in

    prompt = {"flat": node("PlainFlat", level=0.5, width=8, height=8), "1": node("PlainMean", **inputs)}
    assert [problem.code for problem in faults_in(prompt, shop.nodes)] == ([code] if code else [])


def test_values_of_a_prompt_come_in_the_type_that_is_wanted(shop: Shop) -> None:
    from app.interop.sent import coerced

    sent = {"text": 5, "flag": 1, "seed": "9", "part": "0.5", "word": "first", "odd": 3, "line": None}
    prompt = {"1": node("PlainWidgets", **sent), "2": node("PlainFlat", level="much")}
    nodes = coerced(documents.read_json(prompt), shop.nodes).graph.nodes
    wanted = {"text": "5", "flag": True, "seed": 9, "part": 0.5, "word": "first", "odd": 3, "line": None}
    assert nodes["1"].values == wanted and nodes["2"].values == {"level": "much"}


def test_a_document_drawn_here_is_written_in_comfyuis_words(shop: Shop) -> None:
    document = {
        "format": "patchloom/1",
        "root": "main",
        "graphs": {
            "main": {
                "nodes": {
                    "w": {"type": "PlainWidgets", "values": {"text": "mine"}},
                    "s": {"type": "PlainSay"},
                },
                "edges": [{"from": ["w", "all_2"], "to": ["s", "value"]}],
            }
        },
    }
    written = documents.to_api(documents.read_json(document), shop.nodes).document
    assert written["s"]["inputs"] == {"value": ["w", 2]}
    assert written["w"]["class_type"] == "PlainWidgets"
    assert written["w"]["inputs"]["text"] == "mine" and "odd" not in written["w"]["inputs"]

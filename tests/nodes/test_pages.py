"""The page about nodes: its examples run."""

import re
from pathlib import Path

import pytest
import torch

from app.engine.media import Image
from app.graph import catalog
from app.graph.catalog import Catalog
from tests.tiny.recorder import Recorder
from tests.tiny.runs import STEPS, run
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import ZOO, build

DOCS = Path(__file__).parents[2] / "docs"
PLACES = {"invert_image": "images", "block_interval": "caching"}


@pytest.fixture
def examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalog:
    """Put the examples of the page into files, as its reader would, and find them."""
    package = tmp_path / "written_by_a_reader" / "nodes"
    for code in re.findall(r"```python\n(.+?)```", (DOCS / "nodes.md").read_text(encoding="utf-8"), re.S):
        (name,) = re.findall(r"@node.*\ndef (\w+)\(", code)
        path = package / PLACES[name] / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    found = catalog.find(("written_by_a_reader.nodes",))
    assert found.failed == () and set(found.specs) == set(PLACES)
    return found


def test_the_first_example(examples: Catalog) -> None:
    spec = examples.specs["invert_image"]
    assert spec.category == "images" and spec.function is not None
    white = Image(torch.ones(1, 2, 2, 3))
    assert spec.function(white).pixels.max() == 0 and torch.equal(
        spec.function(white, 0.0).pixels, white.pixels
    )


@pytest.mark.parametrize("family", ZOO)
def test_the_example_technique_works_on_every_family(family: str, examples: Catalog) -> None:
    spec, model, watcher = examples.specs["block_interval"], build(family), Recorder()
    assert spec.claims == ("blocks",) and spec.references and spec.function is not None
    assert torch.equal(run(spec.function(model, 1)), run(model))
    changed = run(spec.function(model, 2), watcher)
    assert not torch.equal(changed, run(model)) and changed.isfinite().all()
    trunk = sum(len(getattr(model.module, stack.path)) for stack in model.family.stacks if stack.trunk)
    assert watcher.reports == [{"technique": "block_interval", "skipped_blocks": trunk * STEPS // 2}]

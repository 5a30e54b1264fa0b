"""What headers say of memory: sizes to the byte, working memory, and where weights are put."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from app.checkpoints.sizes import PartSize
from app.engine.memory.forecast import Foreseen, outlook
from app.engine.memory.layout import Layout, laid_out
from app.engine.memory.networks import Network
from app.engine.weights.single_files import open_transformer
from app.execution.memory import Work
from tests.checkpoints.test_layouts import in_layout
from tests.engine.weights.test_single_files import file, layout_of
from tests.tiny.layouts import transformer

ROOT = Path(__file__).parents[3]
MINI = ROOT / "models" / "mini"
MODEL, LATENT = {"model": "Model"}, {"latent": "Latent"}


def load(path: Path, makes: Mapping[str, str] = MODEL, **values: Any) -> Work:
    return Work("load", values, {"name": path}, {}, makes, True)


def sample(width: int, height: int, **values: Any) -> list[Work]:
    model = {"model": ("Model", "load", "model")}
    told = {"width": width, "height": height, **values}
    return [
        Work("empty", told, {}, model, LATENT, True),
        Work("sample", {}, {}, {**model, "start": ("Latent", "empty", "latent")}, LATENT, True),
    ]


@pytest.fixture
def flux(tmp_path: Path) -> Path:
    return file(tmp_path, "flux", in_layout(transformer("flux"), "flux", layout_of("flux")))


@pytest.mark.parametrize("precision", ["auto", "float16", "float8_e4m3", "int8", "nf4"])
def test_the_header_tells_what_is_loaded(flux: Path, precision: Any) -> None:
    (network,) = outlook([load(flux, precision=precision)])["load"].loads
    real = open_transformer(flux, precision).nbytes
    assert network.size.name == "transformer" and network.size.model.startswith("flux")
    slack = 0 if precision in ("auto", "float16") else 0.1  # scales, and what cannot be packed
    assert network.size.bytes == pytest.approx(real, rel=slack)
    assert network.size.file == sum(size for size in (flux.stat().st_size,)) - header(flux)


def header(path: Path) -> int:
    return 8 + int.from_bytes(path.read_bytes()[:8], "little")


def test_a_larger_picture_takes_more_and_a_batch_as_often(flux: Path) -> None:
    def working(side: int, batch: int = 1) -> int:
        return outlook([load(flux), *sample(side, side, batch_size=batch)])["sample"].working or 0

    assert 3.5 < working(2048) / working(1024) < 4, "all but the text is four times as much"
    assert 3.5 < working(1024, batch=4) / working(1024) <= 4


def test_a_model_folder_has_all_its_parts() -> None:
    makes = {"model": "Model", "text_encoder": "TextEncoder", "vae": "Vae"}
    decode = {"vae": ("Vae", "load", "vae"), "latent": ("Latent", "sample", "latent")}
    seen = outlook(
        [load(MINI, makes), *sample(0, 0), Work("decode", {}, {}, decode, {"image": "Image"}, True)]
    )
    names = [network.size.name for network in seen["load"].loads]
    assert sorted(names) == ["autoencoder", "text encoder", "text encoder", "transformer"]
    needed = {seen["load"].loads[index].size.name for _, index in seen["decode"].needs}
    assert needed == {"autoencoder"} and (seen["decode"].working or 0) > 128 * 128 * 3 * 4


def test_decoding_in_tiles_takes_a_tile(flux: Path) -> None:
    makes = {"model": "Model", "vae": "Vae"}
    given = {"vae": ("Vae", "load", "vae"), "latent": ("Latent", "empty", "latent")}
    before = [load(MINI, makes), *sample(512, 512)]
    whole, tiles = (
        outlook([*before, Work("decode", told, {}, given, {"image": "Image"}, True)])
        for told in ({}, {"tile": 128})
    )
    assert whole["decode"].working == pytest.approx(16 * (tiles["decode"].working or 0), rel=0.1)


def test_an_unreadable_file_is_left_to_the_node_that_loads_it(tmp_path: Path) -> None:
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"<html>")
    assert outlook([load(broken)])["load"].loads == ()


def part(name: str, blocks: int, block: int, rest: int) -> Network:
    whole = blocks * block + rest
    return Network(PartSize(name, "", "F32", whole // 4, whole, whole, block, rest))


ENCODER, TRANSFORMER, DECODER = (
    part("text encoder", 10, 10, 20),
    part("transformer", 20, 10, 40),
    part("autoencoder", 0, 0, 30),
)
NODES = {
    "load": Foreseen((ENCODER, TRANSFORMER, DECODER), frozenset(("load", at) for at in range(3))),
    "read": Foreseen(needs=frozenset([("load", 0)]), working=5),
    "sample": Foreseen(needs=frozenset([("load", 1)]), working=50),
    "decode": Foreseen(needs=frozenset([("load", 2)]), working=90),
}


FIRST = {"text encoder", "vision encoder", "autoencoder"}


@pytest.mark.parametrize(
    ("budget", "waits", "peaks"),
    [
        (1000, set(), {"load": 390, "read": 395, "sample": 440, "decode": 480}),
        (420, set(), {"load": 390, "read": 395, "sample": 420, "decode": 420}),
        (300, {"text encoder", "vision encoder", "autoencoder"}, None),
        (
            120,
            {"text encoder", "vision encoder", "autoencoder", "transformer"},
            {"sample": 100, "decode": 120},
        ),
    ],
)
def test_what_does_not_fit_waits_outside(budget: int, waits: set[str], peaks: dict[str, int] | None) -> None:
    layout = laid_out(Layout(NODES, tuple(NODES), budget, "cpu"))
    assert layout.offloaded == waits
    assert {id: layout.peak(id) for id in peaks or ()} == (peaks or {})


def test_the_plan_for_the_canvas(flux: Path) -> None:
    works = [load(flux), *sample(256, 256)]
    layout = laid_out(Layout(outlook(works), ("load", "empty", "sample"), 2**40, "cpu"))
    told = layout.to_json()
    assert (told["at"], told["device"], sorted(told["nodes"])) == ("sample", "cpu", ["load", "sample"])
    (shown,) = told["nodes"]["load"]["parts"]
    assert shown["placement"] == "resident" and shown["bytes"] == open_transformer(flux).nbytes
    assert told["peak"] == shown["bytes"] + told["nodes"]["sample"]["working"]

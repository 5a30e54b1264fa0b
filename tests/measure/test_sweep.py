import json
from pathlib import Path

import pytest

from app.graph.workflow import Workflow
from app.measure.grid import Axis, BadAxis, at_point, points, read_axis
from app.measure.sheet import contact_sheet
from app.measure.sweep import RESULTS, sweep
from app.measure.trial import Laboratory
from app.measure.tune import Search, default_axes, spread
from app.measure.variants import NothingToCompare, without

AXES = [Axis("sample_cached", "seed", ("1", "2")), Axis("cache", "threshold", ("0", "0.9"))]


def test_an_axis_is_read_and_a_grid_goes_through_all() -> None:
    assert read_axis("a.b=1,x\\,y,3") == Axis("a", "b", ("1", "x,y", "3"))
    found = [tuple(point.values()) for point in points(AXES)]
    assert found == [("1", "0"), ("1", "0.9"), ("2", "0"), ("2", "0.9")]


@pytest.mark.parametrize("text", ["a.b", "a=1", ".b=", "a.b="])
def test_an_axis_that_is_none(text: str) -> None:
    with pytest.raises(BadAxis, match=r"node\.input=value"):
        read_axis(text)


def test_a_place_or_value_that_does_not_fit(rooms: Laboratory, document: Workflow) -> None:
    with pytest.raises(BadAxis, match="no node 'nope'"):
        at_point(document, {"nope.x": "1"}, rooms.catalog)
    with pytest.raises(BadAxis, match="threshold=high"):
        at_point(document, {"cache.threshold": "high"}, rooms.catalog)


def test_a_sweep_runs_every_point_once_and_goes_on_where_it_was(
    rooms: Laboratory, document: Workflow, tmp_path: Path
) -> None:
    told: list[str] = []
    cells = sweep(rooms, document, AXES, tmp_path, told.append)
    assert len(told) == 4 and [dict(cell.point)["cache.threshold"] for cell in cells] == ["0", "0.9"] * 2
    assert cells[0].saved == 0 and cells[1].saved == pytest.approx(5 / 18)
    assert all(len(cell.files) == 1 and (tmp_path / cell.files[0]).exists() for cell in cells)
    results = tmp_path / RESULTS
    first, *rest = results.read_text().splitlines()
    results.write_text("\n".join(rest[:-1]) + "\n" + rest[-1][:20])
    told.clear()
    again = sweep(rooms, document, AXES, tmp_path, told.append)
    assert len(told) == 2, "the first line is gone and the last one broken off"
    assert [cell.point for cell in again] == [cell.point for cell in cells]
    assert json.loads(first)["key"] == again[0].key
    sheet = contact_sheet(again, AXES, tmp_path)
    assert sheet.width > 2 * 128 and sheet.height > 2 * 128


def test_tuning_takes_the_cheapest_that_is_good_enough(rooms: Laboratory, document: Workflow) -> None:
    axes = [Axis("cache", "threshold", ("0", "0.9"))]
    search = Search(rooms, (0,), 99.0, lambda text: None)
    best, tried = search.best(document, axes)
    assert best is tried[0] and best.point == {"cache.threshold": "0"} and len(tried) == 2
    assert tried[1].quality.psnr < 99
    easy, tried = Search(rooms, (0,), 0.0, lambda text: None).best(document, axes)
    assert easy is not None and easy.time == min(setting.time for setting in tried)
    with pytest.raises(NothingToCompare, match="no technique"):
        search.best(without(document, ["cache"]), axes)


def test_values_that_are_tried_by_themselves(rooms: Laboratory, document: Workflow) -> None:
    (axis,) = default_axes(document, rooms.catalog)
    assert axis.place == "cache.threshold" and axis.words[0] == "0" and len(axis.words) == 6
    interval = rooms.catalog.specs["taylor_seer"].inputs[1]
    assert spread(interval) == ("1", "2", "3", "4", "5", "6")
    assert spread(rooms.catalog.specs["taylor_seer"].inputs[0]) == (), "a model has no range"

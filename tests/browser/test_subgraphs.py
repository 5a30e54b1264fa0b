"""Subgraphs on the canvas: made, opened, changed, run and taken apart again."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.sheet import Graph, Sheet, middle, with_caches

UNDO = "Control+z"


def make(sheet: Sheet, *ids: str, name: str = "") -> None:
    sheet.pick(*ids)
    sheet.press("Control+Shift+g")
    if name:
        sheet.page.keyboard.type(name)
    sheet.press("Enter")


def few_steps() -> dict[str, Any]:
    return with_caches()


quick = pytest.mark.parametrize("sheet", [few_steps], indirect=True, ids=["few_steps"])


def says(graph: Graph) -> Graph:
    """What of a graph matters to its results, whatever its layout and the order of its edges."""
    nodes = {id: (node["type"], node["values"], node["mode"]) for id, node in graph["nodes"].items()}
    return {"nodes": nodes, "edges": sorted(map(str, graph["edges"]))}


def enter(sheet: Sheet, id: str) -> Locator:
    sheet.head(id).dblclick(position={"x": 60, "y": 8})
    crumbs = sheet.page.get_by_test_id("breadcrumb")
    expect(crumbs).to_be_visible()
    sheet.still()
    return crumbs


@quick
def test_a_subgraph_is_made_run_and_taken_apart_again(sheet: Sheet) -> None:
    sheet.node("sample").get_by_test_id("w-seed").fill("31")
    before = sheet.saved()
    make(sheet, "prompt", "negative", "guidance", "sample", name="Think")
    made = sheet.saved()
    face = made["graphs"]["subgraph"]["interface"]
    assert [port["name"] for port in face["outputs"]] == ["latent"]
    assert made["graphs"]["subgraph"]["title"] == "Think"
    assert set(made["graphs"]["subgraph"]["nodes"]) == {"prompt", "negative", "guidance", "sample"}
    sheet.page.get_by_test_id("run").click()
    expect(sheet.node("save").get_by_test_id("result")).to_be_visible()
    expect(sheet.node("subgraph").get_by_test_id("preview")).not_to_have_attribute("data-frame", "0")
    expect(sheet.node("subgraph").locator(".card")).to_have_attribute("data-state", "done")
    enter(sheet, "subgraph")
    expect(sheet.node("sample").locator(".card")).to_have_attribute("data-state", "done")
    expect(sheet.node("sample").get_by_test_id("preview")).to_be_visible()
    sheet.press("u")
    sheet.pick("subgraph")
    sheet.press("Control+Shift+u")
    after = sheet.saved()
    assert says(after) == says(before) and after["graphs"] == {}
    sheet.press(UNDO)
    assert sheet.drawn() == made
    for _ in ("the name", "the subgraph"):
        sheet.press(UNDO)
    assert says(sheet.saved()) == says(before)


@quick
def test_an_inner_value_is_promoted_and_set_from_outside(sheet: Sheet) -> None:
    make(sheet, "schedule", "sampler")
    sheet.press("Escape")
    enter(sheet, "subgraph")
    sheet.drag(middle(sheet.port("@inputs", "+", "source")), middle(sheet.port("schedule", "steps")))
    sheet.press("u")
    widget = sheet.node("subgraph").get_by_test_id("w-steps")
    expect(widget).to_contain_text("4")
    widget.click()
    field = sheet.node("subgraph").get_by_role("textbox", name="steps")
    field.fill("3")
    field.press("Enter")
    assert sheet.saved()["nodes"]["subgraph"]["values"] == {"steps": 3}
    job = sheet.server.run(sheet.server.get(f"/api/workflows/{sheet.id}")["document"])
    assert sheet.server.finished(job)["status"] == "done"
    steps = sheet.server.get(f"/api/jobs/{job}")["reports"]
    assert all(entry["report"].get("steps", 3) == 3 for entry in steps)


def test_an_interface_is_renamed_ordered_and_cut(sheet: Sheet) -> None:
    make(sheet, "decode")
    sheet.press("Escape")
    enter(sheet, "subgraph")
    inputs = sheet.node("@inputs")
    inputs.get_by_role("button", name="vae").click()
    inputs.get_by_role("textbox").fill("decoder")
    inputs.get_by_role("textbox").press("Enter")
    assert "load.vae>subgraph.decoder" in sheet.links()
    inputs.get_by_role("button", name="decoder").click()
    inputs.get_by_role("button", name="Move down").click()
    names = [port["name"] for port in sheet.saved()["graphs"]["subgraph"]["interface"]["inputs"]]
    assert names == ["latent", "decoder"]
    inputs.get_by_role("button", name="Remove, with its links").click()
    after = sheet.saved()
    assert [port["name"] for port in after["graphs"]["subgraph"]["interface"]["inputs"]] == ["latent"]
    assert "load.vae>subgraph.decoder" not in sheet.links()
    sheet.press(UNDO)
    assert "load.vae>subgraph.decoder" in sheet.links()


def test_subgraphs_lie_in_each_other_and_undo_finds_its_way(sheet: Sheet) -> None:
    before = sheet.saved()
    make(sheet, "prompt", "negative", "guidance", name="Outer")
    sheet.press("Escape")
    enter(sheet, "subgraph")
    make(sheet, "prompt", "negative", name="Inner")
    sheet.press("Escape")
    crumbs = enter(sheet, "subgraph")
    expect(crumbs).to_contain_text("Outer")
    assert set(sheet.saved()["graphs"]["subgraph_2"]["nodes"]) == {"prompt", "negative"}
    crumbs.get_by_role("button").first.click()
    expect(crumbs).to_have_count(0)
    for _ in range(4):
        sheet.press(UNDO)
    assert says(sheet.saved()) == says(before)
    expect(sheet.node("prompt")).to_be_visible()


def test_copies_of_a_subgraph_share_it(sheet: Sheet) -> None:
    make(sheet, "prompt")
    sheet.press("Escape")
    sheet.pick("subgraph")
    sheet.press("Control+c")
    sheet.press("Control+v")
    after = sheet.saved()
    assert after["nodes"]["subgraph_2"]["type"] == after["nodes"]["subgraph"]["type"]
    assert list(after["graphs"]) == ["subgraph"]
    sheet.press("Delete")
    assert list(sheet.saved()["graphs"]) == ["subgraph"]
    sheet.pick("subgraph")
    sheet.press("Delete")
    assert sheet.saved()["graphs"] == {}


def test_a_link_is_led_by_dots(sheet: Sheet) -> None:
    before = sheet.saved()
    link = "sample.latent>decode.latent"
    start, end = middle(sheet.port("sample", "latent", "source")), middle(sheet.port("decode", "latent"))
    at = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    sheet.page.keyboard.down("Alt")
    sheet.page.mouse.click(*at)
    sheet.page.keyboard.up("Alt")
    dot = sheet.page.get_by_test_id("wire-dot")
    expect(dot).to_have_count(1)
    sheet.drag(middle(dot), (at[0] + 10, at[1] - 60))
    led = sheet.saved()["dots"][link]
    assert len(led) == 1 and sheet.links() == {
        f"{'.'.join(e['from'])}>{'.'.join(e['to'])}" for e in before["edges"]
    }
    dot.dblclick()
    assert sheet.saved()["dots"] == {}
    sheet.press(UNDO)
    assert sheet.drawn()["dots"][link] == led

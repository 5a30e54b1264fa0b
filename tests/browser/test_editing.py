"""Editing on the canvas with pointer and keyboard, judged by the document that the server then has."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.sheet import Sheet, at_odds, middle, with_caches, with_spares

spares = pytest.mark.parametrize("sheet", [with_spares], indirect=True, ids=["spares"])
UNDO, REDO = "Control+z", "Control+Shift+z"


def test_a_link_moves_from_one_input_to_another(sheet: Sheet) -> None:
    before = sheet.links()
    ports = sheet.port("guidance", "positive"), sheet.port("guidance", "negative")
    sheet.drag(middle(ports[0]), middle(ports[1]))
    after = sheet.links()
    assert "prompt.conditioning>guidance.negative" in after
    assert after < before | {"prompt.conditioning>guidance.negative"} and len(after) == len(before) - 1
    sheet.press(UNDO)
    assert sheet.links() == before
    sheet.press(REDO)
    assert sheet.links() == after


def test_a_link_dropped_on_empty_space_goes(sheet: Sheet) -> None:
    before = sheet.links()
    sheet.drag(middle(sheet.port("guidance", "positive")), sheet.empty_place())
    assert before - sheet.links() == {"prompt.conditioning>guidance.positive"}
    sheet.press(UNDO)
    assert sheet.links() == before


def test_a_link_dropped_back_stays(sheet: Sheet) -> None:
    before = sheet.drawn()
    x, y = middle(sheet.port("guidance", "positive"))
    sheet.page.mouse.move(x, y)
    sheet.page.mouse.down()
    sheet.page.mouse.move(x - 90, y + 200, steps=3)
    expect(sheet.page.locator(".react-flow__connection")).to_be_visible()
    sheet.page.mouse.move(x, y, steps=3)
    sheet.page.mouse.up()
    assert sheet.drawn() == before
    expect(sheet.page.get_by_label("Undo (Ctrl+Z)")).to_be_disabled()


@spares
def test_a_link_dropped_on_a_card_takes_its_only_free_input(sheet: Sheet) -> None:
    before = sheet.links()
    sheet.drag(middle(sheet.port("decode", "latent")), middle(sheet.head("spare_decode")))
    assert sheet.links() - before == {"sample.latent>spare_decode.latent"}
    assert before - sheet.links() == {"sample.latent>decode.latent"}
    sheet.press(UNDO)
    assert sheet.links() == before


@spares
@pytest.mark.parametrize(
    ("target", "message"), [("spare_guidance", "Several inputs"), ("schedule", "No free input")]
)
def test_a_link_dropped_on_a_card_in_doubt_goes_back(sheet: Sheet, target: str, message: str) -> None:
    before = sheet.drawn()
    sheet.drag(middle(sheet.port("guidance", "positive")), middle(sheet.head(target)))
    expect(sheet.page.get_by_test_id("toast")).to_contain_text(message)
    assert sheet.drawn() == before
    expect(sheet.page.get_by_label("Undo (Ctrl+Z)")).to_be_disabled()


def test_every_edit_can_be_undone_and_redone(sheet: Sheet) -> None:
    states = [sheet.saved()]

    def done() -> None:
        states.append(sheet.drawn())
        assert states[-1] != states[-2]

    sheet.add("decode latent")
    done()
    sheet.drag(
        middle(sheet.port("sample", "latent", "source")), middle(sheet.port("decode_latent", "latent"))
    )
    done()
    sheet.pick("negative")
    sheet.press("Delete")
    done()
    x, y = middle(sheet.head("latent"))
    sheet.drag((x, y), (x + 30, y + 40))
    done()
    sheet.node("schedule").get_by_test_id("w-steps").click()
    field = sheet.node("schedule").get_by_role("textbox", name="steps")
    field.fill("7")
    field.press("Enter")
    done()

    final = states[-1]
    assert final["nodes"]["schedule"]["values"] == {"steps": 7}
    assert final["nodes"]["latent"]["position"] != states[0]["nodes"]["latent"]["position"]
    assert "negative" not in final["nodes"]
    assert {"from": ["sample", "latent"], "to": ["decode_latent", "latent"]} in final["edges"]
    assert sheet.saved() == final
    for state in reversed(states[:-1]):
        sheet.press(UNDO)
        assert sheet.drawn() == state
    assert sheet.saved() == states[0]
    for state in states[1:]:
        sheet.press(REDO)
        assert sheet.drawn() == state
    assert sheet.saved() == final


def test_copies_keep_the_links_between_them(sheet: Sheet) -> None:
    before = sheet.links()
    sheet.pick("prompt", "guidance")
    sheet.press("Control+c")
    sheet.press("Control+v")
    after = sheet.saved()
    assert sheet.links() - before == {"prompt_2.conditioning>guidance_2.positive"}
    assert after["nodes"]["prompt_2"]["values"] == after["nodes"]["prompt"]["values"]
    sheet.press(UNDO)
    assert sheet.links() == before


def test_the_palette_adds_a_node_by_keyboard(sheet: Sheet) -> None:
    before = sheet.drawn()["nodes"]
    sheet.press("Space")
    expect(sheet.page.get_by_role("dialog", name="Add a node")).to_be_visible()
    sheet.page.keyboard.type("dpmpp")
    hits = sheet.page.get_by_role("listbox", name="Nodes").get_by_role("option")
    first, second = hits.nth(0), hits.nth(1)
    expect(first).to_have_attribute("aria-selected", "true")
    sheet.press("ArrowDown")
    expect(second).to_have_attribute("aria-selected", "true")
    wanted = (second.get_attribute("id") or "").removeprefix("hit-")
    sheet.press("Enter")
    after = sheet.saved()["nodes"]
    assert [after[id]["type"] for id in after.keys() - before.keys()] == [wanted]


def test_a_wrong_type_is_refused_with_the_reason(sheet: Sheet) -> None:
    before = sheet.drawn()
    sheet.drag(middle(sheet.port("load", "vae", "source")), middle(sheet.port("guidance", "positive")))
    expect(sheet.page.get_by_test_id("toast")).to_contain_text("Vae does not fit Conditioning")
    assert sheet.drawn() == before


def test_the_selection_is_lined_up_by_key_and_by_menu(sheet: Sheet) -> None:
    before = sheet.drawn()
    sheet.pick("prompt", "latent", "save")
    sheet.press("Alt+a")
    left = sheet.drawn()["nodes"]
    assert {left[id]["position"][0] for id in ("prompt", "latent", "save")} == {320}
    sheet.press(UNDO)
    assert sheet.drawn() == before
    sheet.head("latent").click(button="right")
    sheet.page.get_by_role("menuitem", name="Align top").click()
    top = sheet.drawn()["nodes"]
    assert {top[id]["position"][1] for id in ("prompt", "latent", "save")} == {0}
    sheet.press(UNDO)
    assert sheet.saved() == before


@pytest.mark.parametrize("sheet", [at_odds], indirect=True, ids=["at_odds"])
def test_techniques_at_odds_are_marked_on_the_wire(sheet: Sheet) -> None:
    wire = sheet.page.locator(".react-flow__edge.conflict")
    expect(wire).to_have_attribute("data-id", "first_block_cache.model>taylor_seer.model")
    expect(wire.locator("title")).to_contain_text("both decide about blocks")
    sheet.pick("taylor_seer")
    sheet.press("Control+b")
    expect(wire).to_have_count(0)


def test_a_workflow_from_the_history_shows_what_its_job_told(sheet: Sheet) -> None:
    for title in ("Told", "From the cache"):
        job = sheet.server.run(with_caches("first_block_cache"), title=title)
        assert sheet.server.finished(job)["status"] == "done"
    sheet.page.get_by_test_id("tab-queue").click()
    row = sheet.page.get_by_test_id("job").filter(has_text="From the cache")
    row.get_by_role("button", name="Open the workflow that it ran").click()
    strip = sheet.node("sample").get_by_test_id("report")
    expect(strip).to_contain_text("% of the block calls saved")
    sheet.page.reload()
    expect(strip).to_have_count(1)
    strip.click()
    expect(sheet.page.get_by_test_id("report-view")).to_contain_text("of the block calls saved")
    expect(sheet.node("save").get_by_test_id("result")).to_be_visible()

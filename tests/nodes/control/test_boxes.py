"""Boxes that the canvas draws become pictures and prompts."""

from pathlib import Path

import pytest

from app.engine.weights.loading import load_folder
from app.graph.problem import Refusal
from nodes.control.box_prompts import box_prompts
from nodes.control.draw_boxes import draw_boxes

BOXES = """[
    {"x": 0.25, "y": 0, "width": 0.5, "height": 0.5, "text": "a red circle"},
    {"x": 0, "y": 0, "width": 1, "height": 0.25}
]"""
MINI = Path(__file__).parents[3] / "models" / "mini"


def test_boxes_are_white_on_black() -> None:
    pixels = draw_boxes(BOXES, 64, 32).pixels[0]
    assert pixels.shape == (32, 64, 3)
    assert pixels[:8].min() == 1 and pixels[8:16, 16:48].min() == 1
    assert not pixels[8:, :16].any() and not pixels[16:].any()


@pytest.mark.parametrize("text", ["{", "[1]", '[{"x": 2, "y": 0, "width": 1, "height": 1}]', '[{"x": 0}]'])
def test_what_is_no_list_of_boxes_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match="no JSON list of boxes"):
        draw_boxes(text)


def test_each_box_with_a_text_adds_a_prompt() -> None:
    loaded = load_folder(MINI)
    base = loaded.text_encoder.encode(["a blue background"])
    boxed = box_prompts(loaded.model, loaded.text_encoder, base, BOXES)
    assert len(boxed.model.patches) == 1 and loaded.model.patches == ()
    assert boxed.conditioning.tokens.shape[1] == 2 * base.tokens.shape[1]
    assert box_prompts(loaded.model, loaded.text_encoder, base, "").model is loaded.model

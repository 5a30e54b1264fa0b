"""The judge reads what a prompt of the embedded model's world asks for."""

from pathlib import Path

import pytest

from app.engine.imaging.judge import Judge, open_judge
from app.engine.media import Image
from app.graph.problem import Refusal
from models.mini.training.drawing import render_batch
from models.mini.training.sampling import hold_out

FOLDER = Path(__file__).parents[3] / "models" / "judges" / "mini"


@pytest.fixture(scope="module")
def judge() -> Judge:
    return open_judge(FOLDER)


def test_it_tells_right_pictures_from_wrong_ones(judge: Judge) -> None:
    scenes, prompts = hold_out(48)
    image = Image((render_batch(scenes, 128).movedim(1, -1) + 1) / 2)
    right = judge.accuracy(image, prompts)
    assert sum(share == 1 for share in right) >= 46
    wrong = judge.accuracy(image, [*prompts[1:], prompts[0]])
    assert sum(share == 1 for share in wrong) <= 1


@pytest.mark.parametrize(
    ("prompt", "facts"),
    [
        ("a red circle", {("circle", "red")}),
        ("two cacti on a blue background", {("cactus",), ("background", "blue"), ("count", "two")}),
        ("a cat to the right of a dog", {("cat",), ("dog",), ("left of", "dog", "cat")}),
        ("a fox in the middle at night", {("fox",), ("background", "night"), ("place", "center")}),
        (
            "a heart at the top on a striped red background",
            {("heart",), ("background", "red"), ("place", "top")},
        ),
    ],
)
def test_facts_of_a_prompt(judge: Judge, prompt: str, facts: set[tuple[str, ...]]) -> None:
    assert set(judge.facts(prompt)) == facts


def test_a_prompt_of_another_world_is_refused(judge: Judge) -> None:
    scenes, _ = hold_out(1)
    image = Image((render_batch(scenes, 128).movedim(1, -1) + 1) / 2)
    with pytest.raises(Refusal, match="knows no word"):
        judge.accuracy(image, ["the sea by Turner"])

from app.engine.media import Image
from models.mini.training.drawing import render_batch
from models.mini.training.sampling import hold_out
from nodes.measure.prompt_accuracy import prompt_accuracy
from tests.tiny.recorder import Recorder


def test_pictures_of_one_prompt_are_judged_together() -> None:
    scenes, prompts = hold_out(2)
    image = Image((render_batch(scenes, 128).movedim(1, -1) + 1) / 2)
    found = prompt_accuracy(Recorder(), image, prompts[0])
    assert found.all_right == 0.5 and 0.5 <= found.facts < 1

"""The heads that made a picture are found again from the picture."""

from pathlib import Path

import torch

from app.engine.media import Latent
from app.engine.sampling import Sampling, Sigmas
from app.engine.weights.loading import load_folder
from nodes.guidance.hunt_heads import hunt_heads
from nodes.guidance.perturbed_attention_guidance import perturbed_attention_guidance
from nodes.samplers.euler import Euler
from tests.tiny.recorder import Recorder

MINI = Path(__file__).parents[3] / "models" / "mini"
SIGMAS = Sigmas((1.0, 0.6, 0.3, 0.0))


def test_a_planted_head_is_found() -> None:
    loaded, watcher = load_folder(MINI), Recorder()
    positive, negative = (loaded.text_encoder.encode([words]) for words in ("a red heart", ""))
    latent = Latent(torch.zeros(1, 8, 8, 8), loaded.model.family.name)
    planted = perturbed_attention_guidance(positive, negative, 3.0, 4.0, 1.0, "0.2")
    goal = loaded.vae.decode(Sampling(loaded.model, planted, Euler(), SIGMAS).run(latent, 5, Recorder()))
    found = hunt_heads(
        watcher,
        loaded.model,
        loaded.vae,
        positive,
        negative,
        Euler(),
        SIGMAS,
        latent,
        goal,
        rounds=1,
        perturbation_scale=4.0,
        seed=5,
    )
    assert found.blocks == "0.2" and found.psnr > 60
    (report,) = watcher.reports
    assert report["heads"] == ["0.2"] and report["psnr_by_round"][0] < report["psnr_by_round"][1]
    assert watcher.steps[-1][0] < watcher.steps[-1][1] == 1 + 6 * 4 + 1

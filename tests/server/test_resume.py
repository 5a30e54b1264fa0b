"""A sampling run whose process is killed goes on where it was, to the same picture bit for bit."""

import os
import signal
from pathlib import Path
from typing import Any

import PIL.Image
import pytest

from tests.documents import document
from tests.server.conftest import PATIENCE, Server, wait_for

STEPS = 70


def painting(*, neutral_technique: bool = False) -> Any:
    """A long run with fresh noise. A technique that does nothing makes it another document."""
    nodes: dict[str, Any] = {
        "load": ("load_model", {"name": "mini"}),
        "prompt": ("encode_text", {"prompt": "a red circle on a blue background"}),
        "guider": "no_guidance",
        "sampler": ("euler_ancestral", {"seed": 3}),
        "sigmas": ("flow_schedule", {"steps": STEPS}),
        "latent": "empty_latent",
        "sample": ("sample", {"seed": 5}),
        "decode": "decode_latent",
        "save": "save_image",
    }
    edges = [
        "load.text_encoder > prompt.text_encoder",
        "prompt.conditioning > guider.positive",
        "guider.guider > sample.guider",
        "sampler.sampler > sample.sampler",
        "sigmas.sigmas > sample.sigmas",
        "load.model > latent.model",
        "latent.latent > sample.latent",
        "sample.latent > decode.latent",
        "load.vae > decode.vae",
        "decode.image > save.image",
    ]
    if neutral_technique:
        nodes["cache"] = ("first_block_cache", {"threshold": 0.0})
        edges += ["load.model > cache.model", "cache.model > sample.model"]
    else:
        edges.append("load.model > sample.model")
    return document(nodes, *edges)


def pixels(base: Path, server: Server, job: str) -> bytes:
    (asset,) = server.get(f"/api/jobs/{job}")["assets"]
    with PIL.Image.open(base / "output" / asset["name"]) as picture:
        return picture.tobytes()


def saved_steps(base: Path) -> int:
    """The latest step that a run has on disk."""
    states = (base / "user" / "savepoints").glob("*/answers-*")
    whole = [path for path in states if path.suffix != ".part"]  # a part is being written this moment
    return max((int(path.name.removeprefix("answers-")) for path in whole), default=0)


@pytest.mark.timeout(500)
def test_killed_twice_and_the_same_picture(studio: Server, tmp_path: Path) -> None:
    studio.ready()
    first = studio.run(painting())
    wait_for(lambda: saved_steps(tmp_path) >= 10, 2 * PATIENCE)
    os.kill(studio.worker_pid(), signal.SIGKILL)
    assert studio.finished(first)["problem"]["code"] == "worker_died"
    again = studio.run(painting())
    reached = saved_steps(tmp_path)
    wait_for(lambda: saved_steps(tmp_path) >= reached + 10, 2 * PATIENCE)
    studio.stop(signal.SIGKILL)
    studio.start().ready()
    assert studio.finished(again)["status"] == "done"
    (report,) = (entry["report"] for entry in studio.get(f"/api/jobs/{again}")["reports"])
    assert report["technique"] == "resume" and reached + 10 <= report["resumed_at"] < STEPS
    assert saved_steps(tmp_path) == 0, "nothing is left of a run that has ended"
    whole = studio.run(painting(neutral_technique=True))
    assert studio.finished(whole)["status"] == "done"
    assert pixels(tmp_path, studio, again) == pixels(tmp_path, studio, whole)

"""Frames and a camera through a stream batch, on the mini model: what is shown, handed on and left out."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch

from app.engine.imaging.pictures import png
from app.engine.media import Image
from app.engine.sampling import Sigmas
from app.engine.streaming.stream import StreamBatch
from app.execution.mailbox import Mailbox, mailbox
from app.graph.fingerprint import changed
from app.graph.problem import Cancelled, Refusal
from nodes.conditioning.encode_text import encode_text
from nodes.loaders.load_model import LoadedModel
from nodes.video.stream_batch import stream_batch
from nodes.video.stream_camera import stream_camera
from nodes.video.stream_frames import stream_frames
from tests.tiny.recorder import Recorder
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import build, prompt

SIDE = 64


def moving(count: int) -> Image:
    """A white square that goes right over black."""
    pixels = torch.zeros(count, SIDE, SIDE, 3)
    for index in range(count):
        pixels[index, 16:40, 4 + 8 * index : 24 + 8 * index] = 1
    return Image(pixels)


@pytest.fixture
def stream(mini: LoadedModel) -> StreamBatch:
    told = encode_text(mini.text_encoder, "a large green square on a white background")
    return stream_batch(mini.model, told, Sigmas((0.6, 0.3, 0.0)), guidance="self-negative", seed=3)


@dataclass
class Filmed(Recorder):
    """A machine with a camera: each time the node looks whether to go on, one more picture has come."""

    film: list[bytes] = field(default_factory=list)
    folder: Path = Path()
    stops_after: int | None = None

    def camera(self, name: str) -> Mailbox:
        return mailbox(self.folder, name)

    def check_cancelled(self) -> None:
        if self.film:
            self.camera("camera").put(self.film.pop(0))
        if self.stops_after is not None and len(self.previews) >= self.stops_after:
            raise Cancelled


def test_every_frame_is_shown_and_handed_on(mini: LoadedModel, stream: StreamBatch) -> None:
    context = Recorder()
    made = stream_frames(context, stream, mini.vae, moving(4))
    assert made.pixels.shape == (4, SIDE, SIDE, 3) and len(context.previews) == 4
    assert context.previews[0].startswith(b"\xff\xd8\xff") and context.steps[-1] == (4, 4)
    (report,) = context.reports
    assert (report["technique"], report["frames"], report["calls"]) == ("stream_batch", 4, 5)
    alone = stream_frames(Recorder(), stream, mini.vae, Image(moving(4).pixels[2:3]))
    assert torch.allclose(made.pixels[2:3], alone.pixels, atol=1e-3), "a frame does not know the others"


def test_a_frame_that_is_left_out_shows_the_one_before(mini: LoadedModel, stream: StreamBatch) -> None:
    still = Image(moving(1).pixels.repeat(5, 1, 1, 1))
    context = Recorder()
    made = stream_frames(context, stream, mini.vae, still, similarity=0.9, most_skips=1)
    assert context.reports[0]["left_out"] == 2 and len(context.previews) == 3
    assert len(made.pixels) == 5
    assert torch.equal(made.pixels[0], made.pixels[1]) and torch.equal(made.pixels[2], made.pixels[3])


def test_a_camera_is_worked_on_until_it_stops(mini: LoadedModel, stream: StreamBatch, tmp_path: Path) -> None:
    context = Filmed(film=[*png(moving(3)), b""], folder=tmp_path)
    made = stream_camera(context, stream, mini.vae, width=SIDE, height=SIDE, keep=8)
    wanted = stream_frames(Recorder(), stream, mini.vae, moving(3))
    assert torch.allclose(made.pixels, wanted.pixels, atol=1e-3)
    assert context.reports[0]["frames"] == 3 and len(context.previews) >= 2
    assert not list((tmp_path / "cameras").iterdir()), "nothing of what the camera saw stays"


def test_a_camera_ends_after_some_frames_and_keeps_the_last(
    mini: LoadedModel, stream: StreamBatch, tmp_path: Path
) -> None:
    context = Filmed(film=list(png(moving(5))), folder=tmp_path)
    made = stream_camera(context, stream, mini.vae, width=SIDE, height=SIDE, most_frames=2)
    assert made.pixels.shape == (1, SIDE, SIDE, 3) and context.reports[0]["frames"] == 2


def test_cancelling_keeps_no_picture(mini: LoadedModel, stream: StreamBatch, tmp_path: Path) -> None:
    context = Filmed(film=list(png(moving(5))), folder=tmp_path, stops_after=1)
    with pytest.raises(Cancelled):
        stream_camera(context, stream, mini.vae, width=SIDE, height=SIDE)
    assert not list((tmp_path / "cameras").iterdir())


def test_a_camera_that_sends_nothing_is_told(mini: LoadedModel, stream: StreamBatch, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"No frame of 'camera' came within 0.1 s") as refusal:
        stream_camera(Filmed(folder=tmp_path), stream, mini.vae, patience=0.1)
    assert "Start camera" in refusal.value.remedy


def test_no_result_of_a_camera_is_used_again() -> None:
    spec = stream_camera.__node_spec__  # type: ignore[attr-defined]
    first, second = (changed(spec, {}) for _ in range(2))
    assert first != second


def test_a_foreign_autoencoder_is_refused(mini: LoadedModel) -> None:
    model = build("sd3")
    batch = stream_batch(model, prompt(model), Sigmas((0.5, 0.0)))
    with pytest.raises(Refusal, match="writes latents for flux") as refusal:
        stream_frames(Recorder(), batch, mini.vae, moving(1))
    assert refusal.value.input == "vae"

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import PIL.Image
import pytest
import torch

from app.engine.media import Audio, Image, Video
from app.graph.problem import Refusal
from nodes.video.change_fps import change_fps
from nodes.video.create_video import create_video
from nodes.video.empty_video_latent import empty_video_latent
from nodes.video.join_videos import join_videos
from nodes.video.load_audio import load_audio
from nodes.video.load_video import load_video
from nodes.video.save_video import save_video
from nodes.video.slice_video import slice_video
from nodes.video.video_parts import video_parts
from tests.tiny.recorder import Recorder
from tests.tiny.zoo import build

RATE = 16_000
TONE = torch.sin(torch.arange(RATE) / RATE * 440 * 6.2832)[None].repeat(2, 1) * 0.5
FRAMES = torch.arange(0, 240, 20, dtype=torch.uint8)[:, None, None, None].expand(12, 32, 48, 3).contiguous()
CLIP = Video(FRAMES, 12.0, TONE, RATE)


@pytest.fixture
def saved(tmp_path: Path) -> Recorder:
    context = Recorder(inputs=tmp_path)
    save_video(context, CLIP, "my clip", quality=90)
    ((name, data, width, height, temporary),) = context.files
    assert (name, width, height, temporary) == ("my clip_{n}.mp4", 48, 32, False)
    (tmp_path / "clip.mp4").write_bytes(data)
    return context


def test_a_saved_video_loads_again(saved: Recorder) -> None:
    video = load_video(saved, "clip.mp4")
    assert video.frames.shape == CLIP.frames.shape and video.fps == 12
    assert (video.frames.int() - FRAMES.int()).abs().float().mean() < 3
    assert video.audio is not None and video.audio.shape[0] == 2 and video.sample_rate == RATE
    assert video.audio.shape[1] == pytest.approx(RATE, abs=4096)
    sound = load_audio(saved, "clip.mp4")
    spectrum = torch.fft.rfft(sound.samples[0, 2000:10_000]).abs()
    assert spectrum.argmax().item() * RATE / 8000 == pytest.approx(440, abs=4)


def test_a_part_of_a_file_is_read(saved: Recorder) -> None:
    part = load_video(saved, "clip.mp4", start=0.5, duration=0.25)
    assert len(part.frames) == 3 and abs(int(part.frames[0].float().mean()) - 120) < 4
    assert part.audio is not None and part.audio.shape[1] == RATE // 4
    with pytest.raises(Refusal, match="has ended before 9 s"):
        load_video(saved, "clip.mp4", start=9.0)


def test_the_file_carries_the_document(saved: Recorder) -> None:
    with av.open(BytesIO(saved.files[0][1])) as container:
        assert json.loads(container.metadata["comment"]) == saved.document()


@pytest.mark.parametrize("format", ["webm", "gif", "webp"])
def test_other_formats(format: Any) -> None:
    context = Recorder()
    save_video(context, CLIP, format=format)
    name, data, *_ = context.files[0]
    assert name.endswith(format)
    if format == "webp":
        with PIL.Image.open(BytesIO(data)) as moving:
            assert (moving.n_frames, moving.size) == (12, (48, 32))  # type: ignore[attr-defined]
    else:
        with av.open(BytesIO(data)) as container:
            assert sum(1 for _ in container.decode(video=0)) == 12
            assert bool(container.streams.audio) == (format == "webm")


@pytest.mark.parametrize(("name", "content"), [("a.mp4", b"no video"), ("a.mp4", b""), ("a.mp4", None)])
def test_what_is_no_video_is_refused(name: str, content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    for load in (load_video, load_audio):
        with pytest.raises(Refusal, match=r"a\.mp4 (is missing|cannot be read)"):
            load(Recorder(inputs=tmp_path), name)


def test_a_picture_has_no_sound(tmp_path: Path) -> None:
    context = Recorder()
    save_video(context, Video(FRAMES, 12.0), format="gif")
    (tmp_path / "a.gif").write_bytes(context.files[0][1])
    with pytest.raises(Refusal, match="holds no sound"):
        load_audio(Recorder(inputs=tmp_path), "a.gif")


def test_taken_apart_and_put_together_it_is_the_same() -> None:
    frames, audio, fps, count = video_parts(CLIP)
    again = create_video(frames, fps, audio)
    assert torch.equal(again.frames, FRAMES) and count == 12 and again.fps == 12
    assert again.audio is not None and torch.equal(again.audio, TONE)
    silent = video_parts(Video(FRAMES, 12.0))
    assert silent.audio.samples.numel() == 0 and create_video(silent.frames, 12.0, silent.audio).audio is None


def test_slices() -> None:
    middle = slice_video(CLIP, 0.25, 0.5)
    assert torch.equal(middle.frames, FRAMES[3:9]) and middle.audio is not None
    assert torch.equal(middle.audio, TONE[:, RATE // 4 : RATE * 3 // 4])
    assert torch.equal(slice_video(CLIP, -0.25).frames, FRAMES[9:])
    assert len(slice_video(CLIP, 0.9, 10.0).frames) == 1
    with pytest.raises(Refusal, match=r"begins at 2 s, the video lasts 1.00 s"):
        slice_video(CLIP, 2.0)


def test_another_pace_keeps_the_length() -> None:
    half, double = change_fps(CLIP, 6.0), change_fps(CLIP, 24.0)
    assert len(half.frames) == 6 and torch.equal(double.frames, FRAMES.repeat_interleave(2, 0))
    assert torch.equal(change_fps(CLIP, 12.0).frames, FRAMES) and half.audio is TONE


def test_joining() -> None:
    joined = join_videos([CLIP, Video(FRAMES[:6], 12.0), slice_video(CLIP, 0.5)])
    assert len(joined.frames) == 24 and joined.audio is not None and joined.audio.shape == (2, 2 * RATE)
    assert joined.audio[:, RATE : RATE * 3 // 2].abs().max() == 0
    assert join_videos([Video(FRAMES, 12.0)]).audio is None
    with pytest.raises(Refusal, match=r"differ: 48 x 32 at 6 fps, 48 x 32 at 12 fps"):
        join_videos([CLIP, change_fps(CLIP, 6.0)])
    with pytest.raises(Refusal, match="no video"):
        join_videos([])


def test_an_empty_latent_for_a_video() -> None:
    wan = build("wan")
    latent = empty_video_latent(wan, 64, 32, 17, 2)
    assert latent.samples.shape == (2, wan.channels, 5, 4, 8) and latent.family == "wan"
    ltx = empty_video_latent(build("ltx-video"), 64, 64, 17)
    assert ltx.samples.shape[2:] == (3, 2, 2)
    with pytest.raises(Refusal, match="it needs multiples of 16"):
        empty_video_latent(wan, 60, 32)
    with pytest.raises(Refusal, match="flux makes pictures, not videos"):
        empty_video_latent(build("flux"))


@pytest.mark.parametrize(
    ("frames", "fps", "audio"),
    [
        (torch.zeros(3, 8, 8), 8.0, None),
        (torch.zeros(3, 8, 8, 3), 8.0, None),
        (FRAMES, 0.0, None),
        (FRAMES, 8.0, torch.zeros(4)),
    ],
)
def test_a_video_says_what_it_must_be(frames: Any, fps: float, audio: Any) -> None:
    with pytest.raises(Refusal):
        Video(frames, fps, audio)


def test_stored_values_come_back() -> None:
    again = Video.from_bytes(CLIP.to_bytes())
    assert torch.equal(again.frames, FRAMES) and again.fps == 12 and again.sample_rate == RATE
    sound = Audio.from_bytes(Audio(TONE, RATE).to_bytes())
    assert torch.equal(sound.samples, TONE) and Image(torch.zeros(1, 2, 2, 3)).nbytes == 48

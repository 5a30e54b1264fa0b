"""Video files to frames and back, by PyAV (FFmpeg)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import av
import numpy as np
import PIL.Image
import torch
from torch import Tensor

from app.engine.media import Audio, Video
from app.graph.problem import Refusal

VideoFormat = Literal["mp4", "webm", "gif", "webp"]
CODECS = {"mp4": "libx264", "webm": "libvpx-vp9", "gif": "gif"}
SOUND = {"mp4": "aac", "webm": "libopus"}
WORST = 51  # of the scale on which both codecs count down to 0, which is best
LARGEST = 2**33  # bytes of frames that one video may take
COMMENT = "comment"  # the one text that all containers have room for


def open_video(path: Path, start: float = 0.0, duration: float = 0.0) -> Video:
    """Return a file's frames from `start` (s) on, for `duration` (s), or all with 0; raises Refusal."""
    if not path.is_file():
        raise Refusal(f"{path.name} is missing.", "Choose another video.", input="name")
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise Refusal(f"{path.name} holds no pictures.", "Choose another video.", input="name")
            stream = container.streams.video[0]
            fps = float(stream.average_rate or stream.guessed_rate or 24)
            end = start + duration if duration else float("inf")
            frames = read_frames(container, start, end)
        with av.open(str(path)) as container:
            audio, rate = read_sound(container, start, end)
    except (av.FFmpegError, ValueError) as error:
        raise Refusal(
            f"{path.name} cannot be read as a video: {error}.", "Choose another file.", input="name"
        ) from error
    if not frames:
        raise Refusal(f"{path.name} has ended before {start:g} s.", "Choose an earlier start.", input="start")
    return Video(torch.from_numpy(np.stack(frames)), fps, audio, rate)


def open_audio(path: Path) -> Audio:
    """Return the sound of a file; raises Refusal."""
    if not path.is_file():
        raise Refusal(f"{path.name} is missing.", "Choose another file.", input="name")
    try:
        with av.open(str(path)) as container:
            samples, rate = read_sound(container, 0.0, float("inf"))
    except (av.FFmpegError, ValueError) as error:
        raise Refusal(
            f"{path.name} cannot be read as sound: {error}.", "Choose another file.", input="name"
        ) from error
    if samples is None:
        raise Refusal(f"{path.name} holds no sound.", "Choose another file.", input="name")
    return Audio(samples, rate)


def read_frames(container: Any, start: float, end: float) -> list[np.ndarray[Any, Any]]:
    """Return frames (H, W, 3) whose time lies in start..end (s)."""
    frames: list[np.ndarray[Any, Any]] = []
    room = LARGEST
    for frame in container.decode(video=0):
        if frame.time is not None and frame.time >= end:
            break
        if frame.time is None or frame.time >= start:
            frames.append(frame.to_ndarray(format="rgb24"))
            room -= frames[-1].nbytes
        if room < 0:
            raise Refusal(
                f"The video is larger than {LARGEST // 2**30} GiB of frames.",
                "Choose a shorter duration.",
                code="too_large",
                input="duration",
            )
    return frames


def read_sound(container: Any, start: float, end: float) -> tuple[Tensor | None, int]:
    """Return the sound (channels, samples) of start..end (s) and its sample rate; None and 0 for none."""
    if not container.streams.audio:
        return None, 0
    rate = int(container.streams.audio[0].rate)
    resampler = av.AudioResampler(format="fltp", rate=rate)
    parts = [
        part.to_ndarray()
        for frame in container.decode(audio=0)
        if frame.time is None or frame.time < end
        for part in resampler.resample(frame)
    ]
    if not parts:
        return None, 0
    samples = torch.from_numpy(np.concatenate(parts, axis=1))
    last = samples.shape[1] if end == float("inf") else round(end * rate)
    return samples[:, round(start * rate) : last].contiguous(), rate


def video_bytes(video: Video, format: VideoFormat, quality: int, document: str) -> bytes:
    """Return a video as the bytes of a file that carries the document (ASCII) in its comment.

    Args:
        video: The video; MP4 and WebM drop the last row or column of an odd size.
        format: The container; "gif" is silent and has 256 colours a frame, "webp" is silent.
        quality: 1..100, higher is better and larger.
        document: What made it.
    """
    buffer = BytesIO()
    if format == "webp":
        first, *others = map(PIL.Image.fromarray, video.frames.numpy())
        pace = round(1000 / video.fps)
        first.save(
            buffer, "WEBP", save_all=True, append_images=others, duration=pace, loop=0, quality=quality
        )
        return buffer.getvalue()
    options = {"movflags": "use_metadata_tags"} if format == "mp4" else {}
    with av.open(buffer, "w", format=format, options=options) as container:
        container.metadata[COMMENT] = document
        stream = video_stream(container, video, format, quality)
        sound = sound_stream(container, video, format)
        for packet in video_packets(stream, video):
            container.mux(packet)
        if sound is not None:
            for packet in sound_packets(sound, video):
                container.mux(packet)
    return buffer.getvalue()


def video_stream(container: Any, video: Video, format: VideoFormat, quality: int) -> Any:
    stream = container.add_stream(CODECS[format], rate=Fraction(video.fps).limit_denominator(1001))
    even = 1 if format == "gif" else 2
    stream.width, stream.height = video.width // even * even, video.height // even * even
    stream.pix_fmt = "rgb8" if format == "gif" else "yuv420p"
    if format != "gif":
        stream.options = {"crf": str(round(WORST * (1 - quality / 100)))}
    if format == "webm":
        stream.bit_rate = 0
        stream.options |= {"deadline": "realtime", "cpu-used": "4"}
    return stream


def video_packets(stream: Any, video: Video) -> Iterator[Any]:
    for frame in video.frames[:, : stream.height, : stream.width].numpy():
        yield from stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24"))
    yield from stream.encode()


def sound_stream(container: Any, video: Video, format: VideoFormat) -> Any:
    """Add a stream for the sound; None where there is none."""
    if video.audio is None or format not in SOUND:
        return None
    rate = 48_000 if format == "webm" else video.sample_rate
    return container.add_stream(SOUND[format], rate=rate, layout=layout_of(video.audio))


def sound_packets(stream: Any, video: Video) -> Iterator[Any]:
    assert video.audio is not None
    layout = layout_of(video.audio)
    samples = np.ascontiguousarray(video.audio[: 1 if layout == "mono" else 2].numpy())
    frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
    frame.sample_rate = video.sample_rate
    yield from stream.encode(frame)
    yield from stream.encode()


def layout_of(audio: Tensor) -> str:
    """More channels than two are left out."""
    return "mono" if len(audio) == 1 else "stereo"


def cut(video: Video, first: int, count: int) -> Video:
    """Return `count` frames from frame `first` on, with their sound."""
    audio = video.audio
    if audio is not None:
        begin, end = (round(at / video.fps * video.sample_rate) for at in (first, first + count))
        audio = audio[:, begin:end].clone()
    return replace(video, frames=video.frames[first : first + count].clone(), audio=audio)

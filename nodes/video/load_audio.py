"""Load a sound from the input folder."""

from __future__ import annotations

from typing import Annotated

from app.engine.imaging.videos import open_audio
from app.engine.media import Audio
from app.graph.node import Context, node
from app.graph.widgets import AudioFile


@node(lane="pool")
def load_audio(context: Context, name: Annotated[str, AudioFile()]) -> Audio:
    """Open an uploaded sound, or the sound of an uploaded video.

    Args:
        name: The file, in any format that FFmpeg reads.
    """
    return open_audio(context.input_path(name))

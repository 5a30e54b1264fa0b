"""How an input is drawn and what range it takes. A widget never changes what the node function receives."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Slider:
    """A bar to drag; both ends belong to the range. `unit` is only shown."""

    min: float
    max: float
    step: float
    unit: str = ""


@dataclass(frozen=True)
class Number:
    """A field to type a number into; None means no limit on that side."""

    min: float | None = None
    max: float | None = None
    step: float = 1
    unit: str = ""


@dataclass(frozen=True)
class Seed:
    """A whole number from 0 to 2^64 - 1 with a button for a new one."""


@dataclass(frozen=True)
class TextBox:
    """Several lines of text, at most `max_length` characters."""

    lines: int = 4
    max_length: int = 20_000


@dataclass(frozen=True)
class TextLine:
    """One line of text, at most `max_length` characters."""

    max_length: int = 1_000


@dataclass(frozen=True)
class ModelFile:
    """A model below one of the folders configured for `folder`."""

    folder: str


@dataclass(frozen=True)
class ImageFile:
    """A picture below `folder`, which is `input` for uploads."""

    folder: str = "input"


@dataclass(frozen=True)
class VideoFile(ImageFile):
    """A video below `folder`, which is `input` for uploads."""


@dataclass(frozen=True)
class AudioFile(ImageFile):
    """A sound below `folder`, which is `input` for uploads."""


@dataclass(frozen=True)
class ImageFolder(ImageFile):
    """A folder of pictures below `folder`; "." is that folder itself."""


@dataclass(frozen=True)
class MaskPainter(ImageFile):
    """A drawing that says where: the name of a PNG below `folder` that the canvas uploads; empty for none."""


@dataclass(frozen=True)
class Color:
    """A colour as `#rrggbb`."""


@dataclass(frozen=True)
class Curve:
    """A curve through points: JSON `[[x, y], ...]` with x from 0 to 1, y from `min` to `max`, x rising."""

    min: float = 0.0
    max: float = 1.0


@dataclass(frozen=True)
class Boxes:
    """Named boxes on a picture: JSON `[{"x", "y", "width", "height", "text"}, ...]` in shares of it."""


@dataclass(frozen=True)
class Points:
    """Arrows that drag parts of a picture: JSON `[[x, y, to_x, to_y], ...]` in shares of the picture."""


@dataclass(frozen=True)
class CameraName:
    """The name under which a camera of the browser sends frames, with buttons to start and stop it."""


@dataclass(frozen=True)
class Checkbox:
    """On or off."""


@dataclass(frozen=True)
class Choice:
    """One of the input's choices."""


Widget = (
    Slider
    | Number
    | Seed
    | TextBox
    | TextLine
    | ModelFile
    | ImageFile
    | Color
    | Curve
    | Boxes
    | Points
    | CameraName
    | Checkbox
    | Choice
)
KINDS: dict[str, type[Widget]] = {
    kind.__name__: kind
    for kind in (
        Slider,
        Number,
        Seed,
        TextBox,
        TextLine,
        ModelFile,
        ImageFile,
        VideoFile,
        ImageFolder,
        AudioFile,
        MaskPainter,
        Color,
        Curve,
        Boxes,
        Points,
        CameraName,
        Checkbox,
        Choice,
    )
}
SEED_LIMIT = 2**64 - 1


def to_json(widget: Widget) -> dict[str, Any]:
    """Return the widget as the browser reads it: its kind and its settings."""
    return {"kind": type(widget).__name__, **asdict(widget)}


def from_json(data: dict[str, Any]) -> Widget:
    """Return the widget that `to_json` described."""
    return KINDS[data["kind"]](**{name: value for name, value in data.items() if name != "kind"})

"""The pictures of the templates gallery: `python -m app.template_pictures [name ...]`.

Runs the example workflows on the model that comes along and puts what they make, small, into
workflows/pictures. Do it after changing an example; a minute for all of them. What waits for a browser's
camera has no picture; the gallery then draws the workflow itself.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.config import CHECKOUT

if TYPE_CHECKING:
    from PIL.Image import Image

WORKFLOWS = CHECKOUT / "workflows"
PICTURES = WORKFLOWS / "pictures"
CAMERA = "live_camera"
# What the workflows find that read the input folder.
INPUTS = {"fox": "a large fox in a meadow", "heart": "a large red heart on a blue background"}
SIZE = (320, 240)  # pixels
MOST = 4  # results of one workflow
GAP = 4
QUALITY = 80  # of WebP, 1 to 100


def main(names: Sequence[str]) -> None:
    """Make the pictures of these workflows; of all of them without a name."""
    chosen = names or sorted(path.stem for path in WORKFLOWS.glob("*.json") if path.stem != CAMERA)
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        (base / "models").symlink_to(CHECKOUT / "models")
        for name, prompt in INPUTS.items():
            run("first_picture", base, base / "input" / f"{name}.png", f"prompt.prompt={prompt}")
        for name in chosen:
            results = run(name, base, base / "results" / name)
            picture = card([look(path) for path in results[:MOST]])
            picture.save(PICTURES / f"{name}.webp", quality=QUALITY, method=6)


def run(name: str, base: Path, output: Path, *changes: str) -> list[Path]:
    """Run an example and return its results; `output` is a folder, or the name of its only result."""
    from app.cli import main as patchloom

    folder = output.parent if output.suffix else output
    folder.mkdir(parents=True, exist_ok=True)
    values = [part for change in changes for part in ("--set", change)]
    place = ["--base-directory", str(base), "-o", str(output)]
    if patchloom(["run", str(WORKFLOWS / f"{name}.json"), *place, *values]):
        raise SystemExit(f"{name} did not run; its picture is as it was.")
    return sorted(folder.iterdir())


def look(path: Path) -> Image:
    """Return a result as a picture: of a video the first frame."""
    import av
    from PIL import Image

    if path.suffix != ".mp4":
        return Image.open(path).convert("RGB")
    with av.open(str(path)) as video:
        return Image.fromarray(next(video.decode(video=0)).to_ndarray(format="rgb24"))


def card(results: Sequence[Image]) -> Image:
    """Return the results side by side, whole, on a blurred copy of the first one."""
    from PIL import ImageFilter, ImageOps

    ground = (
        ImageOps.fit(results[0], SIZE).filter(ImageFilter.GaussianBlur(24)).point(lambda value: value * 0.7)
    )
    columns = len(results) if len(results) < MOST else MOST // 2
    rows = -(-len(results) // columns)
    width = (SIZE[0] - GAP * (columns - 1)) // columns
    height = (SIZE[1] - GAP * (rows - 1)) // rows
    for place, result in enumerate(results):
        row, column = divmod(place, columns)
        fitting = ImageOps.contain(result, (width, height))
        left = column * (width + GAP) + (width - fitting.width) // 2
        ground.paste(fitting, (left, row * (height + GAP) + (height - fitting.height) // 2))
    return ground


if __name__ == "__main__":
    main(sys.argv[1:])

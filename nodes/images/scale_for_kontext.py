"""Bring pictures to one of the sizes that Flux Kontext was trained on.

Reference: Black Forest Labs, FLUX.1 Kontext (2025), https://arxiv.org/abs/2506.15742
"""

from __future__ import annotations

from app.engine.imaging.resizing import Method, resize
from app.engine.media import Image
from app.graph.node import node

SIZES = (
    (672, 1568),
    (688, 1504),
    (720, 1456),
    (752, 1392),
    (800, 1328),
    (832, 1248),
    (880, 1184),
    (944, 1104),
    (1024, 1024),
    (1104, 944),
    (1184, 880),
    (1248, 832),
    (1328, 800),
    (1392, 752),
    (1456, 720),
    (1504, 688),
    (1568, 672),
)  # (width, height)


@node(lane="pool", title="Scale for Kontext")
def scale_for_kontext(image: Image, method: Method = "lanczos") -> Image:
    """Bring pictures to the size of Flux Kontext whose proportions are nearest; a little is cut off.

    Args:
        image: The pictures.
        method: How pixels are mixed; "lanczos" is the sharpest.
    """
    own = image.width / image.height
    width, height = min(SIZES, key=lambda size: abs(own - size[0] / size[1]))
    return resize(image, width, height, crop=True, method=method)

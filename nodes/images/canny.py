"""Find thin edges, as control models like them.

Reference: Canny, A Computational Approach to Edge Detection (1986), doi:10.1109/TPAMI.1986.4767851
"""

from __future__ import annotations

from typing import Annotated

from app.engine.imaging import edges
from app.engine.media import Image
from app.graph.node import node
from app.graph.widgets import Slider


@node(lane="pool")
def canny(
    image: Image,
    low: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 0.4,
    high: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 0.8,
) -> Image:
    """Draw the edges of pictures as white lines on black.

    Args:
        image: The pictures.
        low: Slope from which a pixel belongs to an edge that is steep elsewhere; lower gives longer lines.
        high: Slope from which an edge begins; lower gives more lines.
    """
    lines = edges.canny(image.pixels, low, high)
    return Image(lines[..., None].repeat(1, 1, 1, 3))

from typing import Annotated

from app.graph.node import node
from app.graph.widgets import Boxes, Color, Curve, MaskPainter, Points, TextBox


@node(output=True)
def draw(
    color: Annotated[str, Color()] = "#ff8000",
    curve: Annotated[str, Curve(0, 2)] = "[[0, 0], [1, 2]]",
    boxes: Annotated[str, Boxes()] = "",
    points: Annotated[str, Points()] = "",
    drawing: Annotated[str, MaskPainter()] = "",
    text: Annotated[str, TextBox()] = "a red fox",
) -> str:
    """Give what was drawn as text.

    Args:
        color: A colour.
        curve: A curve.
        boxes: Boxes on a picture.
        points: Arrows on a picture.
        drawing: A mask.
        text: Words.
    """
    return "\n".join((color, curve, boxes, points, drawing, text))

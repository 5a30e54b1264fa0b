from typing import Annotated, Any

from app.graph.node import Context, node
from app.graph.widgets import TextBox


@node(output=True)
def show(context: Context, value: Any, text: Annotated[str, TextBox()] = "") -> None:
    """Save the value as a file that pretends to be a picture.

    Args:
        value: What to save.
        text: Some words.
    """
    data = b"\x89PNG\r\n\x1a\n" + f"{value} {text}".encode()
    context.save("show_{n}.png", data, width=int(value), height=1)

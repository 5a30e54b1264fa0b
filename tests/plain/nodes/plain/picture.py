from typing import Annotated

from app.graph.node import Context, node
from app.graph.widgets import ImageFile


@node()
def picture(context: Context, name: Annotated[str, ImageFile()]) -> int:
    """Give the size of an uploaded picture.

    Args:
        name: Which one.
    """
    return len(context.input_path(name).read_bytes())

"""Give pictures the colours of another picture.

Reference: Reinhard et al., Color Transfer between Images (2001), doi:10.1109/38.946629
Reference: Pitie and Kokaram, The Linear Monge-Kantorovitch Colour Mapping (2007), doi:10.1049/cp:20070055
"""

from __future__ import annotations

from typing import Annotated, Literal

import torch

from app.engine.imaging.colours import from_lab, to_lab, with_covariance, with_statistics
from app.engine.imaging.masks import for_batch
from app.engine.media import Image
from app.graph.node import node
from app.graph.widgets import Slider


@node(lane="pool")
def match_colors(
    image: Image,
    reference: Image,
    method: Literal["reinhard", "monge-kantorovich"] = "reinhard",
    strength: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 1.0,
) -> Image:
    """Give pictures the colours of another one, for example those they had before an edit.

    Args:
        image: The pictures to change.
        reference: The picture whose colours they get; one for all, or one for each.
        method: "reinhard" matches brightness and tint one by one, "monge-kantorovich" also how they mix.
        strength: How far; 0 changes nothing.
    """
    if strength == 0:
        return image
    matched = with_statistics if method == "reinhard" else with_covariance
    colours = to_lab(for_batch(reference.pixels, len(image.pixels), "reference"))
    result = from_lab(matched(to_lab(image.pixels), colours))
    return Image(torch.lerp(image.pixels, result, strength))

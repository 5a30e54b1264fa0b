"""SSIM: how alike the structures of two pictures are.

Reference: Wang et al., From Error Visibility to Structural Similarity (2004), https://doi.org/10.1109/TIP.2003.819861
"""

from __future__ import annotations

from app.engine.imaging import metrics
from app.engine.media import Image
from app.graph.node import node


@node(title="SSIM")
def ssim(image: Image, reference: Image) -> float:
    """Return the structural similarity: 1 is equal, 0 unrelated.

    Args:
        image: The pictures to judge.
        reference: What they should look like; as many and as large.
    """
    return metrics.ssim(image, reference)

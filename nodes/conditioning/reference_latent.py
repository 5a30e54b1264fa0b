"""Give an editing model a picture to look at, as further tokens beside those of the picture that it makes.

Reference: Black Forest Labs, FLUX.1 Kontext (2025), https://arxiv.org/abs/2506.15742
Reference: Wu et al., Qwen-Image Technical Report (2025), https://arxiv.org/abs/2508.02324
"""

from __future__ import annotations

from app.engine.conditioning import Conditioning
from app.engine.media import Latent
from app.graph.node import node
from app.graph.problem import Refusal


@node()
def reference_latent(conditioning: Conditioning, latent: Latent) -> Conditioning:
    """Let an editing model such as Flux Kontext or Qwen-Image-Edit see a picture.

    Args:
        conditioning: The prompt; it says what to do with the picture.
        latent: The encoded picture. Several of these nodes in a row show several pictures.
    """
    if latent.family != conditioning.family:
        raise Refusal(
            f"The latent is for {latent.family}, the prompt for {conditioning.family}.",
            "Encode the picture with the autoencoder of the model.",
            code="family_mismatch",
            input="latent",
        )
    return conditioning.each(references=(*conditioning.references, latent.samples[:1]))

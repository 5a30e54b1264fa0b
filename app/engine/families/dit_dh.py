"""DiT-DH: an encoder makes a condition for every token, a wide head draws from it; classes, RAE's latents.

Encoder and head turn heads of different widths, so that its rotary positions cannot be scaled from outside.
"""

from __future__ import annotations

from app.engine.families.classes import from_picture_to_noise, label_table
from app.engine.families.ddt import DECODER, ENCODER
from app.engine.families.family import Family, LatentFormat

DIT_DH = Family(
    name="dit-dh",
    transformer="DiTDHTransformer2DModel",
    stacks=(ENCODER, DECODER),
    arguments=from_picture_to_noise,
    latent=LatentFormat(downscale=16, patch=(1, 1, 1), autoencoder="rae-768"),
    native_size=(256, 256),
    class_table=label_table,
    shift=(768 * 16 * 16 / 4096) ** 0.5,  # see Shift model by dimension, which also knows other sizes
)

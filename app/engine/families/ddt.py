"""DDT: encoder blocks make a condition for every token, decoder blocks draw from it; classes, no text.

Its rotary positions span the same range in pictures of every size, so that there is nothing to scale.
"""

from __future__ import annotations

from app.engine.families.classes import cut, from_noise_to_picture
from app.engine.families.family import Family, LatentFormat, Stack
from app.engine.prediction import from_negated_velocity

ENCODER = Stack(
    path="encoder_blocks",
    inputs={"image": "x"},
    returns=("image",),
    attention={"attn": ("image", "image")},
    mlp=("mlp",),
    trunk=False,
    conditions=True,
    cut=cut,
)
DECODER = Stack(
    path="decoder_blocks",
    inputs={"image": "x"},
    returns=("image",),
    attention={"attn": ("image", "image")},
    mlp=("mlp",),
    cut=cut,
)
DDT = Family(
    name="ddt",
    transformer="DDTTransformer2DModel",
    stacks=(ENCODER, DECODER),
    arguments=from_noise_to_picture,
    denoised=from_negated_velocity,
    latent=LatentFormat(autoencoder="kl-4", scale=0.18215),
    native_size=(256, 256),
    class_table=lambda module: module.y_embedder.weight,
)

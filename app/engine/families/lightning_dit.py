"""LightningDiT: DiT on the latents of VA-VAE, with rotary positions beside those at its entrance."""

from __future__ import annotations

from dataclasses import replace

from app.engine.families.classes import cut, from_noise_to_picture, half_for_rows, label_table
from app.engine.families.dit import BLOCKS
from app.engine.families.family import Family, LatentFormat, Rope
from app.engine.prediction import from_negated_velocity

LIGHTNING_DIT = Family(
    name="lightning-dit",
    transformer="LightningDiTTransformer2DModel",
    stacks=(replace(BLOCKS, cut=cut),),
    arguments=from_noise_to_picture,
    denoised=from_negated_velocity,
    latent=LatentFormat(downscale=16, patch=(1, 1, 1), autoencoder="va-vae-32"),
    native_size=(256, 256),
    class_table=label_table,
    rope=Rope(half_for_rows),
    shift=1 / 0.3,  # its authors count time from noise to picture and shift that by 0.3
)

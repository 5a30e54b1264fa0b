"""FiTv2: picture tokens of any grid, told apart by rotary positions alone; classes, velocity."""

from __future__ import annotations

from dataclasses import replace

from app.engine.families.classes import cut, from_noise_to_picture, half_for_rows, label_table
from app.engine.families.dit import BLOCKS
from app.engine.families.family import Family, LatentFormat, Rope
from app.engine.prediction import from_negated_velocity

FITV2 = Family(
    name="fitv2",
    transformer="FiTv2Transformer2DModel",
    stacks=(replace(BLOCKS, cut=cut),),
    arguments=from_noise_to_picture,
    denoised=from_negated_velocity,
    latent=LatentFormat(autoencoder="kl-4", scale=0.18215),
    native_size=(256, 256),
    class_table=label_table,
    rope=Rope(half_for_rows),
)

"""PixArt-alpha for 1024 pixels: PixArt with the first Stable Diffusion's autoencoder and shorter prompts."""

from __future__ import annotations

from dataclasses import replace

from app.engine.families.pixart import PIXART
from app.engine.families.prompts import Prompting, TextTower, tokens_of

PIXART_ALPHA = replace(
    PIXART,
    name="pixart-alpha",
    latent=replace(PIXART.latent, scale=0.18215),
    prompting=Prompting(
        (TextTower("t5-xxl", "tokenizer", "text_encoder", 120, padding="none"),), tokens_of("t5-xxl")
    ),
)

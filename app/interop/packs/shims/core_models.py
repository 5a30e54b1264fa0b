"""Classes of `nodes` that work with models: thin ways to our own text encoder and autoencoder."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.latents.vae import Vae
from app.engine.media import Image
from app.engine.prompts.text_encoder import TextEncoder
from app.interop.packs.values import Crossing, to_pack


class CLIPTextEncode:
    """Turns a prompt into a conditioning."""

    RETURN_TYPES = ("CONDITIONING",)
    FUNCTION = "encode"
    CATEGORY = "conditioning"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        return {"required": {"text": ("STRING", {"multiline": True}), "clip": ("CLIP",)}}

    def encode(self, clip: TextEncoder, text: str) -> tuple[Conditioning]:
        return (clip.encode([text]),)


class VAEDecode:
    """Turns a latent into pictures."""

    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "decode"
    CATEGORY = "latent"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        return {"required": {"samples": ("LATENT",), "vae": ("VAE",)}}

    def decode(self, vae: Vae, samples: dict[str, Any]) -> tuple[Tensor]:
        """Return (B, H, W, 3)."""
        return (vae.decode(Crossing().latent(samples)).pixels,)


class VAEEncode:
    """Turns pictures into a latent."""

    RETURN_TYPES = ("LATENT",)
    FUNCTION = "encode"
    CATEGORY = "latent"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        return {"required": {"pixels": ("IMAGE",), "vae": ("VAE",)}}

    def encode(self, vae: Vae, pixels: Tensor) -> tuple[dict[str, Any]]:
        """Encode (B, H, W, 3) or, with transparency left out, (B, H, W, 4)."""
        return (to_pack(vae.encode(Image(pixels[..., :3]))),)


CLASSES: dict[str, type] = {kind.__name__: kind for kind in (CLIPTextEncode, VAEDecode, VAEEncode)}

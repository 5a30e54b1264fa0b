"""Which families use a text encoder or an autoencoder, so that the canvas can say what fits before it loads.

The engine's family data says the same with more detail; a test holds the two together.
"""

COGVIDEOX = ("cogvideox", "cogvideox-1.5")
KL_16 = ("flux", "sd3", "lumina2", "z-image", "chroma")
USES: dict[str, tuple[str, ...]] = {
    "clip-l": ("flux", "flux-mini", "sd3", "hunyuan-video"),
    "llama3": ("hunyuan-video",),
    "clip-g": ("sd3",),
    "t5-xxl": ("flux", "flux-mini", "sd3", "pixart", "pixart-alpha", "chroma", "ltx-video", *COGVIDEOX),
    "byt5": ("hunyuan-video-1.5",),
    "umt5-xxl": ("wan", "wan-ti2v"),
    "mistral3": ("flux2-dev",),
    "gemma": ("lumina-next",),
    "gemma2": ("lumina2", "sana"),
    "qwen2.5-vl": ("qwen-image", "hunyuan-video-1.5"),
    "qwen3": ("z-image", "flux2"),
    "siglip-1152": ("hunyuan-video-1.5",),
    "clip-vision-1280": ("wan",),
    "kl-16": KL_16,
    "kl-4": ("pixart", "pixart-alpha", "lumina-next", "ddt", "dit", "sit", "fitv2"),
    "va-vae-32": ("lightning-dit",),
    "rae-768": ("dit-dh",),
    "dc-32": ("sana",),
    "flux2-32": ("flux2", "flux2-dev"),
    "ltx-video-128": ("ltx-video",),
    "hunyuan-video-16": ("hunyuan-video",),
    "hunyuan-video-1.5-32": ("hunyuan-video-1.5",),
    "cogvideox-16": COGVIDEOX,
    "wan2.2-48": ("wan-ti2v",),
    "wan-16": ("wan", "qwen-image"),
}

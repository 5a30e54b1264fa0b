"""The transformer families Patchloom knows: one file of data each."""

from __future__ import annotations

from typing import Literal

from torch import nn

from app.engine.families.chroma import CHROMA
from app.engine.families.cogvideox import COGVIDEOX, COGVIDEOX_15
from app.engine.families.ddt import DDT
from app.engine.families.dit import DIT
from app.engine.families.dit_dh import DIT_DH
from app.engine.families.family import Family
from app.engine.families.fitv2 import FITV2
from app.engine.families.flux import FLUX
from app.engine.families.flux2 import FLUX2, FLUX2_DEV
from app.engine.families.flux_mini import FLUX_MINI
from app.engine.families.hunyuan_video import HUNYUAN_VIDEO
from app.engine.families.hunyuan_video15 import HUNYUAN_VIDEO_15
from app.engine.families.lightning_dit import LIGHTNING_DIT
from app.engine.families.ltx_video import LTX_VIDEO
from app.engine.families.lumina2 import LUMINA2
from app.engine.families.lumina_next import LUMINA_NEXT
from app.engine.families.pixart import PIXART
from app.engine.families.pixart_alpha import PIXART_ALPHA
from app.engine.families.qwen_image import QWEN_IMAGE
from app.engine.families.sana import SANA
from app.engine.families.sd3 import SD3
from app.engine.families.sit import SIT
from app.engine.families.wan import WAN, WAN_TI2V
from app.engine.families.z_image import Z_IMAGE
from app.graph.problem import Refusal

FamilyChoice = Literal[
    "auto",
    "flux",
    "sd3",
    "pixart",
    "lumina2",
    "wan",
    "qwen-image",
    "z-image",
    "chroma",
    "flux2",
    "flux2-dev",
    "ltx-video",
    "hunyuan-video",
    "wan-ti2v",
    "cogvideox",
    "cogvideox-1.5",
    "hunyuan-video-1.5",
    "pixart-alpha",
    "sana",
    "lumina-next",
    "ddt",
    "dit",
    "sit",
    "lightning-dit",
    "dit-dh",
    "fitv2",
]
FAMILIES: tuple[Family, ...] = (
    FLUX,
    FLUX_MINI,
    SD3,
    PIXART,
    LUMINA2,
    WAN,
    QWEN_IMAGE,
    DDT,
    Z_IMAGE,
    CHROMA,
    FLUX2,
    FLUX2_DEV,
    LTX_VIDEO,
    HUNYUAN_VIDEO,
    WAN_TI2V,
    COGVIDEOX,
    COGVIDEOX_15,
    HUNYUAN_VIDEO_15,
    PIXART_ALPHA,
    SANA,
    LUMINA_NEXT,
    DIT,
    SIT,
    LIGHTNING_DIT,
    DIT_DH,
    FITV2,
)


def family_for(module: nn.Module, name: str | None = None) -> Family:
    """Return the family of a transformer: by `name` where its files state one, else by its class."""
    kind = type(module).__name__
    for family in FAMILIES:
        if family.transformer == kind and name in (None, family.name):
            return family
    wanted = f"'{name}' with transformer class {kind}" if name else f"with transformer class {kind}"
    raise Refusal(
        f"Patchloom knows no model family {wanted}.",
        f"Use one of: {', '.join(f'{family.name} ({family.transformer})' for family in FAMILIES)}.",
        code="unknown_family",
    )


__all__ = ["FAMILIES", "Family", "FamilyChoice", "family_for"]

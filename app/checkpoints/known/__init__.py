"""Every kind of model part that Patchloom recognises: one file of names and shapes a family."""

from app.checkpoints.architecture import Architecture
from app.checkpoints.known.autoencoders import FLUX2_VAE, KL, VA_VAE, WAN_VAE
from app.checkpoints.known.chroma import CHROMA
from app.checkpoints.known.cogvideox import COGVIDEOX, COGVIDEOX_15
from app.checkpoints.known.controlnets import CONTROLNETS
from app.checkpoints.known.dc_autoencoder import DC_VAE
from app.checkpoints.known.ddt import DDT
from app.checkpoints.known.dit import DIT
from app.checkpoints.known.dit_dh import DIT_DH
from app.checkpoints.known.fitv2 import FITV2
from app.checkpoints.known.flux import FLUX
from app.checkpoints.known.flux2 import FLUX2, FLUX2_DEV
from app.checkpoints.known.hunyuan_video import HUNYUAN_VIDEO
from app.checkpoints.known.hunyuan_video15 import HUNYUAN_VIDEO_15
from app.checkpoints.known.lightning_dit import LIGHTNING_DIT
from app.checkpoints.known.ltx_autoencoder import LTX_VAE
from app.checkpoints.known.ltx_video import LTX_VIDEO
from app.checkpoints.known.lumina2 import LUMINA2
from app.checkpoints.known.lumina_next import LUMINA_NEXT
from app.checkpoints.known.pixart import PIXART, PIXART_ALPHA
from app.checkpoints.known.qwen_image import QWEN_IMAGE, QWEN_IMAGE_2511
from app.checkpoints.known.qwen_vl import QWEN_SEEING
from app.checkpoints.known.rae import RAE
from app.checkpoints.known.sana import SANA
from app.checkpoints.known.sd3 import SD3
from app.checkpoints.known.text_encoders import (
    BYT5,
    CLIP_G,
    CLIP_L,
    GEMMA,
    GEMMA2,
    LLAMA3,
    MISTRAL3,
    QWEN,
    QWEN3,
    T5,
    UMT5,
)
from app.checkpoints.known.tiny_decoders import TINY_DECODER
from app.checkpoints.known.video_autoencoders import COGVIDEOX_VAE, HUNYUAN15_VAE, HUNYUAN_VAE
from app.checkpoints.known.vision_encoders import CLIP_VISION, SIGLIP
from app.checkpoints.known.wan import WAN, WAN_TI2V
from app.checkpoints.known.wan22_autoencoder import WAN22_VAE
from app.checkpoints.known.z_image import Z_IMAGE

ARCHITECTURES: tuple[Architecture, ...] = (
    *CONTROLNETS,  # first: they hold the blocks of the transformers that they copy
    FLUX,
    SD3,
    QWEN_IMAGE_2511,  # before the one whose names it shares
    QWEN_IMAGE,
    WAN_TI2V,  # before the one whose names it shares
    WAN,
    LUMINA_NEXT,  # before the one whose names it shares
    LUMINA2,
    SANA,
    PIXART_ALPHA,
    PIXART,
    DDT,
    DIT,
    LIGHTNING_DIT,
    DIT_DH,
    FITV2,
    Z_IMAGE,
    FLUX2_DEV,  # before the one whose names it shares
    FLUX2,
    LTX_VIDEO,
    HUNYUAN_VIDEO,
    HUNYUAN_VIDEO_15,
    COGVIDEOX,
    COGVIDEOX_15,
    CHROMA,
    FLUX2_VAE,
    VA_VAE,
    RAE,
    DC_VAE,
    KL,
    WAN22_VAE,
    WAN_VAE,
    LTX_VAE,
    HUNYUAN15_VAE,
    HUNYUAN_VAE,
    COGVIDEOX_VAE,
    CLIP_G,
    CLIP_L,
    BYT5,  # before the one whose names it shares
    T5,
    UMT5,
    QWEN,
    QWEN_SEEING,
    QWEN3,
    GEMMA2,
    LLAMA3,
    MISTRAL3,
    GEMMA,
    CLIP_VISION,
    SIGLIP,
    TINY_DECODER,
)

__all__ = ["ARCHITECTURES"]

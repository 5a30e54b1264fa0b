"""Tiny random transformers, one function for each family."""

import warnings
from typing import Any

from torch import nn

ROWS, COLUMNS, TEXT, TEXT_WIDTH, POOLED_WIDTH, FRAMES = 6, 8, 5, 24, 12, 3
HEADS: dict[str, Any] = {"num_attention_heads": 2, "attention_head_dim": 16}


def flux() -> nn.Module:
    from diffusers import FluxTransformer2DModel

    return FluxTransformer2DModel(
        in_channels=16,
        num_layers=2,
        num_single_layers=3,
        joint_attention_dim=TEXT_WIDTH,
        pooled_projection_dim=POOLED_WIDTH,
        axes_dims_rope=(4, 6, 6),
        **HEADS,
    )


def sd3() -> nn.Module:
    from diffusers import SD3Transformer2DModel

    return SD3Transformer2DModel(
        sample_size=16,
        in_channels=4,
        out_channels=4,
        num_layers=4,
        joint_attention_dim=TEXT_WIDTH,
        caption_projection_dim=32,
        pooled_projection_dim=POOLED_WIDTH,
        pos_embed_max_size=16,
        dual_attention_layers=(0, 1),
        qk_norm="rms_norm",
        **HEADS,
    )


def pixart() -> nn.Module:
    from diffusers import PixArtTransformer2DModel

    return PixArtTransformer2DModel(
        in_channels=4,
        out_channels=8,
        num_layers=4,
        cross_attention_dim=32,
        sample_size=16,
        caption_channels=TEXT_WIDTH,
        use_additional_conditions=False,
        **HEADS,
    )


def lumina2() -> nn.Module:
    from diffusers import Lumina2Transformer2DModel

    return Lumina2Transformer2DModel(
        sample_size=16,
        in_channels=4,
        hidden_size=32,
        num_layers=3,
        num_refiner_layers=1,
        num_attention_heads=4,
        num_kv_heads=2,
        multiple_of=16,
        axes_dim_rope=(4, 2, 2),
        axes_lens=(32, 32, 32),
        cap_feat_dim=TEXT_WIDTH,
    )


def wan() -> nn.Module:
    from diffusers import WanTransformer3DModel

    return WanTransformer3DModel(
        num_attention_heads=2,
        attention_head_dim=12,
        in_channels=4,
        out_channels=4,
        text_dim=TEXT_WIDTH,
        freq_dim=16,
        ffn_dim=48,
        num_layers=3,
        rope_max_seq_len=32,
    )


def qwen_image() -> nn.Module:
    from diffusers import QwenImageTransformer2DModel

    return QwenImageTransformer2DModel(
        in_channels=16,
        out_channels=4,
        num_layers=3,
        joint_attention_dim=TEXT_WIDTH,
        axes_dims_rope=(4, 6, 6),
        **HEADS,
    )


def ddt() -> nn.Module:
    from app.engine.networks.ddt import DDTTransformer2DModel

    return DDTTransformer2DModel(
        in_channels=4,
        hidden_size=TEXT_WIDTH,
        num_attention_heads=2,
        num_encoder_blocks=2,
        num_decoder_blocks=3,
        num_classes=10,
    )


def dit() -> nn.Module:
    from app.engine.networks.dit import ClassDiTTransformer2DModel

    return ClassDiTTransformer2DModel(
        hidden_size=TEXT_WIDTH, num_attention_heads=2, num_layers=3, num_classes=10
    )


def lightning_dit() -> nn.Module:
    from app.engine.networks.lightning_dit import LightningDiTTransformer2DModel

    return LightningDiTTransformer2DModel(
        in_channels=6, hidden_size=TEXT_WIDTH, num_attention_heads=2, num_layers=3, num_classes=10
    )


def dit_dh() -> nn.Module:
    from app.engine.networks.dit_dh import DiTDHTransformer2DModel

    return DiTDHTransformer2DModel(
        in_channels=10,
        hidden_size=(TEXT_WIDTH, 32),
        num_attention_heads=(2, 2),
        num_layers=(2, 2),
        num_classes=10,
    )


def fitv2() -> nn.Module:
    from app.engine.networks.fitv2 import FiTv2Transformer2DModel

    return FiTv2Transformer2DModel(
        hidden_size=TEXT_WIDTH, num_attention_heads=2, num_layers=3, num_classes=10, adaln_rank=6
    )


def z_image() -> nn.Module:
    from diffusers import ZImageTransformer2DModel

    return ZImageTransformer2DModel(
        in_channels=4,
        dim=32,
        n_layers=3,
        n_refiner_layers=1,
        n_heads=2,
        n_kv_heads=2,
        cap_feat_dim=TEXT_WIDTH,
        axes_dims=[4, 6, 6],
        axes_lens=[64, 64, 64],
    )


def ltx_video() -> nn.Module:
    from diffusers import LTXVideoTransformer3DModel

    return LTXVideoTransformer3DModel(
        in_channels=4,
        out_channels=4,
        num_layers=3,
        cross_attention_dim=32,
        caption_channels=TEXT_WIDTH,
        **HEADS,
    )


def cogvideox() -> nn.Module:
    from diffusers import CogVideoXTransformer3DModel

    return CogVideoXTransformer3DModel(
        in_channels=4,
        out_channels=4,
        num_layers=3,
        time_embed_dim=8,
        text_embed_dim=TEXT_WIDTH,
        max_text_seq_length=TEXT,
        sample_width=COLUMNS * 2,
        sample_height=ROWS * 2,
        use_rotary_positional_embeddings=True,
        **HEADS,
    )


def hunyuan_video() -> nn.Module:
    from diffusers import HunyuanVideoTransformer3DModel

    return HunyuanVideoTransformer3DModel(
        in_channels=4,
        out_channels=4,
        num_layers=2,
        num_single_layers=2,
        num_refiner_layers=1,
        text_embed_dim=TEXT_WIDTH,
        pooled_projection_dim=POOLED_WIDTH,
        rope_axes_dim=(4, 6, 6),
        **HEADS,
    )


def hunyuan_video15() -> nn.Module:
    from diffusers import HunyuanVideo15Transformer3DModel

    return HunyuanVideo15Transformer3DModel(
        in_channels=9,
        out_channels=4,
        num_layers=3,
        num_refiner_layers=1,
        text_embed_dim=TEXT_WIDTH,
        text_embed_2_dim=8,
        image_embed_dim=8,
        rope_axes_dim=(4, 6, 6),
        **HEADS,
    )


def flux2() -> nn.Module:
    from diffusers import Flux2Transformer2DModel

    return Flux2Transformer2DModel(
        in_channels=16,
        num_layers=2,
        num_single_layers=3,
        joint_attention_dim=TEXT_WIDTH,
        timestep_guidance_channels=16,
        axes_dims_rope=(4, 4, 4, 4),
        **HEADS,
    )


def chroma() -> nn.Module:
    from diffusers import ChromaTransformer2DModel

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # diffusers warns of imports of its own
        return ChromaTransformer2DModel(
            in_channels=16,
            num_layers=2,
            num_single_layers=3,
            joint_attention_dim=TEXT_WIDTH,
            axes_dims_rope=(4, 6, 6),
            approximator_num_channels=16,
            approximator_hidden_dim=24,
            approximator_layers=2,
            **HEADS,
        )


def sana() -> nn.Module:
    from diffusers import SanaTransformer2DModel

    return SanaTransformer2DModel(
        in_channels=4,
        out_channels=4,
        num_attention_heads=2,
        attention_head_dim=16,
        num_layers=3,
        num_cross_attention_heads=2,
        cross_attention_head_dim=16,
        cross_attention_dim=32,
        caption_channels=TEXT_WIDTH,
        guidance_embeds=True,
        qk_norm="rms_norm_across_heads",
    )


def lumina_next() -> nn.Module:
    from diffusers import LuminaNextDiT2DModel

    module = LuminaNextDiT2DModel(
        sample_size=16,
        hidden_size=32,
        num_layers=3,
        num_attention_heads=2,
        num_kv_heads=1,
        multiple_of=16,
        cross_attention_dim=TEXT_WIDTH,
    )
    module.pad_token.data.zero_()  # of any content before
    return module

"""Tiny checkpoints as their authors would have written them: our key maps, turned around."""

import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from app.checkpoints.architecture import Architecture
from app.checkpoints.known import ARCHITECTURES
from app.checkpoints.rules import Rule, numbered, rule
from app.engine.networks import network
from tests.tiny.zoo import POOLED_WIDTH, TEXT_WIDTH

Weights = dict[str, Tensor]
WIDTH, POOLED = TEXT_WIDTH, POOLED_WIDTH


def architecture(name: str, kind: str = "transformer") -> Architecture:
    return next(known for known in ARCHITECTURES if (known.name, known.kind) == (name, kind))


def original(weights: Mapping[str, Tensor], rules: Iterable[Rule]) -> Weights:
    """Return weights of diffusers under the authors' names: the inverse of `translate` and `assemble`."""
    rest, found = dict(weights), Weights()
    for entry in rules:
        first = rule(entry.ours[0], entry.original)
        for name in list(rest):
            if (match := first.pattern.fullmatch(name)) is not None:
                *numbers, leaf = (group or "" for group in match.groups())
                stacked = [rest.pop(numbered(ours, numbers) + leaf) for ours in entry.ours]
                found[numbered(entry.original, numbers) + leaf] = joined(stacked, entry)
    return found | rest


def joined(tensors: list[Tensor], entry: Rule) -> Tensor:
    tensor = torch.cat(tensors)
    if entry.swap:
        second, first = tensor.chunk(2)
        tensor = torch.cat([first, second])
    return tensor[:, :, None, None] if entry.flat and tensor.ndim == 2 else tensor


def random(module: nn.Module) -> nn.Module:
    """Fill a model so that no two tensors are alike."""
    generator = torch.Generator().manual_seed(5)
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.05, generator=generator)
    return module.eval().requires_grad_(False)


def transformer(name: str, **changes: Any) -> nn.Module:
    """Build a transformer whose sizes a header can tell."""
    import diffusers

    arguments, model = {**TRANSFORMERS[name], **changes}, architecture(name).model
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # diffusers warns of imports of its own
        return random((network(model) or getattr(diffusers, model))(**arguments))


HEADS: dict[str, Any] = {"attention_head_dim": 32, "num_attention_heads": 2}
TRANSFORMERS: dict[str, dict[str, Any]] = {
    "flux": {
        "num_layers": 2,
        "num_single_layers": 2,
        "joint_attention_dim": WIDTH,
        "pooled_projection_dim": POOLED,
        "axes_dims_rope": (4, 14, 14),
        **HEADS,
    },
    "sd3": {
        "num_layers": 3,
        "joint_attention_dim": WIDTH,
        "caption_projection_dim": 64,
        "pooled_projection_dim": POOLED,
        "pos_embed_max_size": 16,
        "dual_attention_layers": (0, 1),
        "qk_norm": "rms_norm",
        **HEADS,
    },
    "pixart": {
        "num_attention_heads": 1,
        "attention_head_dim": 72,
        "num_layers": 2,
        "cross_attention_dim": 72,
        "caption_channels": WIDTH,
        "use_additional_conditions": False,
    },
    "pixart-alpha": {
        "num_attention_heads": 1,
        "attention_head_dim": 72,
        "num_layers": 2,
        "cross_attention_dim": 72,
        "caption_channels": WIDTH,
        "use_additional_conditions": True,
    },
    "lumina2": {
        "hidden_size": 72,
        "num_layers": 2,
        "num_refiner_layers": 1,
        "num_attention_heads": 3,
        "num_kv_heads": 1,
        "multiple_of": 16,
        "axes_dim_rope": (8, 8, 8),
        "cap_feat_dim": WIDTH,
    },
    "wan": {
        "num_attention_heads": 1,
        "text_dim": WIDTH,
        "freq_dim": 16,
        "ffn_dim": 48,
        "num_layers": 2,
    },
    "chroma": {
        "num_layers": 2,
        "num_single_layers": 2,
        "joint_attention_dim": WIDTH,
        "axes_dims_rope": (4, 14, 14),
        "approximator_num_channels": 8,
        "approximator_hidden_dim": 20,
        "approximator_layers": 2,
        **HEADS,
    },
    "ltx-video": {
        "in_channels": 8,
        "out_channels": 8,
        "num_layers": 2,
        "num_attention_heads": 1,
        "cross_attention_dim": 64,
        "caption_channels": WIDTH,
    },
    "hunyuan-video": {
        "num_layers": 2,
        "num_single_layers": 2,
        "num_refiner_layers": 1,
        "text_embed_dim": WIDTH,
        "pooled_projection_dim": POOLED,
        "rope_axes_dim": (4, 14, 14),
        **HEADS,
    },
    "hunyuan-video-1.5": {
        "num_layers": 2,
        "num_refiner_layers": 2,
        "text_embed_dim": WIDTH,
        "text_embed_2_dim": 12,
        "image_embed_dim": 20,
        "rope_axes_dim": (4, 14, 14),
        **HEADS,
    },
    "cogvideox": {
        "num_attention_heads": 1,
        "attention_head_dim": 64,
        "num_layers": 2,
        "time_embed_dim": 8,
        "text_embed_dim": WIDTH,
        "use_rotary_positional_embeddings": True,
    },
    "flux2": {
        "in_channels": 128,
        "num_layers": 2,
        "num_single_layers": 2,
        "joint_attention_dim": WIDTH,
        "timestep_guidance_channels": 16,
        "axes_dims_rope": (8, 8, 8, 8),
        "guidance_embeds": False,
        **HEADS,
    },
    "flux2-dev": {
        "in_channels": 128,
        "num_layers": 2,
        "num_single_layers": 2,
        "joint_attention_dim": WIDTH,
        "timestep_guidance_channels": 16,
        "axes_dims_rope": (8, 8, 8, 8),
        "guidance_embeds": True,
        **HEADS,
    },
    "z-image": {
        "dim": 64,
        "n_layers": 2,
        "n_refiner_layers": 1,
        "n_heads": 2,
        "n_kv_heads": 2,
        "cap_feat_dim": WIDTH,
        "axes_dims": [8, 12, 12],
    },
    "dit": {"hidden_size": 72, "num_attention_heads": 1, "num_layers": 2, "num_classes": 10},
    "lightning-dit": {
        "in_channels": 8,
        "hidden_size": 72,
        "num_attention_heads": 1,
        "num_layers": 2,
        "num_classes": 10,
    },
    "dit-dh": {
        "in_channels": 8,
        "hidden_size": (72, 128),
        "num_attention_heads": (1, 1),
        "num_layers": (4, 2),
        "num_classes": 10,
    },
    "ddt": {
        "hidden_size": WIDTH,
        "num_attention_heads": 2,
        "num_encoder_blocks": 2,
        "num_decoder_blocks": 4,
        "num_classes": 10,
    },
    "fitv2": {
        "hidden_size": 72,
        "num_attention_heads": 1,
        "num_layers": 2,
        "num_classes": 10,
        "adaln_rank": 6,
    },
    "sana": {
        "in_channels": 32,
        "out_channels": 32,
        "num_attention_heads": 2,
        "attention_head_dim": 32,
        "num_layers": 2,
        "num_cross_attention_heads": 1,
        "cross_attention_head_dim": 64,
        "cross_attention_dim": 64,
        "caption_channels": WIDTH,
    },
    "lumina-next": {
        "hidden_size": 64,
        "num_layers": 2,
        "num_attention_heads": 4,
        "num_kv_heads": 2,
        "multiple_of": 16,
        "cross_attention_dim": WIDTH,
    },
    "qwen-image": {"num_layers": 2, "joint_attention_dim": WIDTH, "axes_dims_rope": (4, 14, 14), **HEADS},
}


def autoencoder(name: str) -> nn.Module:
    """Build an autoencoder with as many channels as the published one has."""
    import diffusers

    sizes: dict[str, Any] = {
        "kl": {
            "down_block_types": ("DownEncoderBlock2D",) * 4,
            "up_block_types": ("UpDecoderBlock2D",) * 4,
            "block_out_channels": (32, 32, 32, 64),
            "latent_channels": 16,
            "use_quant_conv": False,
            "use_post_quant_conv": False,
        },
        "flux2": {"block_out_channels": (32, 32, 32, 64)},
        "wan": {"base_dim": 4},
        "dc": {
            "encoder_block_types": ("ResBlock", *("EfficientViTBlock",) * 5),
            "decoder_block_types": ("ResBlock", *("EfficientViTBlock",) * 5),
            "encoder_block_out_channels": (32,) * 6,
            "decoder_block_out_channels": (32,) * 6,
            "encoder_layers_per_block": (2, 1, 1, 1, 1, 1),
            "decoder_layers_per_block": (1,) * 6,
            "encoder_qkv_multiscales": ((), *((5,),) * 5),
            "decoder_qkv_multiscales": ((), *((5,),) * 5),
            "downsample_block_type": "Conv",
            "upsample_block_type": "interpolate",
            "scaling_factor": 0.41407,
        },
    }
    return random(getattr(diffusers, architecture(name, "vae").model)(**sizes[name]))


def text_encoder(name: str, vocabulary: int = 60) -> nn.Module:
    """Build a text encoder of transformers whose sizes a header can tell."""
    import transformers

    clip = {"vocab_size": 49408, "hidden_size": 12, "intermediate_size": 20, "num_attention_heads": 1}
    language = {
        "vocab_size": vocabulary,
        "hidden_size": WIDTH,
        "intermediate_size": 20,
        "num_hidden_layers": 2,
    }
    t5 = {"vocab_size": vocabulary, "d_model": WIDTH, "d_kv": 8, "d_ff": 20, "num_layers": 2, "num_heads": 2}
    sizes: dict[str, dict[str, Any]] = {
        "clip-l": {**clip, "num_hidden_layers": 2},
        "clip-g": {**clip, "num_hidden_layers": 13, "projection_dim": 12, "hidden_act": "gelu"},
        "t5-xxl": {**t5, "feed_forward_proj": "gated-gelu", "is_encoder_decoder": False},
        "umt5-xxl": {**t5, "feed_forward_proj": "gated-gelu", "is_encoder_decoder": False},
        "qwen2.5-vl": {**language, "num_attention_heads": 1, "num_key_value_heads": 1, "head_dim": 128},
        "qwen3": {
            **language,
            "num_hidden_layers": 28,
            "num_attention_heads": 1,
            "num_key_value_heads": 1,
            "head_dim": 8,
        },
        "llama3": {**language, "num_attention_heads": 1, "num_key_value_heads": 1, "head_dim": 128},
        "gemma2": {**language, "num_attention_heads": 2, "num_key_value_heads": 1},
    }
    kind = getattr(transformers, architecture(name, "text_encoder").model)
    return random(kind(kind.config_class(**sizes[name])))


def stored(module: nn.Module, ties: Mapping[str, str] | None = None) -> Weights:
    """Return the weights as a file holds them: what is tied, once."""
    return {name: tensor for name, tensor in module.state_dict().items() if name not in (ties or {})}

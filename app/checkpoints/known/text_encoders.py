"""Text encoders as transformers and ComfyUI store them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from app.checkpoints.architecture import Architecture, Layout, count
from app.checkpoints.archive import Shapes
from app.checkpoints.known.llama_cpp import qwen_rules, t5_rules
from app.checkpoints.rules import Rule, rule

CLIP_HEAD = 64
DEEP = "text_model.encoder.layers.12.mlp.fc1.weight"  # CLIP-L has 12 layers, CLIP-G 32
HEAD = {"qwen2.5-vl": 128, "llama3": 128, "mistral3": 128, "gemma": 256, "gemma2": 256}  # shapes do not tell
TOKENS = "embed_tokens.weight"
LLAMA3_WORDS, MISTRAL_WORDS = 130_000, 200_000  # of encoders with the same names; Gemma knows still more
READ = 30  # layers of Mistral that Flux.2 looks at
LANGUAGE_HEAD = ("lm_head.", "rotary_emb.", "visual.")


def flattened(names: Collection[str]) -> tuple[Rule, ...]:
    """Return the rules for a class that has dropped the wrapper which files still name."""
    parts = ("embeddings", "encoder", "final_layer_norm")
    return tuple(rule(f"text_model.{part}", part) for part in parts)


def clip_l_config(shapes: Shapes) -> dict[str, Any]:
    return clip_config(shapes, "", "quick_gelu")


def clip_g_config(shapes: Shapes) -> dict[str, Any]:
    projection = shapes["text_projection.weight"][0]
    return {**clip_config(shapes, "text_model.", "gelu"), "projection_dim": projection}


def clip_config(shapes: Shapes, start: str, activation: str) -> dict[str, Any]:
    vocabulary, width = shapes[f"{start}embeddings.token_embedding.weight"]
    return {
        "vocab_size": vocabulary,
        "hidden_size": width,
        "intermediate_size": shapes[f"{start}encoder.layers.0.mlp.fc1.weight"][0],
        "num_hidden_layers": count(shapes, f"{start}encoder.layers"),
        "num_attention_heads": max(width // CLIP_HEAD, 1),
        "max_position_embeddings": shapes[f"{start}embeddings.position_embedding.weight"][0],
        "hidden_act": activation,
        "eos_token_id": vocabulary - 1,
    }


def t5_config(shapes: Shapes) -> dict[str, Any]:
    vocabulary, width = shapes["shared.weight"]
    first = "encoder.block.0.layer"
    buckets, heads = shapes[f"{first}.0.SelfAttention.relative_attention_bias.weight"]
    gated = f"{first}.1.DenseReluDense.wi_0.weight" in shapes
    return {
        "vocab_size": vocabulary,
        "d_model": width,
        "d_kv": shapes[f"{first}.0.SelfAttention.q.weight"][0] // heads,
        "d_ff": shapes[f"{first}.1.DenseReluDense.wo.weight"][1],
        "num_layers": count(shapes, "encoder.block"),
        "num_heads": heads,
        "relative_attention_num_buckets": buckets,
        "feed_forward_proj": "gated-gelu" if gated else "relu",
        "is_encoder_decoder": False,
    }


def language_config(shapes: Shapes, head: int) -> dict[str, Any]:
    """Return what the decoders that encode prompts have in common."""
    vocabulary, width = shapes[TOKENS]
    return {
        "vocab_size": vocabulary,
        "hidden_size": width,
        "intermediate_size": shapes["layers.0.mlp.gate_proj.weight"][0],
        "num_hidden_layers": count(shapes, "layers"),
        "head_dim": head,
        "num_attention_heads": shapes["layers.0.self_attn.q_proj.weight"][0] // head,
        "num_key_value_heads": shapes["layers.0.self_attn.k_proj.weight"][0] // head,
        "use_cache": False,
    }


def qwen_config(shapes: Shapes) -> dict[str, Any]:
    """Return the language half of Qwen2.5-VL: for text alone its positions are those of Qwen2."""
    rope = {"rope_type": "default", "rope_theta": 1e6}
    return {
        **language_config(shapes, HEAD["qwen2.5-vl"]),
        "rope_parameters": rope,
        "max_position_embeddings": 128000,
    }


def qwen3_config(shapes: Shapes) -> dict[str, Any]:
    head = shapes["layers.0.self_attn.q_norm.weight"][0]
    rope = {"rope_type": "default", "rope_theta": 1e6}
    return {**language_config(shapes, head), "rope_parameters": rope}


def llama3_config(shapes: Shapes) -> dict[str, Any]:
    """Return the language half of LLaVA-Llama-3; the tower for pictures beside it is not used."""
    return {
        **language_config(shapes, HEAD["llama3"]),
        "rope_parameters": {"rope_type": "default", "rope_theta": 5e5},
        "rms_norm_eps": 1e-5,
        "max_position_embeddings": 8192,
    }


def mistral_config(shapes: Shapes) -> dict[str, Any]:
    return {
        **language_config(shapes, HEAD["mistral3"]),
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e9},
        "rms_norm_eps": 1e-5,
        "sliding_window": None,
    }


def gemma_config(shapes: Shapes) -> dict[str, Any]:
    return language_config(shapes, HEAD["gemma"])


def gemma2_config(shapes: Shapes) -> dict[str, Any]:
    return language_config(shapes, HEAD["gemma2"])


def encoder(
    name: str, model: str, config: Any, *layouts: Layout, ties: Mapping[str, str] | None = None
) -> Architecture:
    return Architecture("text_encoder", name, model, layouts, config, ties=ties or {})


CLIP_MARKS = ("embeddings.token_embedding.weight", "encoder.layers.0.mlp.fc1.weight")
WRAPPED_MARKS = tuple(f"text_model.{mark}" for mark in CLIP_MARKS)
CLIP_IGNORED = ("text_model.embeddings.position_ids", "embeddings.position_ids", "logit_scale")
LANGUAGE = ("embed_tokens.weight", "layers.0.mlp.gate_proj.weight", "norm.weight")
Q_NORM, SANDWICH = "layers.0.self_attn.q_norm.weight", "layers.0.pre_feedforward_layernorm.weight"

SHARED = {"encoder.embed_tokens.weight": "shared.weight"}
CLIP_L = encoder(
    "clip-l",
    "CLIPTextModel",
    clip_l_config,
    Layout("wrapped", WRAPPED_MARKS, rules=flattened, ignored=(*CLIP_IGNORED, "text_projection")),
    Layout("flat", CLIP_MARKS, ignored=CLIP_IGNORED),
)
CLIP_G = encoder(
    "clip-g",
    "CLIPTextModelWithProjection",
    clip_g_config,
    Layout("wrapped", (*WRAPPED_MARKS, DEEP, "text_projection.weight"), ignored=CLIP_IGNORED),
)
BYT5_WIDTH = 1472  # of ByT5-small, which reads bytes; its names are those of T5
T5_MARKS = ("shared.weight", "encoder.block.0.layer.0.SelfAttention.q.weight")
T5_IGNORED = ("decoder.", "lm_head.", "spiece_model", "encoder.embed_tokens.")
SECOND_BIAS = "encoder.block.1.layer.0.SelfAttention.relative_attention_bias.weight"
GGUF_T5, GGUF_SECOND_BIAS = ("token_embd.weight", "enc.blk.0.attn_q.weight"), "enc.blk.1.attn_rel_b.weight"
GGUF_QWEN = ("token_embd.weight", "blk.0.ffn_gate.weight")
T5 = encoder(
    "t5-xxl",
    "T5EncoderModel",
    t5_config,
    Layout("transformers", T5_MARKS, lacks=(SECOND_BIAS,), ignored=T5_IGNORED),
    Layout("llama.cpp", GGUF_T5, lacks=(GGUF_SECOND_BIAS,), rules=t5_rules, ignored=("dec.",)),
    ties=SHARED,
)
BYT5 = encoder(
    "byt5",
    "T5EncoderModel",
    t5_config,
    Layout(
        "transformers",
        T5_MARKS,
        lacks=(SECOND_BIAS,),
        ignored=T5_IGNORED,
        sized=lambda shapes: shapes["shared.weight"][1] == BYT5_WIDTH,
    ),
    ties=SHARED,
)
UMT5 = encoder(
    "umt5-xxl",
    "UMT5EncoderModel",
    t5_config,
    Layout("transformers", (*T5_MARKS, SECOND_BIAS), ignored=T5_IGNORED),
    Layout("llama.cpp", (*GGUF_T5, GGUF_SECOND_BIAS), rules=t5_rules, ignored=("dec.",)),
    ties=SHARED,
)
QWEN = encoder(
    "qwen2.5-vl",
    "Qwen2Model",
    qwen_config,
    Layout("transformers", (*LANGUAGE, "layers.0.self_attn.q_proj.bias"), ignored=LANGUAGE_HEAD),
    Layout("llama.cpp", (*GGUF_QWEN, "blk.0.attn_q.bias"), rules=qwen_rules, ignored=("output.",)),
)
QWEN3 = encoder(
    "qwen3",
    "Qwen3Model",
    qwen3_config,
    Layout("transformers", (*LANGUAGE, Q_NORM), lacks=(SANDWICH,), ignored=LANGUAGE_HEAD),
    Layout("llama.cpp", (*GGUF_QWEN, "blk.0.attn_q_norm.weight"), rules=qwen_rules, ignored=("output.",)),
)
GEMMA2 = encoder(
    "gemma2",
    "Gemma2Model",
    gemma2_config,
    Layout("transformers", (*LANGUAGE, SANDWICH), lacks=(Q_NORM,), ignored=(*LANGUAGE_HEAD, "spiece_model")),
)
NO_NORMS = ("layers.0.self_attn.q_proj.bias", Q_NORM, SANDWICH)
LLAMA3 = encoder(
    "llama3",
    "LlamaModel",
    llama3_config,
    Layout(
        "transformers",
        LANGUAGE,
        lacks=NO_NORMS,
        ignored=(*LANGUAGE_HEAD, "vision_tower.", "vision_model.", "multi_modal_projector."),
        sized=lambda shapes: shapes[TOKENS][0] < LLAMA3_WORDS,
    ),
)
MISTRAL3 = encoder(
    "mistral3",
    "MistralStates",
    mistral_config,
    Layout(
        "transformers",
        LANGUAGE[:2],  # pruned files have no last norm, and it does not matter
        lacks=NO_NORMS,
        ignored=(
            *LANGUAGE_HEAD,
            "norm.",
            *(f"layers.{layer}." for layer in range(READ, 40)),
            "vision_tower.",
            "multi_modal_projector.",
        ),
        sized=lambda shapes: LLAMA3_WORDS <= shapes[TOKENS][0] < MISTRAL_WORDS,
    ),
)
GEMMA = encoder(
    "gemma",
    "GemmaModel",
    gemma_config,
    Layout(
        "transformers",
        LANGUAGE,
        lacks=NO_NORMS,
        ignored=(*LANGUAGE_HEAD, "spiece_model"),
        sized=lambda shapes: shapes[TOKENS][0] >= MISTRAL_WORDS,
    ),
)

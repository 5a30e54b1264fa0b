"""Text encoders in the names of llama.cpp, as GGUF files hold them."""

from __future__ import annotations

from collections.abc import Collection

from app.checkpoints.rules import Rule, rule

T5_LAYER = "encoder.block.*.layer"
T5 = (
    rule("token_embd", "shared"),
    rule("enc.output_norm", "encoder.final_layer_norm"),
    rule("enc.blk.*.attn_rel_b", f"{T5_LAYER}.0.SelfAttention.relative_attention_bias"),
    *(rule(f"enc.blk.*.attn_{name}", f"{T5_LAYER}.0.SelfAttention.{name}") for name in "qkvo"),
    rule("enc.blk.*.attn_norm", f"{T5_LAYER}.0.layer_norm"),
    rule("enc.blk.*.ffn_norm", f"{T5_LAYER}.1.layer_norm"),
    rule("enc.blk.*.ffn_gate", f"{T5_LAYER}.1.DenseReluDense.wi_0"),
    rule("enc.blk.*.ffn_up", f"{T5_LAYER}.1.DenseReluDense.wi_1"),
    rule("enc.blk.*.ffn_down", f"{T5_LAYER}.1.DenseReluDense.wo"),
)
QWEN = (
    rule("token_embd", "embed_tokens"),
    rule("output_norm", "norm"),
    rule("blk.*.attn_norm", "layers.*.input_layernorm"),
    rule("blk.*.ffn_norm", "layers.*.post_attention_layernorm"),
    *(rule(f"blk.*.attn_{name}", f"layers.*.self_attn.{name}_proj") for name in "qkv"),
    *(rule(f"blk.*.attn_{name}_norm", f"layers.*.self_attn.{name}_norm") for name in "qk"),
    rule("blk.*.attn_output", "layers.*.self_attn.o_proj"),
    *(rule(f"blk.*.ffn_{name}", f"layers.*.mlp.{name}_proj") for name in ("gate", "up", "down")),
)


def t5_rules(names: Collection[str]) -> tuple[Rule, ...]:
    return T5


def qwen_rules(names: Collection[str]) -> tuple[Rule, ...]:
    return QWEN

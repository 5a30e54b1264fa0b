"""The tokenizer and the two small text encoders."""

from collections.abc import Sequence
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from torch import Tensor
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    PreTrainedTokenizerFast,
    T5Config,
    T5EncoderModel,
)

from models.mini.training.vocabulary import BACKGROUNDS, COLOR_NAMES, KINDS, plural

TEXT_TOKENS = 12
"""L: every prompt is cut or padded to this many tokens."""
TEXT_WIDTH = 128
SPECIAL_TOKENS = ["[PAD]", "[UNK]", "[BOS]", "[EOS]"]
OTHER_WORDS = [
    "small",
    "large",
    "center",
    "left",
    "right",
    "top",
    "bottom",
    "above",
    "below",
    "beside",
    "inside",
    "two",
    "three",
    "on",
]
SYNONYMS = {
    "on top of": "above",
    "next to": "beside",
    "grey": "gray",
    "centre|middle": "center",
    "violet": "purple",
    "kitten": "cat",
    "puppy": "dog",
    "bunny": "rabbit",
    "beneath|underneath|under": "below",
    "over": "above",
    "chessboard": "checkerboard",
    "rhombus": "diamond",
    "big|huge|giant": "large",
    "little|tiny": "small",
    "stripes": "striped",
    "checkerboard": "checkered",
    "dots": "dotted",
    "disc|disk": "circle",
    "box": "square",
    "flower": "tulip",
    "ship|sailboat": "boat",
    "automobile": "car",
    "field|grass": "meadow",
}
IGNORED_WORDS = "a|an|the|of|to|in|at|with|is|and|picture|image|drawing|photo|background|side|corner|sky"


def make_tokenizer() -> PreTrainedTokenizerFast:
    """Build the word tokenizer: lower case, synonyms and plurals folded, filler words dropped."""
    words = sorted({*KINDS, *COLOR_NAMES, *BACKGROUNDS, *OTHER_WORDS})
    vocabulary = {word: i for i, word in enumerate([*SPECIAL_TOKENS, *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Sequence(_normalizers())
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A [EOS]", special_tokens=[("[EOS]", 3)])
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "bos_token": "[BOS]", "eos_token": "[EOS]"}
    fast: Any = PreTrainedTokenizerFast  # whose class carries no types
    made: PreTrainedTokenizerFast = fast(tokenizer_object=tokenizer, model_max_length=TEXT_TOKENS, **names)
    return made


def _normalizers() -> list[normalizers.Normalizer]:
    steps: list[normalizers.Normalizer] = [
        normalizers.Lowercase(),
        normalizers.Replace(Regex(r"[^a-z ]+"), " "),
    ]
    folded = {**SYNONYMS, **{plural(kind): kind for kind in KINDS if plural(kind) != kind}}
    steps += [normalizers.Replace(Regex(rf"\b(?:{old})\b"), new) for old, new in folded.items()]
    steps.append(normalizers.Replace(Regex(rf"\b(?:{IGNORED_WORDS})\b"), " "))
    return [*steps, normalizers.Replace(Regex(r" +"), " "), normalizers.Strip()]


def tokenize(tokenizer: PreTrainedTokenizerFast, prompts: Sequence[str]) -> Tensor:
    """Return token ids (B, L), padded to L; the encoders see the padding, there is no mask."""
    options = {"padding": "max_length", "max_length": TEXT_TOKENS, "truncation": True}
    ids: Tensor = tokenizer(list(prompts), return_tensors="pt", **options).input_ids
    return ids


def make_text_encoder(words: int) -> T5EncoderModel:
    """Build the encoder whose L tokens the transformer attends to."""
    return T5EncoderModel(
        T5Config(
            vocab_size=words,
            d_model=TEXT_WIDTH,
            d_kv=32,
            num_heads=4,
            num_layers=2,
            d_ff=256,
            dropout_rate=0.0,
            relative_attention_num_buckets=32,
            relative_attention_max_distance=32,
            pad_token_id=0,
            eos_token_id=3,
            feed_forward_proj="relu",
        )
    )


def make_pooled_encoder(words: int) -> CLIPTextModel:
    """Build the encoder that gives the whole prompt as one vector."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=words,
            hidden_size=TEXT_WIDTH,
            intermediate_size=256,
            num_hidden_layers=1,
            num_attention_heads=4,
            max_position_embeddings=TEXT_TOKENS,
            hidden_act="gelu",
            attention_dropout=0.0,
            pad_token_id=0,
            bos_token_id=2,
            eos_token_id=3,
            projection_dim=TEXT_WIDTH,
        )
    )


def text_positions() -> Tensor:
    """Return txt_ids (L, 3) with positions 1..L; stock Flux passes zeros, which hides the word order."""
    positions = torch.zeros(TEXT_TOKENS, 3)
    positions[:, 0] = torch.arange(1, TEXT_TOKENS + 1)
    return positions

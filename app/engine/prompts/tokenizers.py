"""Prompts to token ids: from a tokenizer folder, or a vocabulary beside the weights, in them, or our own."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from app.checkpoints.contents import Part
from app.graph.problem import Refusal

CLIP_VOCABULARY = Path(__file__).with_name("vocabularies") / "clip.txt.gz"
CLIP_MERGES = 49152 - 256 - 2  # the file lists more than CLIP was trained with
EMBEDDED = "spiece_model"  # tensor of bytes in which publishers put a SentencePiece model
SENTENCE_PIECE = ("spiece.model", "tokenizer.model")
BYTES, CLOSING, FIRST_BYTE = "byt5", 1, 3  # an encoder of bytes, its last id, and the id of byte 0
GEMMAS = ("gemma", "gemma2")
TOKENIZER = "tokenizer.json"
UNUSED_ROWS = 2048  # encoders have a few more rows than words; a larger gap is another encoder's vocabulary
SOURCES = {
    "t5-xxl": "https://huggingface.co/google/t5-v1_1-xxl",
    "umt5-xxl": "https://huggingface.co/google/umt5-xxl",
    "gemma2": "https://huggingface.co/google/gemma-2-2b",
    "gemma": "https://huggingface.co/google/gemma-2b",
    "mistral3": "https://huggingface.co/mistralai/Mistral-Small-3.1-24B-Instruct-2503",
    "qwen2.5-vl": "https://huggingface.co/Qwen/Qwen2.5-VL-7B-Instruct",
    "llama3": "https://huggingface.co/xtuner/llava-llama-3-8b-v1_1-transformers",
    "qwen3": "https://huggingface.co/Qwen/Qwen3-4B",
}


@dataclass(frozen=True)
class Tokenizer:
    """Turns one prompt into ids, with the marks that its encoder expects at both ends.

    Attributes:
        ids: (text, largest number of ids) -> ids.
        padding: Id that fills up short prompts.
        limit: Largest number of ids it makes.
        words: Number of ids it knows.
    """

    ids: Callable[[str, int], list[int]]
    padding: int = 0
    limit: int = 10**9
    words: int = 0


def from_library(tokenizer: Any) -> Tokenizer:
    """Wrap a tokenizer of transformers."""

    def ids(text: str, length: int) -> list[int]:
        found: list[int] = tokenizer(text, truncation=True, max_length=length).input_ids
        return found

    return Tokenizer(ids, tokenizer.pad_token_id or 0, tokenizer.model_max_length, len(tokenizer))


def tokenizer_for(part: Part) -> Tokenizer:
    """Return the tokenizer that belongs to a text encoder in a single file."""
    name = part.architecture.name
    if name in ("clip-l", "clip-g"):
        return clip(padded_with_zero=name == "clip-g")
    if name == BYTES:
        return Tokenizer(byte_ids)
    if EMBEDDED in part.archive.entries:
        return sentence_piece(embedded(part), name)
    rows = part.config.get("text_config", part.config)["vocab_size"]
    for path in (place / file for place in vocabulary_places(part) for file in (*SENTENCE_PIECE, TOKENIZER)):
        if path.is_file():
            found = from_file(path) if path.name == TOKENIZER else sentence_piece(path.read_bytes(), name)
            if rows - UNUSED_ROWS <= found.words <= rows:
                return found
    raise missing_vocabulary(part)


def vocabulary_places(part: Part) -> list[Path]:
    """Return where a vocabulary is looked for: folders of the file's or encoder's name, then beside it."""
    path = part.archive.path
    folder = path if path.is_dir() else path.parent
    names = ([] if path.is_dir() else [path.stem]) + [part.architecture.name]
    return [*(folder / name for name in names), folder, folder / "tokenizer", folder.parent / "tokenizer"]


def missing_vocabulary(part: Part) -> Refusal:
    name = part.architecture.name
    wanted = "spiece.model" if "t5" in name else "tokenizer.model" if name in GEMMAS else TOKENIZER
    place = vocabulary_places(part)[-4]
    return Refusal(
        f"{part.archive.path} is a {name} encoder without its vocabulary, and none is beside it.",
        f"Put {wanted} into {place}; it is published at {SOURCES[name]}.",
        code="no_vocabulary",
    )


def byte_ids(text: str, length: int) -> list[int]:
    """Return the ids of a text's bytes and of the mark at its end.

    Reference: Xue et al., ByT5: Towards a Token-Free Future (2021), https://arxiv.org/abs/2105.13626
    """
    return [*(FIRST_BYTE + byte for byte in text.encode()[: length - 1]), CLOSING]


def embedded(part: Part) -> bytes:
    from safetensors import safe_open

    with safe_open(part.archive.entries[EMBEDDED].file, "pt") as file:
        found: bytes = file.get_tensor(EMBEDDED).numpy().tobytes()
    return found


def sentence_piece(model: bytes, name: str) -> Tokenizer:
    """Read a SentencePiece model: T5 ends a prompt with a mark, Gemma begins it with one."""
    from sentencepiece import SentencePieceProcessor

    processor = SentencePieceProcessor(model_proto=model)
    opening, closing = ([processor.bos_id()], []) if name in GEMMAS else ([], [processor.eos_id()])

    def ids(text: str, length: int) -> list[int]:
        return [*opening, *processor.encode(text)[: length - 1], *closing]

    return Tokenizer(ids, max(processor.pad_id(), 0), words=processor.get_piece_size())


def from_file(path: Path) -> Tokenizer:
    """Read a `tokenizer.json`, the format of the tokenizers library."""
    from transformers import PreTrainedTokenizerFast

    try:
        return from_library(PreTrainedTokenizerFast(tokenizer_file=str(path)))  # type: ignore[no-untyped-call]
    except Exception as error:  # the library raises plain Exception on a malformed file
        raise Refusal(
            f"{path} is no tokenizer: {error}.",
            "Fetch it again from where the model is published.",
            code="bad_config",
        ) from error


@cache
def clip(*, padded_with_zero: bool) -> Tokenizer:
    """Return CLIP's tokenizer, which Patchloom has; CLIP-G fills up with id 0, CLIP-L with the end mark.

    Reference: Radford et al., Learning Transferable Visual Models From Natural Language Supervision (2021),
    https://arxiv.org/abs/2103.00020
    """
    from transformers import CLIPTokenizer

    lines = gzip.decompress(CLIP_VOCABULARY.read_bytes()).decode().split("\n")
    merges = [(first, second) for first, second in (line.split() for line in lines[1 : CLIP_MERGES + 1])]
    letters = byte_letters()
    words = [
        *letters,
        *(f"{letter}</w>" for letter in letters),
        *(first + second for first, second in merges),
    ]
    marks = ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {word: id for id, word in enumerate([*words, *marks])}
    tokenizer = from_library(CLIPTokenizer(vocabulary, merges, model_max_length=77))  # type: ignore[arg-type]
    return replace(tokenizer, padding=0) if padded_with_zero else tokenizer


def byte_letters() -> list[str]:
    """Return the letter that stands for each byte in CLIP's vocabulary, in the order of its ids."""
    shown = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    hidden = len(set(range(256)) - set(shown))
    return [chr(code) for code in shown] + [chr(256 + index) for index in range(hidden)]

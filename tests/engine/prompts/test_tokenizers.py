"""Prompts to ids: CLIP's own vocabulary, and vocabularies in and beside weight files."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from app.checkpoints.contents import find_part
from app.engine.prompts.tokenizers import clip, tokenizer_for
from app.graph.problem import Refusal
from tests.tiny.layouts import architecture, stored, text_encoder
from tests.tiny.vocabulary import SENTENCES, sentence_piece_model

START, END = 49406, 49407


def encoder_file(folder: Path, name: str, vocabulary: int = 60, **beside: torch.Tensor) -> Path:
    weights = stored(text_encoder(name, vocabulary), architecture(name, "text_encoder").ties)
    path = folder / f"some {name}.safetensors"
    save_file(weights | beside, path)
    return path


def test_clip_knows_its_words() -> None:
    """The ids of open_clip's tokenizer for the same texts."""
    ids = clip(padded_with_zero=False).ids
    assert ids("", 77) == [START, END]
    assert ids("A photo of an astronaut's horse", 77)[:7] == [START, 320, 1125, 539, 550, 18376, 568]
    assert len(ids("word " * 120, 77)) == 77 and ids("word " * 120, 77)[-1] == END


def test_clips_fill_up_differently() -> None:
    assert (clip(padded_with_zero=False).padding, clip(padded_with_zero=True).padding) == (END, 0)


@pytest.mark.parametrize("place", ["some t5-xxl", "t5-xxl", ".", "tokenizer"])
def test_a_vocabulary_beside_the_weights_is_found(place: str, tmp_path: Path) -> None:
    path = encoder_file(tmp_path, "t5-xxl")
    (tmp_path / place).mkdir(exist_ok=True)
    (tmp_path / place / "spiece.model").write_bytes(sentence_piece_model())
    ids = tokenizer_for(find_part(path, "text_encoder")).ids
    assert ids(SENTENCES[0], 100)[-1] == 1, "T5 ends with its end mark"
    assert ids(SENTENCES[0], 3) == [*ids(SENTENCES[0], 100)[:2], 1]


def test_a_vocabulary_in_the_weight_file_is_found(tmp_path: Path) -> None:
    model = torch.from_numpy(np.frombuffer(sentence_piece_model(), np.uint8).copy())
    part = find_part(encoder_file(tmp_path, "umt5-xxl", spiece_model=model), "text_encoder")
    assert tokenizer_for(part).ids("a cat", 9)[-1] == 1


def test_gemma_begins_with_its_mark(tmp_path: Path) -> None:
    path = encoder_file(tmp_path, "gemma2")
    (tmp_path / "tokenizer.model").write_bytes(sentence_piece_model())
    tokenizer = tokenizer_for(find_part(path, "text_encoder"))
    assert tokenizer.ids("", 9) == [3] and tokenizer.ids("a cat", 9)[0] == 3


def test_a_tokenizer_file_serves_too(tmp_path: Path) -> None:
    path = encoder_file(tmp_path, "qwen2.5-vl", 2000)
    source = Path(__file__).parents[3] / "models" / "mini" / "tokenizer_2" / "tokenizer.json"
    (tmp_path / "qwen2.5-vl").mkdir()
    (tmp_path / "qwen2.5-vl" / "tokenizer.json").write_bytes(source.read_bytes())
    assert tokenizer_for(find_part(path, "text_encoder")).ids("a red circle", 9)
    (tmp_path / "qwen2.5-vl" / "tokenizer.json").write_text("{}")
    with pytest.raises(Refusal, match="is no tokenizer"):
        tokenizer_for(find_part(path, "text_encoder"))


def test_the_vocabulary_of_another_encoder_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "t5.safetensors"
    ties = architecture("t5-xxl", "text_encoder").ties
    save_file(stored(text_encoder("t5-xxl", vocabulary=3000), ties), path)
    (tmp_path / "spiece.model").write_bytes(sentence_piece_model())
    with pytest.raises(Refusal, match="without its vocabulary"):
        tokenizer_for(find_part(path, "text_encoder"))


def test_a_missing_vocabulary_is_named_with_its_place_and_source(tmp_path: Path) -> None:
    part = find_part(encoder_file(tmp_path, "t5-xxl"), "text_encoder")
    with pytest.raises(Refusal, match=r"without its vocabulary.*spiece\.model into .*t5-xxl; .*huggingface"):
        tokenizer_for(part)

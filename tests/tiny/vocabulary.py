"""A SentencePiece vocabulary of a few sentences."""

import io
from functools import cache

SENTENCES = (
    "a red circle left of a blue square",
    "the quick brown fox jumps over the lazy dog",
    "a cat on a mat",
)


@cache
def sentence_piece_model() -> bytes:
    """Return the bytes of a trained model; its marks have the ids of T5, and Gemma's start mark is 3."""
    from sentencepiece import SentencePieceTrainer

    model = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES * 20),
        model_writer=model,
        vocab_size=50,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=3,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    return model.getvalue()

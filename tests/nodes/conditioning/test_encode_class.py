import pytest
import torch

from app.graph.problem import Refusal
from nodes.conditioning.encode_class import encode_class
from tests.tiny.zoo import build


def test_a_class_becomes_its_vector() -> None:
    model = build("ddt")
    table = model.module.y_embedder.weight  # type: ignore[union-attr]
    assert torch.equal(encode_class(model, 3).tokens[0, 0], table[3])  # type: ignore[index]
    assert torch.equal(encode_class(model, -1).tokens[0, 0], table[10])  # type: ignore[index]
    assert encode_class(model, 3).family == "ddt"


def test_classes_that_are_not_there() -> None:
    with pytest.raises(Refusal, match="classes 0 to 9"):
        encode_class(build("ddt"), 10)
    with pytest.raises(Refusal, match="flux model knows no classes"):
        encode_class(build("flux"), 0)

"""What is expected is what this machine measures, and models that come and go leave nothing behind."""

from pathlib import Path

import pytest

from benchmarks.memory import CASES, TESTED, WAYS, ask, expected, random_file

FEWER_RUNS = 10  # benchmarks/results/memory.md has 200


def test_the_expected_peak_is_within_a_tenth_of_the_measured_one(tmp_path: Path) -> None:
    case, path = CASES[TESTED], tmp_path / "model.safetensors"
    random_file(case, path)
    for way, real in ask("measured", TESTED, str(path), *WAYS).items():
        assert expected(case, path, way)["sampling"] == pytest.approx(real["sampling"], rel=0.1), way


def test_models_that_take_turns_do_not_add_up() -> None:
    settled, last = ask("turns", str(FEWER_RUNS))
    assert last < 1.02 * settled

"""Words of the command line that become values."""

import argparse

import pytest

from app.cli import parser
from app.command_line import bytes_of, settings_of


@pytest.mark.parametrize(
    ("word", "bytes"),
    [("12GB", 12 * 10**9), ("1.5 GiB", 3 * 2**29), ("800mb", 800 * 10**6), ("640K", 640_000), ("4096", 4096)],
)
def test_sizes(word: str, bytes: int) -> None:
    assert bytes_of(word) == bytes


@pytest.mark.parametrize("word", ["", "GB", "-1GB", "0", "12 apples"])
def test_what_is_no_size(word: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="12GB"):
        bytes_of(word)


@pytest.mark.parametrize("command", [["serve"], ["run", "some.json"]])
def test_the_budget_reaches_the_settings(command: list[str]) -> None:
    options = parser().parse_args([*command, "--memory-budget", "2GB"])
    assert settings_of(options).memory_budget == 2 * 10**9
    assert settings_of(parser().parse_args(command)).memory_budget is None

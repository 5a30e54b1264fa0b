"""The options of `patchloom bench`, `sweep` and `tune`; light, since every command line reads them."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

OVER = "values for an input; may be given several times"


def describe_bench(command: ArgumentParser) -> None:
    """Add the options of `bench`."""
    add_set(command)
    command.add_argument("file", type=Path, help="workflow file with techniques")
    command.add_argument(
        "--seeds", type=int, default=3, metavar="N", help="compare on so many seeds (default 3)"
    )
    command.add_argument(
        "--repeats", type=int, default=1, metavar="N", help="time so many rounds and take medians (default 1)"
    )
    command.add_argument(
        "--technique", action="append", metavar="NODE", help="compare without this node only (default: all)"
    )
    command.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="folder for bench.md, bench.json and bench.svg"
    )


def describe_sweep(command: ArgumentParser) -> None:
    """Add the options of `sweep`."""
    add_set(command)
    command.add_argument("file", type=Path, help="workflow file")
    command.add_argument("--over", action="append", required=True, metavar="NODE.INPUT=A,B,C", help=OVER)
    command.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder for pictures, table.md and sheet.png; a sweep that was broken off goes on there",
    )


def describe_tune(command: ArgumentParser) -> None:
    """Add the options of `tune`."""
    add_set(command)
    command.add_argument("file", type=Path, help="workflow file with techniques")
    command.add_argument(
        "--over",
        action="append",
        default=[],
        metavar="NODE.INPUT=A,B,C",
        help=f"{OVER} (default: the first number of each technique, over its range)",
    )
    command.add_argument(
        "--psnr",
        type=float,
        default=30.0,
        metavar="DB",
        help="least quality against the plain run (default 30)",
    )
    command.add_argument("--seeds", type=int, default=2, metavar="N", help="try on so many seeds (default 2)")
    command.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write the workflow with the best values here"
    )


def add_set(command: ArgumentParser) -> None:
    command.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NODE.INPUT=VALUE",
        help="change a value first; may be given several times",
    )

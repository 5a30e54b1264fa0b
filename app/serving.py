"""The command `patchloom serve`: its flags, which are ComfyUI's where there are any, and what it does."""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.command_line import UserMistake, add_memory_budget, settings_of
from app.config import LOOPBACK, Settings, half_of_memory


def add_serve(commands: Any, add_common: Callable[[argparse.ArgumentParser], None]) -> None:
    """Describe the command."""
    serve = commands.add_parser("serve", help="start the server and open the canvas in the browser")
    serve.add_argument(
        "--listen",
        default="127.0.0.1",
        metavar="IP",
        help="address to listen on (default 127.0.0.1); any but loopback needs the token that is printed",
    )
    serve.add_argument(
        "--port", type=int, default=8188, metavar="N", help="port (default 8188); 0 takes a free one"
    )
    serve.add_argument(
        "--output-directory", type=Path, metavar="DIR", help="where results go (default output/)"
    )
    serve.add_argument(
        "--input-directory", type=Path, metavar="DIR", help="where uploads lie (default input/)"
    )
    serve.add_argument(
        "--token", metavar="TEXT", help="token for clients when not on loopback (default: made up)"
    )
    serve.add_argument("--cpu", action="store_true", help="leave the GPU alone")
    serve.add_argument(
        "--cache-lru",
        type=int,
        metavar="N",
        help="keep the results of N nodes in memory at most (default: what half of the memory holds)",
    )
    serve.add_argument(
        "--savepoint-steps",
        type=int,
        default=Settings.savepoint_steps,
        metavar="K",
        help="keep a long run on disk after every K sampling steps (default 5; 0: never)",
    )
    serve.add_argument(
        "--savepoint-after",
        type=float,
        default=Settings.savepoint_after,
        metavar="S",
        help="a run is long from S seconds on (default 2)",
    )
    add_memory_budget(serve)
    serve.add_argument("--no-browser", action="store_true", help="do not open the browser")
    add_common(serve)
    serve.set_defaults(command=serve_command)


def serve_command(options: argparse.Namespace) -> int:
    """Start the server and serve until interrupted."""
    from app.server.start import start
    from app.store.database import NewerDatabase

    logging.getLogger().setLevel(logging.INFO if options.verbose else logging.WARNING)
    if options.listen in LOOPBACK and options.token:
        raise UserMistake("--token is only for --listen with an address that is not loopback; leave it out.")
    if options.cache_lru is not None and options.cache_lru < 1:
        raise UserMistake(f"--cache-lru is {options.cache_lru}; give 1 or more, or leave it out.")
    if options.cpu:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # the worker inherits it
    settings = replace(
        settings_of(options, cache_bytes=half_of_memory()),
        listen=options.listen,
        port=options.port,
        output=absolute(options.output_directory),
        input=absolute(options.input_directory),
        token=options.token,
        cache_results=options.cache_lru,
        savepoint_steps=max(0, options.savepoint_steps),
        savepoint_after=options.savepoint_after,
    )
    try:
        start(settings, open_browser=not options.no_browser)
    except OSError as error:
        raise UserMistake(
            f"cannot listen on {options.listen} port {options.port}: {os.strerror(error.errno or 0)}. "
            "Stop the other program or choose another --port."
        ) from None
    except NewerDatabase as error:
        raise UserMistake(f"{settings.database}: {error}. Update Patchloom, or move the file away.") from None
    return 0


def absolute(folder: Path | None) -> Path | None:
    return folder.resolve() if folder else None

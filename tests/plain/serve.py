"""Start a real server on the plain nodes: `python -m tests.plain.serve BASE PORT [PACK ...]`."""

import sys
from pathlib import Path

from app.config import Settings
from app.server.start import start

if __name__ == "__main__":
    base, port = Path(sys.argv[1]), int(sys.argv[2])
    packs = tuple(Path(place) for place in sys.argv[3:])
    start(Settings(base, port=port, packages=("tests.plain.nodes",), packs=packs), open_browser=False)

"""Whether memory has run out in this run, so that pictures are decoded and encoded in tiles."""

from __future__ import annotations

from threading import Event

SHORT = Event()
TILE, OVERLAP = 512, 64  # pixels

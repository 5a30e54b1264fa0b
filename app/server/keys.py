"""Where the aiohttp application keeps the parts that routes use."""

from __future__ import annotations

from aiohttp import web

from app.server.hub import Hub
from app.server.runner import Runner
from app.server.state import State

STATE = web.AppKey("state", State)
HUB = web.AppKey("hub", Hub)
RUNNER = web.AppKey("runner", Runner)

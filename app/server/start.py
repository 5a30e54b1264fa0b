"""Start the server: bind, say where it is, open the browser, serve until interrupted."""

from __future__ import annotations

import secrets
import socket
import threading
import webbrowser
from dataclasses import replace

from aiohttp import web

from app.config import Settings
from app.server.app import make_app


def start(settings: Settings, *, open_browser: bool) -> None:
    """Serve until Ctrl-C or SIGTERM. Raises OSError when the address is taken."""
    if not settings.loopback and settings.token is None:
        settings = replace(settings, token=secrets.token_urlsafe(18))
    family = socket.AF_INET6 if ":" in settings.listen else socket.AF_INET
    with socket.create_server((settings.listen, settings.port), family=family) as listener:
        url = address(settings, listener.getsockname()[1])
        print(f"To see the GUI go to: {url}", flush=True)
        if open_browser:
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
        web.run_app(make_app(settings), sock=listener, print=None, access_log=None, shutdown_timeout=2)


def address(settings: Settings, port: int) -> str:
    """Return what the user opens; with the token where one is needed."""
    host = f"[{settings.listen}]" if ":" in settings.listen else settings.listen
    return f"http://{host}:{port}" + ("" if settings.loopback else f"/?token={settings.token}")

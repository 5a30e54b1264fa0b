"""HTTP routes, websocket, files and access. Never imports torch."""
